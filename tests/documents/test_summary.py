"""A summary counts with the right nouns, and calls documents only what is one."""

import pytest

from spacy_gliner_biomed.documents.summary import STATS, describe_failures, describe_stats


def test_each_stat_has_its_noun() -> None:
    assert describe_stats({"windowed_docs": 1, "moved": 1, "words": 2000, "documents": 3}) == (
        "2,000 words; 1 document in several windows; 1 entity expanded or contracted to tokens"
    )
    assert describe_stats(dict.fromkeys(STATS, 2)).count("entities ") == 4
    assert describe_stats(dict.fromkeys(STATS, 0)) == ""


@pytest.mark.parametrize(
    ("failed", "unreadable", "expected"),
    [
        (1, 0, "1 document"),
        (2, 2, "2 unreadable files or records"),
        (1001, 1, "1,000 documents, 1 unreadable file or record"),
        (10, 10, "10 unreadable files or records"),
    ],
)
def test_failures_are_documents_or_what_could_not_be_read(
    failed: int, unreadable: int, expected: str
) -> None:
    assert describe_failures({"failed": failed, "unreadable": unreadable}) == expected
