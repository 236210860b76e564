"""Damaged files of every format are read rightly or are an error with the file; odd texts come
back. The seeds of the damage are fixed.
"""

import gzip
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

from spacy_gliner_biomed.cli.convert import convert
from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.documents.inputs import read_inputs
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc, read_jsonl
from spacy_gliner_biomed.training.exchange import write_gliner_json, write_instructions
from spacy_gliner_biomed.training.formats.table import read_format
from spacy_gliner_biomed.training.gold import read_gold

pytestmark = pytest.mark.filterwarnings("ignore:.*GB-W")
N_DAMAGED = 40  # files of each form
NLP = spacy.blank("en")

TEXTS = ["Zinc for fièvre.\r\nAspirin-induced asthma 🫀", "Iron\tand “fever”", "Nothing here."]
SPANS = [[(0, 4, "drug"), (9, 15, "symptom"), (18, 40, "disease")], [(0, 4, "drug")], []]


def documents() -> list[AnnotatedText]:
    return [
        AnnotatedText(text, spans, [], ["drug", "disease", "symptom"], str(i))
        for i, (text, spans) in enumerate(zip(TEXTS, SPANS, strict=True))
    ]


def jsonl_line(text: AnnotatedText) -> dict[str, Any]:
    entities = [
        {"start": a, "end": b, "label": label, "text": text.text[a:b]} for a, b, label in text.spans
    ]
    return {"id": text.name, "text": text.text, "entities": entities, "sents": [[0, 4]]}


def make_jsonl(folder: Path, name: str = "data.jsonl") -> Path:
    content = b"".join(dump_json(jsonl_line(text)) + b"\n" for text in documents())
    (folder / name).write_bytes(
        gzip.compress(content, mtime=0) if name.endswith(".gz") else content
    )
    return folder / name


def make_jsonl_gz(folder: Path) -> Path:
    return make_jsonl(folder, "data.jsonl.gz")


def make_items(folder: Path, write: Callable[..., int]) -> Path:
    with (folder / "data.json").open("wb") as stream:
        write(documents(), stream)
    return folder / "data.json"


def make_brat(folder: Path) -> Path:
    """The path is of the annotations that are damaged."""
    for text in documents():
        lines = []
        for i, (a, b, label) in enumerate(text.spans):
            mention = " ".join(text.text[a:b].splitlines())
            lines.append(f"T{i}\t{label} {a} {b}\t{mention}\n")
        (folder / f"{text.name}.txt").write_bytes(text.text.encode())
        (folder / f"{text.name}.ann").write_bytes("".join([*lines, "R1\tX A:T0 B:T1\n"]).encode())
    return folder / "0.ann"


def make_brat_text(folder: Path) -> Path:
    make_brat(folder)
    return folder / "0.txt"


def make_pubtator(folder: Path) -> Path:
    lines = []
    for text in documents():
        title, _, abstract = text.text.replace("\r", " ").replace("\t", " ").partition("\n")
        lines += [f"{text.name}|t|{title}", f"{text.name}|a|{abstract}"]
        lines += [
            f"{text.name}\t{a}\t{b}\t{text.text[a:b]}\t{label}\tD{a}" for a, b, label in text.spans
        ]
        lines += [f"{text.name}\tCID\tD1\tD2", ""]
    (folder / "data.txt").write_bytes("\n".join(lines).encode())
    return folder / "data.txt"


def make_converted(folder: Path, name: str, ending: str) -> Path:
    path = folder / f"data{ending}"
    convert(make_jsonl(folder, "source.jsonl"), path, to=name)
    (folder / "source.jsonl").unlink()
    return path


def make_label_studio(folder: Path) -> Path:
    tasks = []
    for text in documents():
        results = [
            {"type": "labels", "value": {"start": a, "end": b, "labels": [label]}}
            for a, b, label in text.spans
        ]
        data = {"text": text.text}
        tasks.append({"id": text.name, "data": data, "annotations": [{"result": results}]})
    (folder / "data.json").write_bytes(dump_json(tasks))
    return folder / "data.json"


CONVERTED = {
    "bioc-xml": ".xml",
    "bioc-json": ".json",
    "pubannotation": ".json",
    "conll": ".conll",
    "prodigy": ".jsonl",
}
FORMS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "jsonl": ("jsonl", make_jsonl),
    "jsonl.gz": ("jsonl", make_jsonl_gz),
    "gliner": ("gliner", lambda folder: make_items(folder, write_gliner_json)),
    "instructions": ("instructions", lambda folder: make_items(folder, write_instructions)),
    "brat annotations": ("brat", make_brat),
    "brat text": ("brat", make_brat_text),
    "pubtator": ("pubtator", make_pubtator),
    "labelstudio": ("labelstudio", make_label_studio),
    **{
        name: (name, partial(make_converted, name=name, ending=ending))
        for name, ending in CONVERTED.items()
    },
}


def damage(content: bytes, rng: random.Random) -> bytes:
    """Flip bits, cut off, leave out, repeat, or put something odd in."""
    where = rng.randrange(len(content))
    kind = rng.choice(["flip", "flip", "flip", "cut", "leave out", "repeat", "put in"])
    if kind == "flip":
        return (
            content[:where] + bytes([content[where] ^ 1 << rng.randrange(8)]) + content[where + 1 :]
        )
    if kind == "cut":
        return content[:where]
    end = where + rng.randrange(1, 9)
    if kind == "leave out":
        return content[:where] + content[end:]
    odd = [
        b"\0",
        b"\r",
        b"\n",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"\t",
    ]
    middle = content[where:end] * 2 if kind == "repeat" else rng.choice(odd) + content[where:end]
    return content[:where] + middle + content[end:]


def result(path: Path, name: str) -> list[AnnotatedText] | None:
    """Documents with right offsets; None after an error with a code and the name of a file."""
    folder = path.parent if name == "brat" else path
    problem, found = "", []
    try:
        found = list(read_format(folder, name))
    except ValueError as error:
        problem = str(error)
    if problem:
        assert problem.startswith("[GB-E"), problem
        assert str(path.parent) in problem
        assert len(problem) < 1500
        return None
    for text in found:
        text.text.encode("utf8")
        for start, end, label in text.spans:
            assert 0 <= start < end <= len(text.text)
            mention = text.text[start:end]
            assert mention == mention.strip()
            assert label.strip()
        assert read_gold(gold_doc(NLP, text, "sc"), "sc").spans == list(text.spans)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_damaged_training_data(tmp_path: Path, form: str) -> None:
    name, make = FORMS[form]
    path = make(tmp_path)
    whole, content, rng = result(path, name), path.read_bytes(), random.Random(form)
    assert whole is not None
    assert [len(text.spans) for text in whole] == [3, 1, 0]
    n_errors = 0
    for _ in range(N_DAMAGED):
        path.write_bytes(damage(content, rng))
        found = result(path, name)
        n_errors += found is None
        if form == "jsonl.gz":  # it has a checksum
            assert found is None or [text.spans for text in found] == [text.spans for text in whole]
    assert n_errors >= N_DAMAGED // 8


def make_docbin(folder: Path) -> Path:
    docs = DocBin(docs=[gold_doc(NLP, text, "sc") for text in documents()], store_user_data=True)
    (folder / "docs.spacy").write_bytes(docs.to_bytes())
    return folder / "docs.spacy"


def make_txt(folder: Path) -> Path:
    (folder / "note.txt").write_bytes(TEXTS[0].encode())
    return folder / "note.txt"


@pytest.mark.parametrize("make", [make_docbin, make_jsonl, make_txt])
def test_damaged_inputs_of_annotate(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    content, rng = path.read_bytes(), random.Random(make.__name__)

    def read() -> tuple[list[str], list[str]]:
        failures: list[str] = []
        jobs = read_inputs([path], NLP.vocab, lambda error: failures.append(str(error)))
        return [job.text if isinstance(job, Doc) else job for job, _ in jobs], failures

    whole, _ = read()
    assert len(whole) == (1 if make is make_txt else 3)
    for _ in range(N_DAMAGED):
        path.write_bytes(damage(content, rng))
        texts, failures = read()
        assert texts or failures
        assert all(f.startswith("[GB-E") and path.name in f for f in failures), failures
        assert all(text.encode() or not text for text in texts)  # no half letter is in them
        if make is make_docbin:  # it has a checksum
            assert failures or texts == whole


# What is odd in files: marks, control characters, line ends of all kinds, quotes, a half letter.
ODD = st.text(
    st.sampled_from("ab \n\r\t\0\x1b\x85\ufeff\u2028\\\"'|;é🫀<"), min_size=1, max_size=12
)


@st.composite
def odd_documents(draw: st.DrawFn) -> AnnotatedText:
    text = draw(ODD)
    spans = {}
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        mention = text[start:end]
        if mention.strip():
            start += len(mention) - len(mention.lstrip())
            spans[start, start + len(mention.strip()), draw(st.sampled_from(["drug", 'a "b"']))] = 0
    return AnnotatedText(text, list(spans), [], ["drug"], draw(ODD))


def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@settings(max_examples=60)
@given(st.lists(odd_documents(), min_size=1, max_size=3))
def test_json_lines_of_odd_texts_come_back(texts: list[AnnotatedText]) -> None:
    for temporary in folder():
        path = temporary / "data.jsonl"
        path.write_bytes(
            b"".join(dump_json(jsonl_line(text) | {"sents": []}) + b"\n" for text in texts)
        )
        found = list(read_jsonl(path, None))
        assert [(t.text, t.spans, t.name) for t in found] == [
            (t.text, list(t.spans), t.name) for t in texts
        ]
        jobs = [(text, record.id) for text, record in read_inputs([path], NLP.vocab)]
        assert jobs == [(t.text, t.name) for t in texts]


@settings(max_examples=60)
@given(st.lists(odd_documents(), min_size=1, max_size=3))
def test_docs_and_instructions_of_odd_texts_come_back(texts: list[AnnotatedText]) -> None:
    docs = DocBin(docs=[gold_doc(NLP, text, "sc") for text in texts])
    for text, doc in zip(
        texts, DocBin().from_bytes(docs.to_bytes()).get_docs(NLP.vocab), strict=True
    ):
        assert (doc.text, read_gold(doc, "sc").spans) == (text.text, list(text.spans))
    for temporary in folder():
        path = make_odd(temporary, texts, write_instructions)
        assert [t.text for t in read_format(path, "instructions")] == [t.text for t in texts]


@settings(max_examples=60)
@given(st.lists(odd_documents(), min_size=1, max_size=3))
def test_gliner_json_of_odd_texts_comes_back(texts: list[AnnotatedText]) -> None:
    for temporary in folder():
        path = make_odd(temporary, texts, write_gliner_json)
        items = json.loads(path.read_bytes())
        for text, item, found in zip(texts, items, read_format(path, "gliner"), strict=True):
            assert found.text.split() == " ".join(item["tokenized_text"]).split()
            written = {("".join(text.text[a:b].split()), label) for a, b, label in text.spans}
            for a, b, label in found.spans:
                assert ("".join(found.text[a:b].split()), label) in written


def make_odd(folder: Path, texts: list[AnnotatedText], write: Callable[..., int]) -> Path:
    with (folder / "data.json").open("wb") as stream:
        write(texts, stream)
    return folder / "data.json"


@settings(max_examples=60)
@given(odd_documents())
def test_brat_of_odd_texts_comes_back(text: AnnotatedText) -> None:
    """The text's own mark at its beginning is taken for the file's."""
    mention_lines = []
    for i, (a, b, _) in enumerate(text.spans):
        mention = " ".join(text.text[a:b].split())
        mention_lines.append(f"T{i}\tdrug {a} {b}\t{mention}\n")
    for temporary in folder():
        (temporary / "a.txt").write_bytes(text.text.encode())
        (temporary / "a.ann").write_bytes("".join(mention_lines).encode())
        shift = text.text.startswith("\ufeff")
        if shift and any(a == 0 for a, *_ in text.spans):
            return
        (found,) = read_format(temporary, "brat")
        assert found.text == text.text[shift:]
        expected = {(a - shift, b - shift, "drug") for a, b, _ in text.spans}
        assert set(found.spans) == expected
