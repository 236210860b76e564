import time
from io import BytesIO

from spacy_gliner_biomed.distributed.citations import ALL_VERSIONS, CitationNotes, scan
from tests.distributed.test_pubmed import citation, deletion, pubmed


def notes(content: bytes) -> CitationNotes:
    found = CitationNotes()
    scan(BytesIO(content), found)
    return found


def version(part: str, number: int) -> str:
    return part.replace('Version="1"', f'Version="{number}"')


def test_deleted_ids_are_found_at_the_end_of_a_long_file() -> None:
    long = citation(1, "x" * 3_000_000)
    assert notes(pubmed(long, deletion(17, 18))).deleted == {"17": 1, "18": 1}
    assert notes(pubmed(long)).deleted == {}


def test_what_is_looked_for_is_found_wherever_a_chunk_ends() -> None:
    head = version(citation(5, "Five."), 3)
    for n in range(1_048_200, 1_048_600, 3):
        found = notes(b" " * n + pubmed(head, deletion(17), citation(5, "Five."), deletion(19)))
        assert (found.deleted, found.versions) == ({"17": 1, "19": 1}, {"5": 3})


def test_deletion_without_a_version_is_one_of_all_versions() -> None:
    assert notes(b"<DeleteCitation><PMID>7</PMID></DeleteCitation>").deleted == {"7": ALL_VERSIONS}


def test_versions_and_repetitions_are_those_of_citations_not_of_what_they_cite() -> None:
    cites = citation(1, "One.").replace("<PMID>999", '<PMID Version="4">999')
    found = notes(pubmed(cites, version(citation(2, "Two."), 2), cites, cites))
    assert found.versions == {"2": 2}
    assert found.repeated == {("1", 1): 2}
    assert found.deleted == {}


def test_list_of_deleted_ids_that_is_broken_ends_with_the_next_citation() -> None:
    broken = deletion(17).replace("</DeleteCitation>", "")
    assert notes(pubmed(broken, citation(1, "One."), citation(2, "Two."))).deleted == {"17": 1}
    assert notes(pubmed(deletion(17, 18))[:-60]).deleted == {"17": 1}


def test_search_is_linear_whatever_is_in_the_file() -> None:
    """Ten times as much takes about ten times as long; what was quadratic took a hundred times."""
    for part in (
        b"<DeleteCitation>",
        b"<PMID ",
        b"<MedlineCitation>",
        b"<PMID>1",
        b">" + b" " * 99,
    ):
        times = []
        for n in (300_000, 3_000_000):
            content = b"<DeleteCitation>" + part * (n // len(part))
            started = time.process_time()
            notes(content)
            times.append(time.process_time() - started)
        assert times[1] < 40 * times[0] + 0.2, part
