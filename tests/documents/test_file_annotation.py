"""A document that fails is missing by itself: the run goes on, and says what lacks it."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin, Span

from spacy_gliner_biomed.documents.file_annotation import annotate_files
from spacy_gliner_biomed.documents.outputs import plan_outputs
from spacy_gliner_biomed.documents.writing.run_settings import WritingOptions

MakeNlp = Callable[..., Language]
TEXTS = ["aspirin for cancer", "a drug of the patient", "the cold of the patient"]


def write_docs(path: Path, **user_data: object) -> None:
    """A DocBin of three Docs; the keyword arguments are user data of the second."""
    docs = list(spacy.blank("en").pipe(TEXTS))
    for name, doc in zip("abc", docs, strict=True):
        doc.user_data["id"] = name
    docs[1].user_data.update(user_data)
    DocBin(docs=docs, store_user_data=True).to_disk(path)


@pytest.fixture
def raising() -> Iterator[str]:
    """An attribute whose getter fails in the second Doc."""

    def get(span: Span) -> str:
        if span.doc.text == TEXTS[1]:
            raise RuntimeError("no\nmodel")
        return "fine"

    Span.set_extension("test_raising", getter=get, force=True)
    yield "test_raising"
    Span.remove_extension("test_raising")


def test_a_doc_whose_entities_cannot_be_read_is_in_no_output(
    tmp_path: Path, make_nlp: MakeNlp, raising: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_docs(tmp_path / "in.spacy")
    paths = [tmp_path / "out.jsonl", tmp_path / "out.spacy"]
    counts = annotate_files(
        make_nlp(threshold=0.0),
        [tmp_path / "in.spacy"],
        plan_outputs(list(map(str, paths)), None),
        writing=WritingOptions([raising]),
    )
    assert (counts["documents"], counts["failed"]) == (2, 1)
    assert [json.loads(line)["id"] for line in paths[0].read_text().splitlines()] == ["a", "c"]
    docs = DocBin().from_disk(paths[1]).get_docs(spacy.blank("en").vocab)
    assert [doc.text for doc in docs] == [TEXTS[0], TEXTS[2]]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("[GB-E396] b is in no output: ")
    assert "(RuntimeError: no model)" in line


def test_a_doc_that_one_writer_refuses_is_in_the_others_and_the_message_says_so(
    tmp_path: Path, make_nlp: MakeNlp, capsys: pytest.CaptureFixture[str]
) -> None:
    write_docs(tmp_path / "in.spacy", meta={"scan": b"\x89PNG"})
    lines, table = tmp_path / "out.jsonl", tmp_path / "out.csv"
    counts = annotate_files(
        make_nlp(threshold=0.0),
        [tmp_path / "in.spacy"],
        plan_outputs([str(lines), str(table)], None),
    )
    assert (counts["documents"], counts["failed"]) == (2, 1)
    written = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [line["id"] for line in written] == ["a", "c"]
    assert counts["entities"] == sum(len(line["entities"]) for line in written)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert {row["document"] for row in rows} == {"a", "b", "c"}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"[GB-E397] b is not in {lines}: TypeError: ")


def test_values_of_the_users_own_under_our_keys_do_no_harm(
    tmp_path: Path, make_nlp: MakeNlp, capsys: pytest.CaptureFixture[str]
) -> None:
    write_docs(tmp_path / "in.spacy", meta="ward 3", passages=5)
    output = tmp_path / "out.bioc.json"
    outputs = plan_outputs([str(output)], None)
    counts = annotate_files(make_nlp(), [tmp_path / "in.spacy"], outputs)
    documents = json.loads(output.read_text())["documents"]
    assert (counts["documents"], counts["failed"]) == (3, 0)
    assert [(x["id"], x["infons"]) for x in documents] == [("a", {}), ("b", {}), ("c", {})]
    assert capsys.readouterr().err == ""
