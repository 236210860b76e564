import gzip
from io import BytesIO
from pathlib import Path

import pytest

from spacy_gliner_biomed.distributed.pubmed import read_pubmed
from spacy_gliner_biomed.distributed.records import CorpusRecord

CITATION = """
<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">{pmid}</PMID>
<Article><ArticleTitle>{title}</ArticleTitle>{abstract}</Article>
<CommentsCorrectionsList><CommentsCorrections RefType="Cites"><PMID>999</PMID>
</CommentsCorrections></CommentsCorrectionsList></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId></ArticleIdList>
</PubmedData>
</PubmedArticle>"""
DELETION = "<DeleteCitation>{pmids}</DeleteCitation>"
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<PubmedArticleSet>'


def citation(pmid: int, title: str, *sections: str) -> str:
    joined = "".join(sections)
    abstract = f"<Abstract>{joined}<CopyrightInformation>©</CopyrightInformation></Abstract>"
    return CITATION.format(pmid=pmid, title=title, abstract=abstract if sections else "")


def deletion(*pmids: int) -> str:
    return DELETION.format(pmids="".join(f'<PMID Version="1">{pmid}</PMID>' for pmid in pmids))


def pubmed(*parts: str) -> bytes:
    return f"{HEAD}{''.join(parts)}</PubmedArticleSet>".encode()


def write_pubmed(path: Path, *parts: str) -> None:
    path.write_bytes(gzip.compress(pubmed(*parts)))


def test_text_is_title_and_sections_with_their_labels_without_markup() -> None:
    sections = [
        '<AbstractText Label="METHODS">We measured\n  CO<sub>2</sub> &lt; 5.</AbstractText>',
        "<AbstractText>It <i>fell</i>.</AbstractText>",
        '<AbstractText Label="RESULTS"/>',
    ]
    stream = BytesIO(pubmed(citation(12, "Naïve <b>B</b> cells.", *sections), citation(13, "Two.")))
    first, second = read_pubmed(stream, "a.xml")
    assert (first.id, first.source) == ("12", "a.xml:12")
    assert first.content == "Naïve B cells.\nMETHODS: We measured CO2 < 5.\nIt fell."
    assert (second.id, second.content) == ("13", "Two.")


def test_citation_without_title_and_abstract_is_reported() -> None:
    [record] = read_pubmed(BytesIO(pubmed(citation(5, ""))), "a.xml")
    assert record.id == "5"
    assert record.problem is not None
    assert record.problem.kind == "missing_text"


def test_book_articles_are_read() -> None:
    book = (
        "<PubmedBookArticle><BookDocument><PMID>7</PMID><ArticleTitle>Gaucher</ArticleTitle>"
        "<Abstract><AbstractText>A disease.</AbstractText></Abstract></BookDocument>"
        "</PubmedBookArticle>"
    )
    [record] = read_pubmed(BytesIO(pubmed(book)), "a.xml")
    assert (record.id, record.content) == ("7", "Gaucher\nA disease.")


def read(*parts: str) -> list[CorpusRecord]:
    return list(read_pubmed(BytesIO(pubmed(*parts)), "a.xml"))


def reason(record: CorpusRecord) -> tuple[str, str]:
    assert record.problem is not None
    return record.problem.kind, record.problem.reason


def abstract(text: str, language: str = "eng") -> str:
    section = f"<AbstractText>{text}</AbstractText>"
    return f'<OtherAbstract Type="PIP" Language="{language}">{section}</OtherAbstract>'


def article(title: str, inside: str = "", behind: str = "") -> str:
    return (
        f'<PubmedArticle><MedlineCitation><PMID Version="1">8</PMID><Article><ArticleTitle>{title}'
        f"</ArticleTitle>{inside}</Article>{behind}</MedlineCitation></PubmedArticle>"
    )


VERNACULAR = "<VernacularTitle>Fièvre.</VernacularTitle>"


@pytest.mark.parametrize(
    ("part", "text", "left_out"),
    [
        (article("Fever", behind=abstract("Quinine.")), "Fever\nQuinine.", 0),
        (article("", behind=abstract("Quinine.") * 2), "Quinine.", 0),
        (article("Fever", behind=abstract("Quinina.", "spa")), "Fever", 8),
        (article("[Fever.]", VERNACULAR, abstract("Quinina.", "spa")), "[Fever.]", 15),
        (article("[Not Available].", VERNACULAR), "Fièvre.", 0),
        (article("", VERNACULAR, abstract("Fiebre.", "spa")), "Fièvre.\nFiebre.", 0),
        (article("Not available drugs"), "Not available drugs", 0),
    ],
)
def test_all_text_in_english_is_read_once_and_other_languages_if_there_is_none(
    part: str, text: str, left_out: int
) -> None:
    [record] = read(part)
    assert (record.content, record.left_out) == (text, left_out)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("One.<br/>Two.", "One. Two."),
        ("<p>One.</p><p>Two.</p>", "One. Two."),
        ("CO<sub>2</sub>H", "CO2H"),
        (
            '<m:semantics xmlns:m="m"><m:mi>x</m:mi>=1<m:annotation>x=1</m:annotation>'
            "</m:semantics> y",
            "x=1 y",
        ),
    ],
)
def test_markup_neither_joins_words_nor_doubles_them(markup: str, text: str) -> None:
    [record] = read(article(markup))
    assert record.content == text


def test_labels_of_sections_that_are_empty_are_none() -> None:
    sections = (
        '<AbstractText Label="">A.</AbstractText><AbstractText Label=" X\n">B.</AbstractText>'
    )
    [record] = read(article("T", f"<Abstract>{sections}</Abstract>"))
    assert record.content == "T\nA.\nX: B."


def test_version_is_read_and_kept_in_the_output() -> None:
    one, two, odd = read(*(citation(1, "T").replace('"1"', f'"{v}"') for v in ("1", "2", "x")))
    assert [record.version for record in (one, two, odd)] == [1, 2, 1]
    assert [record.meta for record in (one, two, odd)] == ["", '{"version": 2}', ""]


def test_citation_that_holds_nothing_is_a_row_and_the_next_is_read() -> None:
    nameless = article("Fever").replace('<PMID Version="1">8</PMID>', "<PMID/>")
    empty, other, last = read("<PubmedArticle/>", nameless, citation(3, "Three."))
    assert reason(empty) == ("broken", "there is no <MedlineCitation> in <PubmedArticle>")
    assert [record.id for record in (empty, other, last)] == ["a.xml:#1", "a.xml:#2", "3"]
    assert (other.content, last.content) == ("Fever", "Three.")


def test_markup_that_is_nested_deep_is_read_or_a_row_and_the_next_is_read() -> None:
    deep = "<i>" * 5000 + "x" + "</i>" * 5000
    good, bad, last = read(article(deep), article(f"<p>{deep}</p>"), citation(3, "Three."))
    assert (good.content, last.content) == ("x", "Three.")
    assert reason(bad)[0] == "broken"
    assert reason(bad)[1].startswith("RecursionError")
    with pytest.raises(ValueError, match="deeper than 10,000"):
        read("<DeleteCitation>" * 10_001)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"<collection><document><id>1</id></document></collection>", "<collection>, as in BioC"),
        (b"<article><front/></article>", "<article>, as in JATS"),
        (b"<x" + b"x" * 999 + b"/>", "<" + "x" * 40 + ">."),
        (pubmed(), "<PubmedArticleSet>."),
    ],
)
def test_xml_without_citations_is_a_row_that_names_what_was_found(
    content: bytes, named: str
) -> None:
    [record] = read_pubmed(BytesIO(content), "a.xml")
    kind, why = reason(record)
    assert (record.id, kind) == ("a.xml:empty", "no_records")
    assert named in why


def test_file_that_only_deletes_is_no_failure() -> None:
    assert read(deletion(17)) == []


def test_small_cases_are_read_as_they_should_be(shared: Path) -> None:
    with (shared / "cases" / "pubmed" / "edge.xml").open("rb") as stream:
        records = list(read_pubmed(stream, "edge.xml"))
    text = {record.id: str(record.content) for record in records}
    assert text["1"].splitlines()[1:3] == [
        "Patient: Female, 16 Final diagnosis: Pelvic mass Medication: None",
        "METHODS: We gave aspirin.",
    ]
    assert text["2"].endswith("\nFever was treated with quinine.")
    assert text["3"] == "Traitement de la fièvre par la quinine."
    assert text["4"] == "Behandlung mit Aspirin"
    assert text["5"] == "Math: x=1 in asthma\nFirst."
    assert text["8"] == "List – em\nOne. Two."
    assert not any(record.problem for record in records)
