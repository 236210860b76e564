"""`--kb` and `--link` of `annotate` and `annotate-corpus`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner, Result

from spacy_gliner_biomed.cli import gliner_cli

TEXT = "Aspirin for the cold; cocaine-induced pain."
LABELS = ["disease", "drug"]
TYPES = {"disease": "Psychiatry and Psychology", "drug": "Chemicals and Drugs"}
MakeNlp = Callable[..., Language]


def run(*args: object) -> Result:
    return CliRunner().invoke(gliner_cli, [*map(str, args)])


@pytest.fixture
def nlp(make_nlp: MakeNlp) -> Language:
    """A tiny pipeline that finds much."""
    return make_nlp(threshold=0.05, alignment="split", overlap="nested", multi_label=True)


@pytest.fixture
def expected(nlp: Language) -> list[tuple[str, str]]:
    doc = nlp(TEXT)
    found = [(span.text, span.label_) for span in doc.spans["sc"]]
    assert {label for _, label in found} == set(LABELS)
    return found


@pytest.fixture
def pipeline(nlp: Language, tmp_path: Path) -> Path:
    nlp.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


@pytest.fixture
def terms(expected: list[tuple[str, str]], tmp_path: Path) -> Path:
    """A terminology of MeSH's types with the names of all entities."""
    kinds: dict[str, set[str]] = {}
    for name, label in expected:
        kinds.setdefault(name.casefold(), set()).add(TYPES[label])
    concepts = [
        {"concept_id": f"MESH:{i}", "canonical_name": name, "types": sorted(types)}
        for i, (name, types) in enumerate(kinds.items())
    ]
    path = tmp_path / "terms.json"
    path.write_text(json.dumps(concepts))
    return path


@pytest.fixture
def note(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    path = tmp_path / "notes" / "note.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def annotate(pipeline: Path, note: Path, tmp_path: Path) -> Callable[..., Doc]:
    """Runs `annotate` and returns the Doc that it writes."""

    def annotate(*options: object) -> Doc:
        output = tmp_path / "out.spacy"
        result = run("annotate", note, "-p", pipeline, "-o", output, "--quiet", *options)
        assert result.exit_code == 0, result.output
        (doc,) = DocBin().from_disk(output).get_docs(spacy.blank("en").vocab)
        return doc

    return annotate


def linked(doc: Doc) -> set[str]:
    """Return the labels whose entities are all linked; no label may be linked in part."""
    spans = list(doc.spans["sc"])
    done = {span.label_ for span in spans if span.kb_id_}
    assert all(span.kb_id_ for span in spans if span.label_ in done)
    return done


def test_entities_are_linked_with_the_default_rules_of_mesh(
    annotate: Callable[..., Doc], terms: Path
) -> None:
    assert linked(annotate()) == set()
    doc = annotate("--kb", terms)
    assert linked(doc) == set(LABELS)
    assert doc.ents[0].kb_id_.startswith("MESH:")


def test_a_built_file_links_as_its_source_and_links_can_be_chosen(
    annotate: Callable[..., Doc], terms: Path, tmp_path: Path
) -> None:
    kb = tmp_path / "terms.kb"
    assert run("kb", "build", terms, kb).exit_code == 0
    assert linked(annotate("--kb", kb, "--link", "disease=F03")) == {"disease"}
    assert linked(annotate("--kb", kb, "--link", "drug")) == {"drug"}
    assert linked(annotate("--kb", kb, "--link", "drug=D", "--link", "*=terms")) == set(LABELS)


def test_a_corpus_is_linked_and_a_resumed_run_needs_the_same_links(
    pipeline: Path, note: Path, terms: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    command = ["annotate-corpus", note.parent, output, "-p", pipeline, "-f", "jsonl", "--quiet"]
    result = run(*command, "--kb", terms, "--link", "disease")
    assert result.exit_code == 0, result.output
    (table,) = output.glob("parts/*/entities.jsonl")
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    assert {row["label"] for row in rows if row["concept_id"]} == {"disease"}
    assert {row["label"] for row in rows} == set(LABELS)
    manifest = json.loads((output / "manifest.json").read_text())
    linking = manifest["settings"]["linking"]
    assert (linking["kbs"][0][0], linking["links"]) == ("terms.json", ["disease"])
    same = run(*command, "--kb", terms, "--link", "disease", "--resume")
    assert same.exit_code == 0, same.output
    other = run(*command, "--kb", terms, "--resume")
    assert (other.exit_code, "GB-E101" in other.stderr) == (1, True)


@pytest.mark.parametrize(
    ("corpus", "options", "message"),
    [
        (False, ["--link", "drug=D"], "GB-E302"),
        (False, ["--kb", "{terms}", "--link", "drug=Organs"], "GB-E085"),
        (False, ["--kb", "{terms}", "--link", "Drug=D"], "Did you mean 'drug'?"),
        (True, ["--kb", "{terms}", "--link", "diseases=C"], "Did you mean 'disease'?"),
        (True, ["--kb", "missing.kb"], "GB-E050"),
    ],
)
def test_wrong_options_are_messages(
    pipeline: Path,
    note: Path,
    terms: Path,
    tmp_path: Path,
    corpus: bool,
    options: list[str],
    message: str,
) -> None:
    output = tmp_path / ("out" if corpus else "out.jsonl")
    arguments = [note.parent, output, "-f", "jsonl"] if corpus else [note, "-o", output]
    command = ["annotate-corpus" if corpus else "annotate", *arguments, "-p", pipeline, "--quiet"]
    result = run(*command, *(option.format(terms=terms) for option in options))
    assert result.exit_code == 1, result.output
    assert message in result.stderr
