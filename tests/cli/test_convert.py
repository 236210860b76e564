import gzip
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Corpus
from typer.testing import CliRunner

from spacy_gliner_biomed.cli import convert, gliner_cli, reading_options
from spacy_gliner_biomed.documents.formats import FORMATS as OUTPUT_FORMATS
from spacy_gliner_biomed.training.formats.table import FORMATS, read_format
from spacy_gliner_biomed.training.gold import read_gold

run = CliRunner().invoke
PUBTATOR = "7|t|Aspirin-induced asthma\n7|a|In mice.\n7\t0\t7\tAspirin\tdrug\tD1\n"


def test_spacy_reads_what_is_written_with_exact_characters(tmp_path: Path) -> None:
    source, output = tmp_path / "data.txt", tmp_path / "new" / "data.spacy"
    source.write_text(PUBTATOR)
    result = run(gliner_cli, ["convert", str(source), str(output), "--format", "pubtator"])
    assert result.exit_code == 0, result.output
    assert "Wrote 1 document, 1 entity: " in result.stderr
    (example,) = Corpus(output)(spacy.blank("en"))
    gold = read_gold(example.reference, "sc")
    assert example.reference.text == "Aspirin-induced asthma\nIn mice."
    assert (gold.spans, gold.annotated) == ([(0, 7, "drug")], ["drug"])


@pytest.mark.parametrize(
    ("content", "data_format", "code"),
    [
        (PUBTATOR + "7\t0\t99\tAspirin\tdrug\tD1\n", "pubtator", "GB-E060"),
        ("", "jsonl", "GB-E062"),
        (PUBTATOR, "docx", "GB-E030"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_written(
    tmp_path: Path, content: str, data_format: str, code: str
) -> None:
    source, output = tmp_path / "data.txt", tmp_path / "data.spacy"
    source.write_text(content)
    result = run(gliner_cli, ["convert", str(source), str(output), "--format", data_format])
    assert (result.exit_code, code in result.stderr) == (1, True)
    assert not output.exists()


@pytest.mark.filterwarnings("default:.*GB-W012")
@pytest.mark.filterwarnings("ignore:.GB-W209")
def test_gliner_json_and_instructions_are_written_on_demand(tmp_path: Path) -> None:
    source = tmp_path / "data.txt"
    source.write_text(PUBTATOR)
    arguments = ["convert", str(source), str(tmp_path / "x.json"), "--format", "pubtator", "--to"]
    result = run(gliner_cli, [*arguments, "instructions"])
    assert result.exit_code == 0, result.output
    assert "Aspirin" in (tmp_path / "x.json").read_text()
    lost = run(gliner_cli, [*arguments, "gliner"])
    assert (lost.exit_code, "GB-W012" in lost.stderr) == (0, True)
    assert "Wrote 1 document, 0 entities: " in lost.stderr
    wrong = run(gliner_cli, [*arguments, "word"])
    assert (wrong.exit_code, "GB-E030" in wrong.stderr) == (1, True)


@pytest.mark.parametrize("name", ["out.csv", "out.json", "out.html", "out.text"])
def test_an_ending_of_no_format_is_an_error(tmp_path: Path, name: str) -> None:
    source = tmp_path / "data.txt"
    source.write_text(PUBTATOR)
    arguments = ["convert", str(source), str(tmp_path / name), "--format", "pubtator"]
    result = run(gliner_cli, arguments)
    assert (result.exit_code, "GB-E433" in result.stderr) == (1, True)
    assert ".spacy" in result.stderr
    assert not (tmp_path / name).exists()
    assert run(gliner_cli, [*arguments, "--to", "docbin"]).exit_code == 0
    folder = [*arguments[:2], str(tmp_path / "corpus-1.2"), *arguments[3:]]
    assert run(gliner_cli, folder).exit_code == 0


def test_a_name_without_ending_is_a_folder_of_docbins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "DOCS_PER_FILE", 2)
    source, output = tmp_path / "data.txt", tmp_path / "new" / "parts"
    source.write_text(
        "\n".join(PUBTATOR.replace("7\t", f"{n}\t", 1).replace("7|", f"{n}|") for n in range(5))
    )
    arguments = ["convert", str(source), str(output), "--format", "pubtator"]
    result = run(gliner_cli, arguments)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in output.parent.rglob("*")) == [
        "00000.spacy",
        "00001.spacy",
        "00002.spacy",
        "parts",
    ]
    examples = list(Corpus(output)(spacy.blank("en")))
    assert [read_gold(x.reference, "sc").spans for x in examples] == [[(0, 7, "drug")]] * 5
    again = run(gliner_cli, arguments)
    assert (again.exit_code, "GB-E056" in again.stderr) == (1, True)


@pytest.mark.filterwarnings("default:.*GB-W16")
def test_brat_files_in_any_case_are_read_and_others_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "brat"
    folder.mkdir()
    for name, content in (("a.txt", "Aspirin"), ("B.TXT", "Aspirin"), ("c.csv", "")):
        (folder / name).write_text(content)
    for name in ("a.ann", "B.ANN"):
        (folder / name).write_text("T1\tDrug 0 7\tAspirin\n")
    result = run(gliner_cli, ["convert", str(folder), str(tmp_path / "x.spacy"), "-f", "brat"])
    assert result.exit_code == 0, result.output
    assert "2 documents, 2 entities" in result.stderr
    assert "1 .csv (c.csv)" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("data.jsonl.gz", gzip.compress(b'{"text": "a", "entities": []}\n' * 999)[:-20], "GB-E161"),
        ("data.jsonl", b'{"text": "Na\xefve", "entities": []}\n', "GB-E160"),
        ("data.jsonl", b'{"text": "a"}\n', "there is no 'entities'; the keys found are: text"),
        ("data.jsonl", b'{"text": "\\ud800", "entities": []}\n', "surrogate"),
        ("data.jsonl", b"[" * 99_999, "nested deeper"),
    ],
)
def test_damage_is_a_message_with_file_and_line(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(content)
    arguments = ["convert", str(tmp_path / name), str(tmp_path / "x.spacy"), "-f", "jsonl"]
    result = run(gliner_cli, arguments)
    assert (result.exit_code, problem in result.stderr) == (1, True), result.output
    assert re.search(rf"{name}, line \d", result.stderr)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_source_is_never_replaced(tmp_path: Path) -> None:
    source = tmp_path / "data.txt"
    source.write_text(PUBTATOR)
    arguments = ["convert", str(source), str(source), "--format", "pubtator", "--to", "gliner"]
    result = run(gliner_cli, arguments)
    assert (result.exit_code, "GB-E056" in result.stderr) == (1, True)
    assert source.read_text() == PUBTATOR


@pytest.mark.skipif(os.name != "posix", reason="a device of POSIX")
@pytest.mark.filterwarnings("ignore:.GB-W209")
def test_a_device_stays_a_device(tmp_path: Path) -> None:
    source = tmp_path / "data.txt"
    source.write_text(PUBTATOR)
    arguments = ["convert", str(source), "/dev/null", "--format", "pubtator", "--to"]
    assert run(gliner_cli, [*arguments, "instructions"]).exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_labels_are_renamed_by_a_table_and_the_written_ones_are_kept(tmp_path: Path) -> None:
    source, output, table = tmp_path / "a.txt", tmp_path / "a.spacy", tmp_path / "words.csv"
    source.write_text(PUBTATOR)
    table.write_text("drug,chemical substance\n")
    result = run(gliner_cli, ["convert", str(source), str(output), "--labels", str(table)])
    assert result.exit_code == 0, result.output
    (doc,) = DocBin(store_user_data=True).from_disk(output).get_docs(spacy.blank("en").vocab)
    gold = read_gold(doc, "sc")
    assert (gold.spans, gold.annotated) == ([(0, 7, "chemical substance")], ["chemical substance"])
    assert doc.spans["sc"].attrs["written_labels"] == ["drug"]
    assert doc.user_data["id"] == "7"
    assert [each["infons"] for each in doc.user_data["passages"]] == [
        {"type": "title"},
        {"type": "abstract"},
    ]


def test_format_is_detected_and_encoding_and_column_are_options(tmp_path: Path) -> None:
    source, output = tmp_path / "a.conll", tmp_path / "a.jsonl"
    source.write_bytes("fièvre B-symptom NN\n".encode("cp1252"))
    arguments = ["convert", str(source), str(output), "--column", "2", "--encoding"]
    result = run(gliner_cli, [*arguments, "cp1252"])
    assert result.exit_code == 0, result.output
    assert json.loads(output.read_text(encoding="utf8"))["entities"][0]["text"] == "fièvre"
    wrong = run(gliner_cli, arguments[:-1])
    assert wrong.exit_code == 1
    assert re.search(r"GB-E160.*'fièvre B-symptom NN'.*--encoding cp1252", wrong.stderr)
    unknown = run(gliner_cli, [*arguments, "klingon"])
    assert (unknown.exit_code, "GB-E201" in unknown.stderr) == (1, True)


@pytest.mark.filterwarnings("default:.*GB-W380")
def test_what_is_utf8_is_read_as_utf8_and_said_although_an_encoding_is_named(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.conll").write_bytes("fièvre B-symptom\n".encode())
    (tmp_path / "brat").mkdir()
    (tmp_path / "brat" / "a.txt").write_bytes("fièvre".encode())
    (tmp_path / "brat" / "a.ann").write_bytes("T1\tsymptom 0 6\tfièvre\n".encode())
    output = tmp_path / "out.jsonl"
    for source, n in (("a.conll", "1 file was"), ("brat", "2 files were")):
        args = ["convert", str(tmp_path / source), str(output), "--encoding", "cp1252"]
        result = run(gliner_cli, args)
        assert result.exit_code == 0, result.output
        assert result.stderr.count("GB-W380") == 1
        assert f"[GB-W380] {n} read as UTF-8, not as cp1252" in result.stderr
        assert json.loads(output.read_text(encoding="utf8"))["entities"][0]["text"] == "fièvre"


def test_unclear_formats_and_those_without_entities_are_refused(tmp_path: Path) -> None:
    for name, content, code in (
        ("a.json", '{"a": 1}', "GB-E202"),
        ("a.csv", "text\nZinc\n", "GB-E203"),
        ("a.xml", "<PubmedArticleSet/>", "annotate-corpus"),
        ("a.pdf", "%PDF-1.7", "GB-E380"),
    ):
        (tmp_path / name).write_text(content)
        result = run(gliner_cli, ["convert", str(tmp_path / name), str(tmp_path / "x.spacy")])
        assert (result.exit_code, code in result.stderr) == (1, True), result.stderr


def test_help_lists_the_formats_that_there_are() -> None:
    listed = f"{reading_options.WITH_ENTITIES}, {reading_options.WITHOUT_ENTITIES}"
    assert listed == ", ".join(FORMATS)
    assert set(convert.TARGETS) - {"gliner", "instructions"} <= set(OUTPUT_FORMATS)


@pytest.fixture
def with_concepts(tmp_path: Path) -> Path:
    entity = {"start": 0, "end": 5, "label": "drug", "concept_id": "MESH:D015032"}  # "Zinc "
    line = {"id": "a", "text": "Zinc helps.", "sents": [[0, 11]], "title": "T"}
    path = tmp_path / "source.jsonl"
    path.write_text(json.dumps({**line, "entities": [entity]}))
    return path


@pytest.mark.filterwarnings("ignore:.GB-W161", "ignore:.GB-W208")
@pytest.mark.parametrize("to", [x for x in convert.TARGETS if x not in convert.WITHOUT_CONCEPTS])
def test_concepts_are_kept(with_concepts: Path, to: str) -> None:
    output = with_concepts.with_name(f"out.{'spacy' if to == 'docbin' else 'out'}")
    convert.convert(with_concepts, output, to=to)
    (text,) = read_format(output, to)
    assert list(text.concepts) == [(0, 4, "drug", "MESH:D015032")]


@pytest.mark.filterwarnings("ignore:.GB-W161")
@pytest.mark.parametrize("to", convert.WITHOUT_CONCEPTS)
def test_concepts_without_a_place_are_counted(with_concepts: Path, to: str) -> None:
    with pytest.warns(UserWarning, match=rf"GB-W209\] 1 concept id was .* {to!r}"):
        convert.convert(with_concepts, with_concepts.with_name("out"), to=to)


@pytest.mark.filterwarnings("ignore:.GB-W161")
def test_lines_keep_their_sentences_and_further_keys(with_concepts: Path) -> None:
    output = with_concepts.with_name("out.jsonl")
    convert.convert(with_concepts, output)
    line = json.loads(output.read_text())
    assert (line["title"], line["sents"]) == ("T", [[0, 11]])


# What `annotate` and people write: scores, links and attributes, and all keys of a line.
FULL: dict[str, Any] = {
    "id": "a",
    "text": "Aspirin for fever.",
    "entities": [
        {
            "start": 0,
            "end": 7,
            "text": "Aspirin",
            "label": "drug",
            "score": 0.77,
            "concept_id": "MESH:D1",
            "concept_name": "aspirin",
            "concept_score": 0.5,
            "negex": False,
            "by": {"who": ["AB", 1]},
        },
        {"start": 12, "end": 17, "text": "fever", "label": "symptom", "score": None, "seen": None},
    ],
    "relations": [{"head": 0, "tail": 1, "label": "treats", "score": 0.25}],
    "patient_id": "P7",
    "sents": [[0, 18]],
    "annotated_labels": ["drug", "symptom"],
    "annotated_relations": ["treats"],
    "passages": [{"start": 0, "end": 18, "infons": {"type": "title"}}],
}


def write_lines(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("way", [[], ["spacy"], ["spacy", "spacy"], ["jsonl", "spacy"]])
def test_lines_and_docbins_keep_all_values(tmp_path: Path, way: list[str]) -> None:
    path = write_lines(tmp_path / "in.jsonl", FULL)
    for number, ending in enumerate([*way, "jsonl"]):
        convert.convert(path, output := tmp_path / f"{number}.{ending}")
        path = output
    assert json.loads(path.read_text()) == FULL


def test_scores_of_all_entities_are_where_the_pipeline_reads_them(tmp_path: Path) -> None:
    entities = [{**FULL["entities"][0], "score": 1}, {**FULL["entities"][1], "score": 0.5}]
    convert.convert(
        write_lines(tmp_path / "in.jsonl", {**FULL, "entities": entities}), tmp_path / "x.spacy"
    )
    (doc,) = read_docbin(tmp_path / "x.spacy")
    assert doc.spans["sc"].attrs["scores"] == [1.0, 0.5]


def read_docbin(path: Path) -> list[Doc]:
    return list(DocBin(store_user_data=True).from_disk(path).get_docs(spacy.blank("en").vocab))


@pytest.mark.parametrize("to", [x for x in convert.TARGETS if x not in convert.WITHOUT_CONCEPTS])
@pytest.mark.filterwarnings("ignore:.GB-W208")
def test_concepts_of_equal_entities_are_joined(tmp_path: Path, to: str) -> None:
    entity = {"start": 0, "end": 7, "label": "drug"}
    twice = [{**entity, "concept_id": "D1"}, {**entity, "concept_id": "D2"}]
    several = [{**entity, "concept_id": ["D1", "D2"]}]
    lines = [{"text": "aspirin", "entities": entities} for entities in (twice, several)]
    output = tmp_path / f"out.{'spacy' if to == 'docbin' else 'out'}"
    convert.convert(write_lines(tmp_path / "in.jsonl", *lines), output, to=to)
    texts = list(read_format(output, to))
    assert [list(text.spans) for text in texts] == [[(0, 7, "drug")]] * 2
    assert [list(text.concepts) for text in texts] == [[(0, 7, "drug", "D1,D2")]] * 2


@pytest.mark.parametrize("table", [None, {"drug": "chemical"}])
def test_docs_keep_tokens_and_all_that_is_on_them(
    tmp_path: Path, table: dict[str, str] | None
) -> None:
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, ["As", "pirin", "helps"], [False, True, False], tags=["A", "B", "C"])
    group = SpanGroup(doc, name="sc", spans=[Span(doc, 0, 2, label="drug", kb_id="D1")])
    group.attrs.update(scores=[0.75], kb_ents=[[("D1", 0.5)]])
    doc.spans["sc"], doc.spans["ruler"] = group, [doc[2:3]]
    doc.cats = {"note": 1.0}
    doc.user_data.update(meta={"patient_id": "P7"}, own="mine")
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "in.spacy")
    labels = None
    if table is not None:
        labels = tmp_path / "words.json"
        labels.write_text(json.dumps(table))
    convert.convert(tmp_path / "in.spacy", tmp_path / "out.spacy", labels=labels)
    (again,) = read_docbin(tmp_path / "out.spacy")
    assert [(token.text, token.tag_) for token in again] == [(x.text, x.tag_) for x in doc]
    assert (again.cats, again.user_data["meta"], again.user_data["own"]) == (
        {"note": 1.0},
        {"patient_id": "P7"},
        "mine",
    )
    assert [span.text for span in again.spans["ruler"]] == ["helps"]
    name = "chemical" if table else "drug"
    assert [(x.text, x.label_, x.kb_id_) for x in again.spans["sc"]] == [("Aspirin", name, "D1")]
    attrs = again.spans["sc"].attrs
    assert (attrs["scores"], attrs["annotated_labels"]) == ([0.75], [name])
    with pytest.warns(UserWarning, match=r"GB-W403\] 1 Doc has annotations .* than 'sc'"):
        convert.convert(tmp_path / "out.spacy", tmp_path / "out.jsonl")
    line = json.loads((tmp_path / "out.jsonl").read_text())
    assert line["patient_id"] == "P7"
    (entity,) = line["entities"]
    assert (entity["score"], entity["concept_id"], entity["concept_score"]) == (0.75, "D1", 0.5)


@pytest.mark.filterwarnings("ignore:.GB-W(207|208|209|354|36)")
@pytest.mark.parametrize("to", [x for x in convert.TARGETS if x not in ("jsonl", "docbin")])
def test_values_without_a_place_are_counted(tmp_path: Path, to: str) -> None:
    without_scores = to in ("pubtator", "conll", "gliner", "instructions")
    n = 6 if without_scores else 3
    source, output = write_lines(tmp_path / "in.jsonl", FULL), tmp_path / "out"
    with pytest.warns(UserWarning, match=rf"GB-W402\] {n} values .*negex.* {to!r}"):
        convert.convert(source, output, to=to)
    if not without_scores:
        content = b"".join(files_of(output))
        assert b"0.77" in content
        assert b"aspirin" in content


def files_of(path: Path) -> list[bytes]:
    if not zipfile.is_zipfile(path):
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]
