"""All formats: detected, read, and read again after they were written."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.cli.convert import convert
from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.detect import detect_format, format_of_record
from spacy_gliner_biomed.training.formats.table import FORMATS, read_format

CASES = {
    "jsonl_prodigy.jsonl": "prodigy",
    "jsonl_doccano.jsonl": "doccano",
    "jsonl_doccano_rel.jsonl": "doccano",
    "labelstudio.json": "labelstudio",
    "gliner2.jsonl": "gliner2",
    "gliner_jsonl.jsonl": "gliner",
    "conll.iob": "conll",
    "conll.tsv": "conll",
    "pubtator_relation_underscore.txt": "pubtator",
    "jsonl_blank_line.jsonl": "jsonl",
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:.*GB-W163")
def test_real_cases_are_detected_and_read(shared: Path, name: str) -> None:
    path = shared / "cases" / "annotations" / name
    assert detect_format(path) == CASES[name]
    text, *more = read_format(path)
    found = {(text.text[start:end], label) for start, end, label in text.spans}
    expected = {
        "labelstudio.json": {("Zinc", "drug")},
        "jsonl_prodigy.jsonl": {("Zinc", "drug")},
        "jsonl_doccano_rel.jsonl": {("Zinc", "drug")},
        "gliner_jsonl.jsonl": {("Zinc", "drug")},
        "jsonl_blank_line.jsonl": {("Zinc", "drug")},
        "pubtator_relation_underscore.txt": {("Zinc", "Chemical"), ("fever", "Disease")},
    }
    assert found == expected.get(name, {("Zinc", "drug"), ("fever", "symptom")})
    assert len(more) == (name in ("gliner_jsonl.jsonl", "jsonl_blank_line.jsonl"))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jsonl", '{"text": "a", "entities": [{"start": 0, "end": 1, "label": "x"}]}', "jsonl"),
        ("a.jsonl", '{"text": "a", "entities": []}', "jsonl"),
        ("a.jsonl", '{"text": "a", "entities": [], "relations": []}', "doccano"),
        ("a.jsonl", '{"text": "a", "label": []}\n{"text": "b", "label": [[0, 1, "x"]]}', "doccano"),
        ("a.jsonl", '{"id": 1, "text": "a", "passages": [], "entities": []}', "jsonl"),
        ("a.jsonl", "broken", "jsonl"),
        ("a.jsonl", "", "jsonl"),
        ("a.json", '[{"input": "a", "output": "[]"}]', "instructions"),
        ("a.json", '{"text": "a", "denotations": []}', "pubannotation"),
        ("a.json", '[{"text": "a", "label": [{"start": 0, "labels": ["x"]}]}]', "labelstudio"),
        ("a.json", '{"labels": ["a"]}', None),
        ("a.json", "[]", None),
        ("a.XML", "<article/>", "jats"),
        ("a.xml", "<PubmedArticleSet>", "pubmed"),
        ("a.xml", "<html/>", None),
        ("a.xml", "no XML", None),
        ("a.nxml", "<pmc-articleset/>", "jats"),
        ("a.tsv", "text\tid\nA O\tx\n", "csv"),
        ("a.txt", "Zinc B-drug\nfor O\n", "conll"),
        ("a.txt", "Zinc was given. O\n", "text"),
        ("a.txt", "5|t|Zinc\n5|a|For fever.\n", "pubtator"),
        ("a.txt", "", "text"),
        ("a.bioes", "", "conll"),
        ("a.spacy", "", "docbin"),
        ("a.pdf", "", None),
    ],
)
def test_formats_are_told_by_ending_and_beginning(
    tmp_path: Path, name: str, content: str, expected: str | None
) -> None:
    (tmp_path / name).write_text(content)
    assert detect_format(tmp_path / name) == expected


def test_a_folder_is_brat_if_it_has_annotations(tmp_path: Path) -> None:
    assert detect_format(tmp_path) is None
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "A.ANN").touch()
    assert detect_format(tmp_path) == "brat"


@pytest.mark.parametrize("record", [None, 3, "text", [], {}, {"text": 3, "label": "x"}])
def test_records_of_no_format_are_none(record: Any) -> None:
    assert format_of_record(record) is None


def test_gliner2_reads_entities_of_listed_labels_and_counts_the_rest(tmp_path: Path) -> None:
    output = {
        "entities": {"drug": ["Zinc", "iron"], "gene": []},
        "entity_descriptions": {"drug": "a substance"},
        "classifications": [{"task": "tone"}],
    }
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"input": "Zinc, zinc", "output": output}))
    with pytest.warns(UserWarning, match="GB-W") as warned:
        (text,) = read_format(path)
    first, second = sorted(str(each.message) for each in warned)
    assert re.match(r"\[GB-W011\].* 1 mention was", first)
    assert re.match(r"\[GB-W163\].* 1 line or record holds", second)
    assert (text.spans, text.annotated) == ([(0, 4, "drug")], ["drug", "gene"])


WORDS = st.lists(st.sampled_from(["zinc", "fièvre", "IL-2", "🫀", "T4"]), min_size=1, max_size=6)
LABELS = st.sampled_from(["drug", "cell line", "X-y"])


@st.composite
def documents(draw: st.DrawFn) -> list[AnnotatedText]:
    """Make texts whose entities are words that do not overlap, which every format can hold."""
    texts = []
    for number in range(draw(st.integers(1, 8))):
        words = draw(WORDS)
        text, spans = "", []
        for word in words:
            start = len(text) + bool(text)
            text = f"{text} {word}" if text else word
            if draw(st.booleans()):
                spans.append((start, len(text), draw(LABELS)))
        texts.append(AnnotatedText(text, spans, [], ["X-y", "cell line", "drug"], f"d{number}"))
    return texts


def write_source(path: Path, texts: list[AnnotatedText]) -> Path:
    lines = []
    for text in texts:
        entities = [{"start": a, "end": b, "label": label} for a, b, label in text.spans]
        lines.append(dump_json({"id": text.name, "text": text.text, "entities": entities}))
    path.write_bytes(b"\n".join(lines))
    return path


WRITTEN = {
    "jsonl": ".jsonl",
    "docbin": ".spacy",
    "bioc-xml": ".bioc.xml",
    "bioc-json": ".bioc.json",
    "pubannotation": ".pubannotation.json",
    "pubtator": ".pubtator",
    "conll": ".conll",
    "prodigy": ".prodigy.jsonl",
    "gliner": ".json",
    "instructions": ".json",
}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.filterwarnings("ignore:.*GB-W163", "ignore:.*GB-W207")
def test_what_is_written_comes_back(name: str) -> None:
    @settings(max_examples=3)
    @given(documents())
    def check(texts: list[AnnotatedText]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source = write_source(Path(folder) / "source.jsonl", texts)
            output = Path(folder) / f"out{WRITTEN[name]}"
            n_docs, n_entities = convert(source, output, to=name)
            assert (n_docs, n_entities) == (len(texts), sum(len(text.spans) for text in texts))
            assert detect_format(output) == name
            found = list(read_format(output))
        if name not in ("gliner", "instructions"):
            assert [text.name for text in found] == [text.name for text in texts]
        for text, expected in zip(found, texts, strict=True):
            if name == "instructions":  # a mention is marked wherever it occurs
                assert set(expected.spans) <= set(text.spans)
            elif name in ("gliner", "conll"):  # their words are not those of the text
                pairs = [(text.text[a:b].replace(" ", ""), x) for a, b, x in text.spans]
                pairs = [(mention, x.replace("_", " ")) for mention, x in pairs]
                assert pairs == [(expected.text[a:b], x) for a, b, x in expected.spans]
            else:
                assert text.text.rstrip("\n") == expected.text
                assert sorted(text.spans) == sorted(expected.spans)

    check()


def test_each_written_format_is_in_the_table() -> None:
    assert set(WRITTEN) <= set(FORMATS)
