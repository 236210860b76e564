import pytest

from spacy_gliner_biomed.cli.annotate import OUTPUT_FORMATS
from spacy_gliner_biomed.cli.annotate_corpus import FORMATS as CORPUS_FORMATS
from spacy_gliner_biomed.distributed.exports import EXPORTS, TABLES
from spacy_gliner_biomed.documents.formats import FORMATS, format_of, names_for


def test_commands_name_the_formats_of_the_table() -> None:
    assert tuple(FORMATS) == OUTPUT_FORMATS
    assert set(CORPUS_FORMATS) == {*EXPORTS, *TABLES} == set(FORMATS) - {"table"}


def test_each_ending_means_one_format() -> None:
    endings = [ending for each in FORMATS.values() for ending in each.endings]
    assert len(set(endings)) == len(endings)
    for name, each in FORMATS.items():
        assert all(format_of(f"x{ending}".upper()) == name for ending in each.endings)


@pytest.mark.parametrize(
    ("path", "format_"),
    [("a.jsonl", "jsonl"), ("a.prodigy.jsonl", "prodigy"), ("a.json", None), ("-", None)],
)
def test_the_longest_ending_decides(path: str, format_: str | None) -> None:
    assert format_of(path) == format_


def test_formats_that_share_an_ending_are_known() -> None:
    assert names_for("a.json") == ["bioc-json", "pubannotation", "labelstudio", "fhir"]
    assert names_for("a.docx") == []
