import gzip
from io import BytesIO
from pathlib import Path

from spacy_gliner_biomed.distributed.pubmed import deleted_ids, read_pubmed

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
    [item] = read_pubmed(BytesIO(pubmed(citation(5, ""))), "a.xml")
    assert item.id == "5"
    assert item.problem is not None
    assert item.problem.kind == "missing_text"


def test_book_articles_are_read() -> None:
    book = (
        "<PubmedBookArticle><BookDocument><PMID>7</PMID><ArticleTitle>Gaucher</ArticleTitle>"
        "<Abstract><AbstractText>A disease.</AbstractText></Abstract></BookDocument>"
        "</PubmedBookArticle>"
    )
    [item] = read_pubmed(BytesIO(pubmed(book)), "a.xml")
    assert (item.id, item.content) == ("7", "Gaucher\nA disease.")


def test_deleted_ids_are_found_at_the_end_of_a_long_file() -> None:
    long = citation(1, "x" * 3_000_000)
    assert deleted_ids(BytesIO(pubmed(long, deletion(17, 18)))) == {"17", "18"}
    assert deleted_ids(BytesIO(pubmed(long))) == set()


def test_deleted_ids_are_found_wherever_a_chunk_ends() -> None:
    for n in range(1_048_500, 1_048_600, 3):
        padded = b" " * n + pubmed(deletion(17))
        assert deleted_ids(BytesIO(padded)) == {"17"}
