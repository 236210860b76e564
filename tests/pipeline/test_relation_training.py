"""Relations are trained with entities: overfit, saved, and never from what is not annotated."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import Optimizer

from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.trainer import make_adamw
from spacy_gliner_biomed.pipeline.component import GlinerBiomed
from spacy_gliner_biomed.pipeline.relation_annotation import read_relations
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from spacy_gliner_biomed.training.training_rows import TrainingRow
from tests.tiny import tiny_checkpoint

ASPIRIN, CANCER, GENE = (4, 11, "drug"), (15, 21, "disease"), (2, 6, "drug")
TEXTS = [
    AnnotatedText(
        "the aspirin of cancer",
        [ASPIRIN, CANCER],
        [],
        ["drug", "disease"],
        relations=[(ASPIRIN, CANCER, "treats")],
        annotated_relations=["treats", "causes"],
    ),
    AnnotatedText(
        "a gene was cancer",
        [GENE, (11, 17, "disease")],
        [],
        ["drug", "disease"],
        relations=[((11, 17, "disease"), GENE, "causes")],
        annotated_relations=["treats", "causes"],
    ),
]
SAMPLERS = {
    "label_sampler": {"vary": 0.0, "all_negatives": 1.0},
    "relation_sampler": {"all_negatives": 1.0},
}


def make_nlp(folder: Path, **config: Any) -> Language:
    nlp = spacy.blank("en")
    values = {"labels": ["drug", "disease"], **SAMPLERS, "model": {"checkpoint": str(folder)}}
    nlp.add_pipe("gliner_biomed", config={**values, **config})
    return nlp


def examples_of(nlp: Language, texts: list[AnnotatedText] = TEXTS) -> list[Example]:
    return [Example(nlp.make_doc(text.text), gold_doc(nlp, text, "sc")) for text in texts]


def component_of(nlp: Language) -> GlinerBiomed:
    component = nlp.get_pipe("gliner_biomed")
    assert isinstance(component, GlinerBiomed)
    return component


def rows_of(nlp: Language, texts: list[AnnotatedText]) -> list[TrainingRow]:
    component = component_of(nlp)
    return component._training_rows(examples_of(nlp, texts), component.settings())


@pytest.mark.parametrize(("kind", "layer"), [("uni_span", "mlp"), ("uni_token", "none")])
def test_overfits_two_sentences_then_saves_and_loads(tmp_path: Path, kind: str, layer: str) -> None:
    folder = tiny_checkpoint(tmp_path / "checkpoint", kind=kind, relations_layer=layer)
    nlp = make_nlp(folder)
    nlp.initialize(lambda: examples_of(nlp))
    assert component_of(nlp).relations == ["causes", "treats"]
    optimizer, examples = make_adamw(2e-3, scorer_factor=1.0), examples_of(nlp)
    found, steps = (0.0, 0.0), 0
    # How many steps it takes depends on the order of labels and on the last digits of sums.
    while found != (1.0, 1.0) and steps < 800:
        for _ in range(20):
            learn(nlp, examples, optimizer)
        scores, steps = nlp.evaluate(examples_of(nlp)), steps + 20
        found = (scores["spans_sc_f"], scores["relations_f"])
    assert found == (1.0, 1.0)
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    for text in TEXTS:
        before, after = (read_relations(each(text.text)) for each in (nlp, loaded))
        assert [(*map(str, x[:2]), x.label) for x in before] == [
            (*map(str, x[:2]), x.label) for x in after
        ]
        np.testing.assert_allclose([x.score for x in before], [x.score for x in after], atol=1e-6)


def learn(nlp: Language, examples: list[Example], optimizer: Optimizer) -> float:
    loss: float = nlp.update(examples, sgd=optimizer, losses={})["gliner_biomed"]
    return loss


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("span"), relations_layer="mlp")


def n_asked(row: TrainingRow) -> int:
    assert row.row.relation_positions is not None
    return len(row.row.relation_positions)


def test_relations_that_are_not_annotated_are_never_negatives(folder: Path) -> None:
    nlp = make_nlp(folder, relations=["treats", "causes", "prevents"])
    silent = AnnotatedText(TEXTS[0].text, TEXTS[0].spans, [], ["drug", "disease"])
    some = replace(silent, relations=[], annotated_relations=["treats"])
    both, nothing, one = rows_of(nlp, [TEXTS[0], silent, some])
    assert [n_asked(row) for row in (both, nothing, one)] == [2, 0, 1]
    assert both.relations is not None
    assert nothing.relations is not None
    assert one.relations is not None
    assert both.relations.targets.sum() == 1
    assert nothing.relations.targets.shape == (0, 0)
    assert one.relations.targets.tolist() == [[0.0], [0.0]]


def test_a_doc_that_does_not_say_annotates_all_relations_of_the_component(folder: Path) -> None:
    nlp = make_nlp(folder, relations=["treats", "causes", "prevents"])
    text = AnnotatedText(TEXTS[0].text, TEXTS[0].spans, [], None, relations=TEXTS[0].relations)
    (row,) = rows_of(nlp, [text])
    assert n_asked(row) == 3


def test_relations_are_asked_for_by_their_prompts(folder: Path) -> None:
    nlp = make_nlp(folder, relations=[{"relation": "treats", "prompt": "drug of cancer"}, "causes"])
    (row,) = rows_of(nlp, TEXTS[:1])
    ids, _ = network_shim(component_of(nlp).model).checkpoint.subtokens.encode(["drug of cancer"])
    assert n_asked(row) == 2
    assert str(ids.tolist())[1:-1] in str(row.row.input_ids.tolist())


def test_relations_that_no_row_can_express_are_counted_and_said_once(folder: Path) -> None:
    nlp = make_nlp(folder, relations=["treats"], window=8)
    text = "the aspirin " + "of a cell " * 8 + "cancer"
    far = (len(text) - 6, len(text), "disease")
    apart = AnnotatedText(text, [ASPIRIN, far], [], None, relations=[(ASPIRIN, far, "treats")])
    unknown = AnnotatedText(text, [ASPIRIN], [], None, relations=[(ASPIRIN, far, "treats")])
    with pytest.warns(UserWarning, match=r"GB-W353\] 2 gold relations"):
        rows = rows_of(nlp, [TEXTS[0], apart, unknown])
    assert sum(row.relations.targets.sum() for row in rows if row.relations) == 1
    stats = component_of(nlp).stats
    assert (stats["gold_relations"], stats["gold_relations_lost"]) == (3, 2)


def test_gradients_reach_entities_and_relations(folder: Path) -> None:
    nlp = make_nlp(folder, relations=["treats", "causes"])
    component = component_of(nlp)
    component.update(examples_of(nlp))
    network = network_shim(component.model).checkpoint.network
    moved = {name.split(".")[0] for name, p in network.named_parameters() if p.grad is not None}
    assert moved >= {"encoder", "span_scorer", "prompt_projection", "relation_scorer"}
    adjacency = [p.grad for name, p in network.named_parameters() if ".adjacency." in name]
    assert all(gradient is not None and gradient.abs().max() > 0 for gradient in adjacency)


def test_data_with_relations_for_a_checkpoint_without_them(tmp_path: Path) -> None:
    nlp = make_nlp(tiny_checkpoint(tmp_path))
    with pytest.warns(UserWarning, match=r"GB-W351.*relations_layer"):
        nlp.initialize(lambda: examples_of(nlp))
    (row, _) = rows_of(nlp, TEXTS)
    assert row.relations is None
    assert component_of(nlp).relations == []


def test_data_that_says_nothing_about_relations(folder: Path) -> None:
    nlp = make_nlp(folder, relations=["treats"])
    silent = AnnotatedText(TEXTS[0].text, TEXTS[0].spans, [], ["drug", "disease"])
    with pytest.warns(UserWarning, match=r"GB-W352"):
        nlp.initialize(lambda: examples_of(nlp, [silent]))


def test_relations_of_the_data_are_asked_for_in_words(folder: Path) -> None:
    nlp = make_nlp(folder)
    text = AnnotatedText(
        TEXTS[0].text,
        TEXTS[0].spans,
        [],
        None,
        relations=[],
        annotated_relations=["CausedBy", "treats"],
    )
    nlp.initialize(lambda: examples_of(nlp, [text]))
    expected = [{"relation": "CausedBy", "prompt": "caused by"}, "treats"]
    assert component_of(nlp).relations == expected


def test_a_training_goes_on_with_the_same_relations(folder: Path) -> None:
    nlp, other = (make_nlp(folder, relations=["treats", "causes"]) for _ in range(2))
    first, second = component_of(nlp), component_of(other)
    first.relation_sampler.random.random()
    second.restore_training_state(first.training_state())
    drawn = [[x.relation_sampler(["a"], ["b", "c"]) for _ in range(9)] for x in (first, second)]
    assert drawn[0] == drawn[1]


def test_long_prompts_of_labels_leave_room_for_the_text(folder: Path) -> None:
    """The text of a row has what the prompts do not need, instead of one half."""
    text = " ".join(["a cell of the patient"] * 16)
    long = AnnotatedText(text, [(2, 6, "drug")], [], None)
    with_relations = rows_of(make_nlp(folder, relations=["treats"], window=100), [long])
    plain = tiny_checkpoint(folder.parent / "plain")
    without = rows_of(make_nlp(plain, window=100), [long])
    assert len(with_relations) < len(without)
    assert max(len(row.row) for row in with_relations) <= 128
