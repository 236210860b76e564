"""Corpora of any size, and a trivial pipeline."""

import gzip
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from xml.sax.saxutils import escape

import spacy

from spacy_gliner_biomed.training.readers import split_files

SENTENCES = ("bc2gm", "jnlpba")
ABSTRACTS = ("bc5cdr", "ncbi_disease")
SPLITS = ("dev", "test", "train")


def read_documents(corpora: Path, names: Iterable[str], *, sentences: bool) -> Iterator[str]:
    """Yield the texts of all splits of some corpora, over and over.

    corpora (Path): The folder of corpora.
    names (Iterable[str]): The corpora.
    sentences (bool): Cut texts into sentences where the corpus marks them.
    YIELDS (str): The texts, without end.
    """
    while True:
        # Folders of corpora also hold files of relations, which have no text.
        for path in (p for name in names for p in split_files(corpora / name, SPLITS)):
            with gzip.open(path, "rt", encoding="utf8") as lines:
                for values in map(json.loads, lines):
                    text = values["text"]
                    spans = values.get("sents") if sentences else None
                    yield from (text[start:end] for start, end in spans or [(0, len(text))])


def write_corpus(path: Path, texts: Iterable[str], n: int) -> Path:
    """Write texts as JSON lines with new ids.

    path (Path): A file that ends in .jsonl.gz.
    texts (Iterable[str]): The texts.
    n (int): How many are taken.
    RETURNS (Path): The path.
    """
    with gzip.open(path, "wt", encoding="utf8", compresslevel=1) as stream:
        for i, text in enumerate(islice(texts, n)):
            stream.write(json.dumps({"id": f"doc{i:07d}", "text": text}) + "\n")
    return path


def write_pubmed(path: Path, texts: Iterable[str], n: int) -> Path:
    """Write texts as PubMed XML with new ids.

    Each citation has about 6,000 bytes besides its title and abstract, as in PubMed's baseline.

    path (Path): A file that ends in .xml.gz.
    texts (Iterable[str]): The texts.
    n (int): How many are taken.
    RETURNS (Path): The path.
    """
    author = "<Author><LastName>Name</LastName><ForeName>First</ForeName></Author>"
    with gzip.open(path, "wt", encoding="utf8", compresslevel=1) as stream:
        stream.write("<PubmedArticleSet>\n")
        for i, text in enumerate(islice(texts, n)):
            title, _, abstract = map(escape, text.partition(". "))
            article = (
                f"<ArticleTitle>{title}.</ArticleTitle>"
                f"<Abstract><AbstractText>{abstract}</AbstractText></Abstract>"
                f"<AuthorList>{author * 60}</AuthorList>"
            )
            stream.write(
                f"<PubmedArticle><MedlineCitation><PMID>{i + 1}</PMID><Article>{article}</Article>"
                "</MedlineCitation></PubmedArticle>\n"
            )
        stream.write("</PubmedArticleSet>\n")
    return path


def read_corpus(path: Path) -> list[str]:
    """Read the texts of a file of `write_corpus`."""
    with gzip.open(path, "rt", encoding="utf8") as lines:
        return [json.loads(line)["text"] for line in lines]


def write_trivial_pipeline(folder: Path) -> str:
    """Save a trivial pipeline: a tokenizer, and a rule that finds a word."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "WORD", "pattern": "the"}])  # type: ignore[attr-defined]
    nlp.to_disk(folder)
    return str(folder)
