"""Documents keep what they came as: lines byte for byte, Docs with all that is on them."""

import gzip
import json
import os
import tracemalloc
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_gliner_biomed.cli.convert import convert
from spacy_gliner_biomed.curation.document_files import (
    CuratedDocument,
    read_documents,
    write_documents,
)
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.table import read_format

LINES = [
    {"id": "7", "text": "aspirin-induced", "entities": [{"start": 0, "end": 7, "label": "drug"}]},
    {"id": "8", "text": "nothing", "entities": [], "more": "is kept"},
]


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_lines_are_written_as_they_came(tmp_path: Path, name: str) -> None:
    source, target = tmp_path / "corpus" / name, tmp_path / "out" / "x.jsonl"
    source.parent.mkdir()
    content = "".join(json.dumps(line) + "\n" for line in LINES)
    packed = gzip.compress(content.encode()) if name.endswith(".gz") else content.encode()
    source.write_bytes(packed)
    items = list(read_documents(source))
    assert [(i.text.name, i.text.corpus, list(i.text.spans)) for i in items] == [
        ("7", "corpus", [(0, 7, "drug")]),
        ("8", "corpus", []),
    ]
    assert write_documents(items, target) == 2
    assert target.read_text() == content


def test_docs_keep_tokens_labels_and_user_data(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    doc = gold_doc(nlp, AnnotatedText("a b", [(0, 1, "x")], [], ["x", "y"], corpus="c"), "sc")
    doc.user_data["id"] = "d1"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "in.spacy")
    (item,) = read_documents(tmp_path / "in.spacy")
    assert item.text == AnnotatedText("a b", [(0, 1, "x")], [], ["x", "y"], "d1", "c")
    assert write_documents([item], tmp_path / "out.spacy") == 1
    (again,) = read_documents(tmp_path / "out.spacy")
    assert again.text == item.text


def test_one_form_can_be_written_as_the_other(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    write_documents(read_documents(path), tmp_path / "x.spacy")
    write_documents(read_documents(tmp_path / "x.spacy"), tmp_path / "y.jsonl")
    found = [(i.text.text, list(i.text.spans)) for i in read_documents(tmp_path / "y.jsonl")]
    assert found == [("aspirin-induced", [(0, 7, "drug")]), ("nothing", [])]


def test_half_a_character_in_an_id_or_key_is_kept(tmp_path: Path) -> None:
    line = {"id": "x\ud800", "text": "a", "entities": [], "k\udfff": "\ud800"}
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\xef\xbb\xbf\n" + json.dumps(line).encode() + b"\n\n")
    for target in (tmp_path / "x.jsonl", tmp_path / "x.jsonl.gz"):
        assert write_documents(read_documents(path), target) == 1
        (again,) = read_documents(target)
        assert json.loads(str(again.source)) == line
    write_documents([CuratedDocument(again.text, Doc(Vocab(), words=["a"]))], tmp_path / "y.spacy")
    lines = [CuratedDocument(again.text, spacy.blank("en")("a"))]
    assert write_documents(lines, tmp_path / "z.jsonl") == 1
    assert json.loads((tmp_path / "z.jsonl").read_text())["id"] == "x\ud800"


@pytest.mark.skipif(os.name != "posix", reason="devices are POSIX")
def test_a_device_is_written_to_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    link = tmp_path / "null.jsonl"
    link.symlink_to(os.devnull)
    assert write_documents(read_documents(path), link) == 2
    assert link.is_symlink()
    assert Path(os.devnull).is_char_device()


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="GB-E050"):
        list(read_documents(tmp_path / "none.jsonl"))
    (tmp_path / "x.csv").write_text("a")
    with pytest.raises(ValueError, match="GB-E203"):
        list(read_documents(tmp_path / "x.csv"))
    with pytest.raises(ValueError, match="GB-E110"):
        write_documents([], tmp_path / "y.csv")
    (tmp_path / "x.spacy").write_text("a")
    with pytest.raises(ValueError, match="GB-E053"):
        list(read_documents(tmp_path / "x.spacy"))
    (tmp_path / "x.jsonl").write_text("")
    DocBin().to_disk(tmp_path / "empty.spacy")
    for name in ("x.jsonl", "empty.spacy"):
        with pytest.raises(ValueError, match=f"GB-E114.*{name}"):
            list(read_documents(tmp_path / name))


GOOD_LINE = '{"text": "a", "entities": []}'


@pytest.mark.parametrize(
    "line",
    [
        '{"text": 3}',
        "[1, 2]",
        '{"text": "a"',
        '{"text": "a", "entities": [3]}',
        '{"text": "a", "entities": [{"start": 0, "end": 1, "label": null}]}',
        '{"text": "a", "entities": [{"start": 0, "end": 1, "label": ["x"]}]}',
        '{"text": "a", "entities": [{"start": 0.0, "end": 1, "label": "x"}]}',
        '{"text": "a", "entities": [{"start": 0, "end": 2, "label": "x"}]}',
        '{"text": "\\ud800", "entities": []}',
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f"{GOOD_LINE}\n{line}\n{GOOD_LINE}\n")
    with pytest.raises(ValueError, match=r"GB-E060.*x\.jsonl, line 2"):
        list(read_documents(path))


def test_blank_lines_and_a_mark_are_passed_over_and_the_lines_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(f"\ufeff{GOOD_LINE}\r\n\r\n \n{GOOD_LINE}\n\n".encode())
    assert [item.source for item in read_documents(path)] == [GOOD_LINE] * 2


def test_a_damaged_file_is_named_with_the_place(tmp_path: Path) -> None:
    packed = gzip.compress("".join(f"{GOOD_LINE}{' ' * i}\n" for i in range(999)).encode())
    for name, content in (
        ("cut.jsonl.gz", packed[:-40]),
        ("none.jsonl.gz", b"plain"),
        ("other.jsonl", f"{GOOD_LINE}\n".encode() + b"\xff\xfe"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=rf"GB-E16[01].*{name}, line \d+"):
            list(read_documents(tmp_path / name))


def test_lines_are_read_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with path.open("w") as file:
        for _ in range(20_000):
            file.write(json.dumps({"text": "a" * 500, "entities": []}) + "\n")
    tracemalloc.start()
    assert sum(1 for _ in read_documents(path)) == 20_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000  # the file has ten


def test_a_file_can_be_written_where_it_is_read_from(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    assert (
        write_documents((item for item in read_documents(path) if not item.text.spans), path) == 1
    )
    (item,) = read_documents(path)
    assert item.text.name == "8"


def test_after_an_error_there_is_no_half_file(tmp_path: Path) -> None:
    path, target = tmp_path / "x.spacy", tmp_path / "out" / "y.jsonl"
    path.write_bytes(b"broken")
    with pytest.raises(ValueError, match="GB-E053"):
        write_documents(read_documents(path), target)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("target", ["x.jsonl", "x.spacy"])
def test_other_formats_are_read_and_written_as_lines_or_docs(tmp_path: Path, target: str) -> None:
    source = tmp_path / "pool" / "a.pubtator"
    source.parent.mkdir()
    source.write_text("7|t|Zinc\n7|a|for fever.\n7\t0\t4\tZinc\tdrug\tD1\n8|t|Gout\n8|a|\n")
    assert write_documents(read_documents(source), tmp_path / target) == 2
    first, second = (item.text for item in read_documents(tmp_path / target))
    assert (first.name, first.text, list(first.spans)) == (
        "7",
        "Zinc\nfor fever.",
        [(0, 4, "drug")],
    )
    assert [passage["infons"]["type"] for passage in first.passages] == ["title", "abstract"]
    assert first.annotated == second.annotated == ["drug"]
    if target == "x.spacy":
        assert first.corpus == "pool"


LINKED = {
    "id": "n1",
    "text": "Aspirin for cancer.",
    "entities": [
        {"start": 0, "end": 7, "label": "drug", "concept_id": "MESH:D1"},
        {"start": 12, "end": 18, "label": "disease", "concept_id": "MESH:D2"},
    ],
    "relations": [{"head": 0, "tail": 1, "label": "treats"}],
    "patient_id": "P7",
}


@pytest.mark.parametrize("target", ["x.jsonl", "x.spacy"])
@pytest.mark.parametrize("source", ["a.jsonl", "a.json", "a.spacy", "a.pubtator", "a.bioc.json"])
def test_concepts_relations_and_metadata_come_along(
    tmp_path: Path, source: str, target: str
) -> None:
    lines, path, output = tmp_path / "in.jsonl", tmp_path / source, tmp_path / target
    lines.write_text(json.dumps(LINKED))
    if source == "a.json":
        path.write_text(json.dumps([LINKED]))
    else:
        convert(lines, path)
    assert write_documents(read_documents(path), output) == 1
    (text,) = read_format(output)
    assert [*text.concepts] == [(0, 7, "drug", "MESH:D1"), (12, 18, "disease", "MESH:D2")]
    assert text.relations == [((0, 7, "drug"), (12, 18, "disease"), "treats")]
    assert text.meta == ({} if source == "a.pubtator" else {"patient_id": "P7"})


def test_docs_that_become_lines_say_what_is_left_out(tmp_path: Path) -> None:
    doc = gold_doc(spacy.blank("en"), AnnotatedText("a b", [(0, 1, "x")], [], None), "mine")
    doc.cats = {"note": 1.0}
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "in.spacy")
    reading = ReadOptions(spans_key="mine")
    with pytest.warns(UserWarning, match=r"GB-W403\].* other than 'mine'"):
        write_documents(
            read_documents(tmp_path / "in.spacy", reading), tmp_path / "x.jsonl", "mine"
        )
