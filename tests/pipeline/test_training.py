"""Training through spaCy: overfits, learns only from what is annotated, saves what it learnt."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import SGD, RAdam

from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.trainer import make_adamw
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from tests.tiny import tiny_checkpoint

TEXTS = [
    AnnotatedText(
        "the aspirin of cancer", [(4, 11, "drug"), (15, 21, "disease")], [], ["drug", "disease"]
    ),
    AnnotatedText("a gene was cancer", [(11, 17, "disease")], [], ["drug", "disease"]),
]


def examples_of(nlp: Language, texts: list[AnnotatedText] = TEXTS) -> list[Example]:
    return [Example(nlp.make_doc(text.text), gold_doc(nlp, text, "sc")) for text in texts]


def train(nlp: Language, n_steps: int, **options: float) -> list[float]:
    optimizer = make_adamw(2e-3, scorer_factor=1.0)  # 3e-3 leaves some seeds undecided
    examples = examples_of(nlp)
    return [
        nlp.update(examples, sgd=optimizer, losses={}, **options)["gliner_biomed"]
        for _ in range(n_steps)
    ]


@pytest.mark.parametrize("kind", ["uni_span", "uni_token", "bi_span"])
def test_overfits_two_sentences_then_saves_and_loads(tmp_path: Path, kind: str) -> None:
    folder = tiny_checkpoint(tmp_path / "checkpoint", kind=kind)
    nlp = spacy.blank("en")
    config = {"labels": ["drug", "disease"], "model": {"checkpoint": str(folder)}}
    nlp.add_pipe("gliner_biomed", config={**config, "label_sampler": {"vary": 0.0}})
    nlp.initialize(lambda: examples_of(nlp))
    losses = train(nlp, 200)
    assert losses[-1] < 0.05 * losses[0]
    scores = nlp.evaluate(examples_of(nlp))
    assert scores["spans_sc_f"] == 1.0
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    for text in TEXTS:
        before, after = nlp(text.text), loaded(text.text)
        assert [str(s) for s in before.spans["sc"]] == [str(s) for s in after.spans["sc"]]
        np.testing.assert_allclose(
            before.spans["sc"].attrs["scores"], after.spans["sc"].attrs["scores"], atol=1e-6
        )


def test_labels_that_are_not_annotated_are_never_asked(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(labels=["drug", "disease", "gene"], label_sampler={"vary": 0.0})
    component = nlp.get_pipe("gliner_biomed")
    settings = component.settings()
    for _ in range(20):
        for row in component._training_rows(examples_of(nlp), settings):
            assert set(row.row.prompts) <= {"drug", "disease"}


def test_targets_are_the_gold_spans(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(label_sampler={"vary": 0.0, "all_negatives": 1.0})
    component = nlp.get_pipe("gliner_biomed")
    row = component._training_rows(examples_of(nlp), component.settings())[0]
    found = {
        (int(word), int(width), row.row.prompts[label])
        for word, width, label in np.argwhere(row.targets)
    }
    assert found == {(1, 0, "drug"), (3, 0, "disease")}


def test_gold_without_a_span_group_is_read_from_the_entities(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp()
    doc = nlp.make_doc("the aspirin of cancer")
    doc.ents = [doc.char_span(4, 11, label="drug")]
    losses = nlp.update([Example(nlp.make_doc(doc.text), doc)], sgd=make_adamw(1e-3))
    assert losses["gliner_biomed"] > 0


def test_gradients_accumulate_until_a_step_is_taken(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp()
    component = nlp.get_pipe("gliner_biomed")
    network = network_shim(component.model).checkpoint.network
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    component.update(examples_of(nlp), sgd=None)  # nlp.update would make an optimizer
    assert all((before[name] == p).all() for name, p in network.named_parameters())
    component.finish_update(make_adamw(1e-3))
    assert any((before[name] != p).any() for name, p in network.named_parameters())


def test_a_failed_update_leaves_no_gradients(
    make_nlp: Callable[..., Language], monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = make_nlp(batch_subtokens=64)
    component = nlp.get_pipe("gliner_biomed")
    results = [component.get_loss]

    def fails_at_the_second_batch(*arguments: Any) -> Any:
        if not results:
            raise MemoryError
        return results.pop()(*arguments)

    monkeypatch.setattr(component, "get_loss", fails_at_the_second_batch)
    with pytest.raises(MemoryError):
        component.update(examples_of(nlp) * 3)
    assert not results
    network = network_shim(component.model).checkpoint.network
    assert all(p.grad is None for p in network.parameters())


def test_dropout_reaches_torch(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(label_sampler={"vary": 0.0, "all_negatives": 1.0})
    component = nlp.get_pipe("gliner_biomed")
    rows = [row.row for row in component._training_rows(examples_of(nlp), component.settings())]
    shim = network_shim(component.model)
    plain, dropped = shim.begin_update(rows, 0.0)[0], shim.begin_update(rows, 0.5)[0]
    np.testing.assert_allclose(plain[0], shim.logits(rows)[0], atol=1e-5)
    spans = np.isfinite(plain[0])
    assert np.abs(plain[0][spans] - dropped[0][spans]).max() > 1e-3


def test_gold_that_no_span_can_express_is_counted_and_said_once(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp()
    lost = AnnotatedText("aspirin-induced", [(0, 7, "drug"), (0, 15, "drug")], [], ["drug"])
    wide = AnnotatedText("a b c d e f", [(0, 11, "drug")], [], ["drug"])
    with pytest.warns(UserWarning, match="GB-W009"):
        nlp.update(examples_of(nlp, [lost, wide]), sgd=make_adamw(1e-3))
    nlp.update(examples_of(nlp, [lost]), sgd=make_adamw(1e-3))
    stats = nlp.get_pipe("gliner_biomed").stats
    assert (stats["gold"], stats["gold_lost"]) == (5, 3)


def test_a_prompt_that_does_not_fit_asks_fewer_labels(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(label_sampler={"vary": 0.0, "all_negatives": 1.0, "max_labels": 99})
    component = nlp.get_pipe("gliner_biomed")
    many = AnnotatedText("the aspirin of cancer", [], [], [f"label{i}" for i in range(50)])
    (row,) = component._training_rows(examples_of(nlp, [many]), component.settings())
    assert 3 < len(row.row.prompts) < 50
    assert len(row.row) <= 128
    assert row.targets.shape[-1] == len(row.row.prompts)


def test_token_targets_are_start_end_and_inside(
    make_nlp: Callable[..., Language], uni_token: Path
) -> None:
    nlp = make_nlp(uni_token, label_sampler={"vary": 0.0, "all_negatives": 1.0})
    component = nlp.get_pipe("gliner_biomed")
    text = AnnotatedText("aspirin of the cell cancer", [(11, 26, "drug")], [], ["drug", "gene"])
    (row,) = component._training_rows(examples_of(nlp, [text]), component.settings())
    drug = list(row.row.prompts).index("drug")
    assert np.argwhere(row.targets).tolist() == [
        [2, drug, 0],
        [2, drug, 2],
        [3, drug, 2],
        [4, drug, 1],
        [4, drug, 2],
    ]


def test_training_logits_equal_prediction_for_rows_with_different_labels(tmp_path: Path) -> None:
    """The bi-encoder scores all labels of a batch and picks each row's own."""
    folder = tiny_checkpoint(tmp_path, kind="bi_span")
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed", config={"model": {"checkpoint": str(folder)}})
    component = nlp.get_pipe("gliner_biomed")
    texts = [TEXTS[0], AnnotatedText(TEXTS[1].text, [], [], ["gene", "drug", "cell"])]
    rows = [r.row for r in component._training_rows(examples_of(nlp, texts), component.settings())]
    shim = network_shim(component.model)
    together = shim.begin_update(rows, 0.0)[0]
    for row, logits in zip(rows, together, strict=True):
        np.testing.assert_allclose(logits, shim.logits([row])[0], atol=1e-5)


def partly_annotated(nlp: Language) -> Doc:
    """One drug; it is not known what the two words after it are."""
    doc = Doc(nlp.vocab, words=["the", "aspirin", "of", "cancer", "cells"])
    doc.set_ents([Span(doc, 1, 2, label="drug")], missing=[doc[2:4]])
    return doc


@pytest.mark.parametrize("kind", ["uni_span", "uni_token"])
def test_missing_tokens_are_no_negatives(
    make_nlp: Callable[..., Language], kind: str, request: pytest.FixtureRequest
) -> None:
    checkpoint = request.getfixturevalue(kind)
    nlp = make_nlp(checkpoint, label_sampler={"vary": 0.0, "all_negatives": 1.0})
    component = nlp.get_pipe("gliner_biomed")
    doc = partly_annotated(nlp)
    (row,) = component._training_rows([Example(nlp.make_doc(doc.text), doc)], component.settings())
    known = ~np.isnan(row.targets)
    if kind == "uni_token":
        expected = [True, True, False, False, True]
        assert known.all(axis=(1, 2)).tolist() == known.any(axis=(1, 2)).tolist() == expected
    else:
        spans = {(int(w), int(k)) for w, k in np.argwhere(known.all(axis=-1)) if w + k < 5}
        assert spans == {(0, 0), (0, 1), (1, 0), (4, 0)}
        assert (known.all(axis=-1) == known.any(axis=-1)).all()
    logits = np.zeros(row.targets.shape, dtype=np.float32)
    loss, gradient = component.loss(logits, row.targets)
    assert np.isfinite(loss)
    assert (gradient[~known] == 0).all()
    assert (gradient[known] != 0).all()


def test_docs_without_annotation_teach_nothing_and_are_counted(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp()
    examples = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in ("a cell", "a gene")]
    network = network_shim(nlp.get_pipe("gliner_biomed").model).checkpoint.network
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    with pytest.warns(UserWarning, match=r"GB-W142\] 2 training documents"):
        losses = nlp.update(examples, sgd=make_adamw(1e-3))
    nlp.update(examples, sgd=make_adamw(1e-3))
    assert losses["gliner_biomed"] == 0
    assert all((before[name] == p).all() for name, p in network.named_parameters())
    assert nlp.get_pipe("gliner_biomed").stats["without_gold"] == 4


def test_gold_with_white_space_at_an_end_is_learnt_without_it(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp(label_sampler={"vary": 0.0, "all_negatives": 1.0})
    component = nlp.get_pipe("gliner_biomed")
    doc = Doc(nlp.vocab, words=["cancer", "\n\n", "cell"], spaces=[False, False, False])
    doc.spans["sc"] = [Span(doc, 0, 2, label="disease"), Span(doc, 1, 2, label="disease")]
    example = Example(nlp.make_doc(doc.text), doc)
    with pytest.warns(UserWarning, match=r"GB-W144\].* of 2 gold entities was"):
        (row,) = component._training_rows([example], component.settings())
    disease = list(row.row.prompts).index("disease")
    assert np.argwhere(row.targets).tolist() == [[0, 0, disease]]


def test_spacys_default_optimizer_is_warned_of_once_and_ours_suits(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp()
    optimizer = nlp.initialize(lambda: examples_of(nlp))
    with pytest.warns(UserWarning, match=r"GB-W143.*learning rate is 0.001") as record:
        nlp.update(examples_of(nlp), sgd=optimizer)
    nlp.update(examples_of(nlp), sgd=optimizer)  # once
    assert [warning.filename for warning in record] == [__file__]
    component = make_nlp().get_pipe("gliner_biomed")
    ours = component.create_optimizer()
    component.update(examples_of(nlp), sgd=ours)  # no warning
    assert float(ours.learn_rate) <= 1e-4


@pytest.mark.parametrize("as_words", [True, False])
def test_labels_of_corpora_are_learned_as_words_and_written_as_they_are(
    make_nlp: Callable[..., Language], as_words: bool
) -> None:
    nlp = make_nlp(labels=[], threshold=0.0, label_sampler={"vary": 0.0, "all_negatives": 1.0})
    names = ["ADR", "GENE_OR_PROTEIN"]
    text = AnnotatedText("a gene was seen", [(2, 6, "GENE_OR_PROTEIN")], [], names)
    component = nlp.get_pipe("gliner_biomed")
    examples = examples_of(nlp, [text])
    component.initialize(lambda: examples, nlp=nlp, labels_as_words=as_words)
    assert set(component.labels) == set(names)
    (row,) = component._training_rows(examples, component.settings())
    asked = "gene or protein" if as_words else "GENE_OR_PROTEIN"
    assert set(row.row.prompts) == {"ADR", asked}
    label = row.row.prompts.index(asked)
    assert [tuple(found) for found in np.argwhere(row.targets)] == [(1, 0, label)]
    doc = nlp("a gene was seen")
    found = {span.label_ for span in doc.spans["sc"]}
    assert found <= set(names)
    assert found


def test_spellings_of_a_label_are_never_negatives_of_each_other(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp(labels=[], label_sampler={"vary": 0.0})
    text = AnnotatedText("aspirin or statin", [(0, 7, "GENE"), (11, 17, "gene")], [], None)
    examples = examples_of(nlp, [text])
    nlp.initialize(lambda: examples)
    component: Any = nlp.get_pipe("gliner_biomed")
    assert component.labels == ("GENE", "gene")
    for _ in range(5):
        (row,) = component._training_rows(examples, component.settings())
        assert len(row.row.label_positions) == 1
        assert np.argwhere(row.targets == 1)[:, 0].tolist() == [0, 2]
    assert (component.stats["gold"], component.stats["gold_lost"]) == (10, 0)


def test_initialize_begins_again_with_the_configured_weights(
    tmp_path: Path, make_nlp: Callable[..., Language]
) -> None:
    nlp = make_nlp(labels=["drug", "disease"], label_sampler={"vary": 0.0})
    nlp.initialize(lambda: examples_of(nlp))
    first = nlp("the aspirin of cancer", component_cfg={"gliner_biomed": {"threshold": 0.0}})
    train(nlp, 3)
    nlp.initialize(lambda: examples_of(nlp))
    again = nlp("the aspirin of cancer", component_cfg={"gliner_biomed": {"threshold": 0.0}})
    assert [span._.score for span in first.spans["sc"]] == pytest.approx(
        [span._.score for span in again.spans["sc"]], abs=1e-6
    )
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    loaded.initialize(lambda: examples_of(loaded))  # not trained since it was loaded
    train(loaded, 1)
    with pytest.warns(UserWarning, match=r"\[GB-W416\] 'gliner_biomed' keeps its trained weights"):
        loaded.initialize(lambda: examples_of(loaded))


@pytest.mark.parametrize("make", [SGD, RAdam])
def test_an_optimizer_that_is_not_adam_is_refused(
    make_nlp: Callable[..., Language], make: Callable[[float], Any]
) -> None:
    nlp = make_nlp(labels=["drug", "disease"])
    nlp.initialize(lambda: examples_of(nlp))
    with pytest.raises(ValueError, match=r"\[GB-E416\].*SGD or RAdam.*create_optimizer"):
        nlp.update(examples_of(nlp), sgd=make(1e-4))
