import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_gliner_biomed.linking.linker_options import LinkerOptions, add_linker

MESH = [
    ("MESH:D012559", "Schizophrenia", "Psychiatry and Psychology"),
    ("MESH:D001241", "Aspirin", "Chemicals and Drugs"),
    ("MESH:D009203", "Myocardial Infarction", "Diseases"),
]
TEXT = "Aspirin in schizophrenia."


@pytest.fixture
def mesh(tmp_path: Path) -> Path:
    concepts = [
        {"concept_id": id_, "canonical_name": name, "types": [kind]} for id_, name, kind in MESH
    ]
    path = tmp_path / "mesh.json"
    path.write_text(json.dumps(concepts))
    return path


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("entity_ruler")
    names = {"drug": "Aspirin", "disease": "schizophrenia"}
    ruler.add_patterns([{"label": label, "pattern": name} for label, name in names.items()])
    return nlp


def links(nlp: Language) -> list[str]:
    return [ent.kb_id_ for ent in nlp(TEXT).ents]


def test_a_linker_is_added_with_the_rules_of_mesh(mesh: Path, nlp: Language) -> None:
    linker = add_linker(nlp, LinkerOptions((str(mesh),)))
    assert links(nlp) == ["MESH:D001241", "MESH:D012559"]
    rules = {rule["label"]: rule.get("types") for rule in linker.cfg["labels"]}
    assert rules["disease"] == ["", "Diseases", "Psychiatry and Psychology"]


def test_given_links_are_the_only_rules(mesh: Path, nlp: Language, tmp_path: Path) -> None:
    add_linker(nlp, LinkerOptions((str(mesh),), ("disease=F",)))
    assert links(nlp) == ["", "MESH:D012559"]
    nlp.to_disk(tmp_path / "saved")  # with its knowledge base
    assert links(spacy.load(tmp_path / "saved")) == ["", "MESH:D012559"]


def test_the_rules_of_a_linker_that_is_there_are_changed(mesh: Path, nlp: Language) -> None:
    add_linker(nlp, LinkerOptions((str(mesh),)))
    add_linker(nlp, LinkerOptions((), ("drug",)))
    assert links(nlp) == ["MESH:D001241", ""]
    with pytest.raises(ValueError, match=r"GB-E405.*'Disease'"):
        add_linker(nlp, LinkerOptions((), ("Disease",)))
    assert links(nlp) == ["MESH:D001241", ""]
    with pytest.raises(ValueError, match=r"GB-E303.*gliner_biomed_linker"):
        add_linker(nlp, LinkerOptions((str(mesh),)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda mesh: LinkerOptions((), ("drug=D",)), "GB-E302.*has 0"),
        (lambda mesh: LinkerOptions((str(mesh.with_name("no.kb")),)), "GB-E050.*no.kb"),
        (lambda mesh: LinkerOptions((str(mesh),), ("drug=Organs",)), "GB-E085.*Organs"),
        (lambda mesh: LinkerOptions((str(mesh),), ("drug=",)), "GB-E301"),
        (lambda mesh: LinkerOptions((str(mesh),), ("Drug=D",)), "GB-E405.*'Drug'.*mean 'drug'"),
        (lambda mesh: LinkerOptions((str(mesh),), ("diseases=C",)), "GB-E405.*mean 'disease'"),
        (lambda mesh: LinkerOptions((str(mesh), str(mesh))), "GB-E091.*mesh"),
    ],
)
def test_wrong_options_are_refused(
    mesh: Path, nlp: Language, make: Callable[[Path], LinkerOptions], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        add_linker(nlp, make(mesh))


def test_options_of_a_command(mesh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LinkerOptions.of(None, None) is None
    assert LinkerOptions.of([], ["drug"]) == LinkerOptions((), ("drug",))
    monkeypatch.chdir(mesh.parent)
    options = LinkerOptions.of([Path("mesh.json")], None)
    assert options is not None
    assert options.absolute().kbs == (str(mesh.resolve()),)
    ((name, digest),) = options.describe()["kbs"]
    assert (name, len(digest)) == ("mesh.json", 64)
    assert options.absolute().describe() == options.describe()
