from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.language import Language

from spacy_gliner_biomed.models.catalogue import (
    Catalogue,
    TrainedLabel,
    normalize,
    read_catalogue,
    write_catalogue,
)
from spacy_gliner_biomed.models.checkpoints import read_checkpoint, write_checkpoint
from spacy_gliner_biomed.models.gliner import network_shim

LABELS = (
    TrainedLabel("gene or protein", "gene", ("gene product",), ("BRCA1",), 12, 80.5),
    TrainedLabel("adverse event", "condition", ("side effect",)),
    TrainedLabel("disease"),
)
CATALOGUE = Catalogue(LABELS)


@pytest.mark.parametrize(
    ("prompt", "normal"),
    [
        ("GeneOrProtein", "gene or protein"),
        ("genes or proteins", "gene or protein"),
        ("GENE_OR_PROTEIN", "gene or protein"),
        ("Therapies", "therapy"),
        ("species", "species"),
        ("viruses", "virus"),
        ("Diagnoses", "diagnosis"),
        ("doses and sizes", "dose and size"),
        ("virus", "virus"),
        ("diagnosis", "diagnosis"),
        ("masses", "mass"),
        ("", ""),
    ],
)
def test_normalize(prompt: str, normal: str) -> None:
    assert normalize(prompt) == normal


@pytest.mark.parametrize(
    "prompt", ["side effect", "SideEffects", "adverse events", "ADVERSE EVENT"]
)
def test_any_form_of_a_trained_label_is_familiar(prompt: str) -> None:
    assert CATALOGUE.familiar(prompt) == "adverse event"


def test_a_form_of_a_prompt_is_spelt_as_in_training() -> None:
    assert CATALOGUE.as_trained("SideEffects") == "side effect"
    assert CATALOGUE.as_trained("Gene-products") == "gene product"
    assert CATALOGUE.as_trained("side reaction") is None


def test_a_label_goes_before_another_ones_variant() -> None:
    rows = (TrainedLabel("gene or protein", prompt_variants=("protein",)), TrainedLabel("protein"))
    assert Catalogue(rows).familiar("proteins") == "protein"


def test_other_words_are_not_familiar_and_have_near_ones() -> None:
    assert CATALOGUE.familiar("adverse reaction") is None
    assert CATALOGUE.nearest("adverse reaction") == ["adverse event"]
    assert CATALOGUE.nearest("adverse evnet") == ["adverse event"]
    assert CATALOGUE.nearest("unicorn") == []
    assert Catalogue().nearest("disease") == []


def test_only_what_is_spelled_alike_is_near_without_a_word_in_common() -> None:
    rows = tuple(map(TrainedLabel, ("disease", "function", "chemical", "research task")))
    assert Catalogue(rows).nearest("dissease") == ["disease"]
    assert Catalogue(rows).nearest("heart attack") == []


def test_a_catalogue_is_written_and_read(tmp_path: Path) -> None:
    write_catalogue(LABELS, tmp_path / "labels.json")
    found = read_catalogue(tmp_path / "labels.json")
    assert [label.label for label in found.labels] == [label.label for label in LABELS]
    assert found.labels[0].f1 == 80.5
    assert read_catalogue(tmp_path / "none.json") == Catalogue()


@pytest.mark.parametrize("content", ["{", "[]", '{"labels": [{"name": "x"}]}', "\x00"])
def test_a_broken_catalogue_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(ValueError, match="GB-E016"):
        read_catalogue(tmp_path / "labels.json")


def test_a_checkpoint_keeps_its_catalogue(uni_span: Path, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(uni_span)
    assert checkpoint.catalogue == Catalogue()
    checkpoint.catalogue = CATALOGUE
    write_checkpoint(checkpoint, tmp_path)
    assert read_checkpoint(tmp_path).catalogue.familiar("diseases") == "disease"


def test_an_unfamiliar_label_is_said_once(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(labels=["disease", "adverse reaction"])
    nlp("aspirin")
    component = nlp.get_pipe("gliner_biomed")
    network_shim(component.model).checkpoint.catalogue = CATALOGUE
    match = r"GB-W180.*: 'adverse reaction' \(similar: 'adverse event'\)\. 'python"
    with pytest.warns(UserWarning, match=match):
        nlp("aspirin")
    labels = ["x y"] + [f"qq{i}" for i in range(9)]
    match = r"'x y' \(none is similar\).* 'qq6' \(none is similar\) and 2 more\."
    with pytest.warns(UserWarning, match=match) as given:
        component.predict([nlp.make_doc("aspirin")], labels=labels)
    assert len(given) == 1
    nlp("aspirin")  # warnings are errors here
