"""Gold entities on Docs: what a Doc knows of its corpus, and what cannot be learnt."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.cli import app
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from typer.testing import CliRunner

from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from spacy_gliner_biomed.training.gold import (
    Gold,
    count_lost,
    gold_labels,
    merge_labels,
    missing_characters,
    read_gold,
    trim_spans,
    write_gold,
)
from tests.pipeline.test_training import examples_of
from tests.pipeline.test_training_run import CONFIG

LOST = AnnotatedText(
    "aspirin-induced pain",
    [(0, 7, "drug"), (8, 15, "drug"), (0, 4, "drug")],
    [],
    ["drug"],
    corpus="one",
)
WIDE = AnnotatedText("a b c d e f", [(0, 11, "disease")], [], ["disease"], corpus="two")


def test_corpus_and_annotated_labels_survive_a_docbin() -> None:
    nlp = spacy.blank("en")
    data = DocBin(docs=[gold_doc(nlp, LOST, "sc")]).to_bytes()
    (doc,) = DocBin().from_bytes(data).get_docs(nlp.vocab)
    assert read_gold(doc, "sc") == Gold(list(LOST.spans), ["drug"], "one")


def test_a_doc_that_does_not_say_has_no_annotated_labels() -> None:
    nlp = spacy.blank("en")
    unknown = AnnotatedText("a b", [(0, 1, "x")], [], None)
    assert read_gold(gold_doc(nlp, unknown, "sc"), "sc") == Gold([(0, 1, "x")], None, "")
    assert read_gold(nlp.make_doc("a b"), "sc") == Gold([], None, "", ((0, 3),))


def test_lost_entities_are_counted_by_corpus() -> None:
    golds = [(t.text, Gold(t.spans, t.annotated, t.corpus)) for t in (LOST, WIDE)]
    assert count_lost(golds, "whitespace", 4) == {"one": (3, 3), "two": (1, 1)}
    assert count_lost(golds, "fine", 6) == {"one": (1, 3), "two": (0, 1)}


def test_labels_come_in_the_order_of_their_first_appearance() -> None:
    golds = [Gold([(0, 1, "b")], ["c"]), Gold([(0, 1, "a")], None)]
    assert gold_labels(golds) == ["c", "b", "a"]


def test_initialize_takes_labels_from_the_data_and_reports_what_is_lost(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp(labels=[])
    examples = [Example(nlp.make_doc(t.text), gold_doc(nlp, t, "sc")) for t in (LOST, WIDE)]
    with pytest.warns(UserWarning, match=r"GB-W010.*4 words: one 3 of 3, two 1 of 1\."):
        nlp.initialize(lambda: examples)
    assert nlp.get_pipe("gliner_biomed").labels == ("drug", "disease")


def test_initialize_keeps_the_labels_of_the_config(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(labels=["gene"])
    text = AnnotatedText("a b", [(0, 1, "gene")], [], ["gene", "drug"])
    nlp.initialize(lambda: [Example(nlp.make_doc("a b"), gold_doc(nlp, text, "sc"))])
    assert nlp.get_pipe("gliner_biomed").labels == ("gene",)


def test_init_labels_writes_what_initialize_reads(tmp_path: Path, uni_span: Path) -> None:
    """spaCy's own command, on a config whose component has no labels yet."""
    nlp = spacy.blank("en")
    DocBin(docs=[eg.reference for eg in examples_of(nlp)]).to_disk(tmp_path / "docs.spacy")
    values = {"docs": tmp_path / "docs.spacy", "checkpoint": uni_span}
    quoted = {key: json.dumps(str(value)) for key, value in values.items()}
    (tmp_path / "c.cfg").write_text(CONFIG.format(**quoted, lora_rank=0, patience=0))
    arguments = ["init", "labels", str(tmp_path / "c.cfg"), str(tmp_path / "labels")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    labels = srsly.read_json(tmp_path / "labels" / "gliner_biomed.json")
    assert labels == ["disease", "drug"]
    other = spacy.blank("en")
    component = other.add_pipe("gliner_biomed", config={"model": {"checkpoint": str(uni_span)}})
    component.initialize(lambda: examples_of(other), nlp=other, labels=labels)
    assert component.labels == ("disease", "drug")


def test_tokens_without_annotation_are_unknown() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["a", "bc", "d", "e", "f"])
    assert missing_characters(doc) == [(0, 10)]
    doc.set_ents([Span(doc, 0, 1, label="x")], missing=[doc[1:3], doc[4:5]], blocked=[doc[3:4]])
    gold = read_gold(doc, "sc")
    assert (gold.spans, gold.unknown) == ([(0, 1, "x")], ((2, 6), (9, 10)))
    doc.spans["sc"] = []  # says of each token that it is in none
    assert read_gold(doc, "sc") == Gold([], None)


def test_an_entity_without_a_label_is_unknown() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["a", "b"])
    doc.spans["sc"] = [Span(doc, 0, 1), Span(doc, 1, 2, label="x")]
    gold = read_gold(doc, "sc")
    assert (gold.spans, gold.unknown) == ([(2, 3, "x")], ((0, 1),))


@pytest.mark.parametrize(
    ("span", "expected"),
    [((0, 5), [(0, 4)]), ((4, 8), [(5, 8)]), ((3, 6), [(3, 6)]), ((4, 5), []), ((8, 10), [])],
)
def test_white_space_at_the_ends_of_a_span_is_left_out(
    span: tuple[int, int], expected: list[tuple[int, int]]
) -> None:
    text = "Zinc for\n\n"
    trimmed, n_changed = trim_spans(text, [(*span, "drug"), (0, 4, "drug")])
    assert trimmed == [*((*each, "drug") for each in expected), (0, 4, "drug")]
    assert n_changed == ([span] != expected)


def test_gold_with_white_space_is_written_without_and_counted() -> None:
    nlp = spacy.blank("en")
    doc = nlp.make_doc("Zinc  for fever.")
    spans = [(0, 5, "drug"), (9, 15, "disease"), (4, 6, "drug")]
    assert write_gold(doc, Gold(spans, None), "sc") == 3
    assert [(span.text, span.label_) for span in doc.spans["sc"]] == [
        ("Zinc", "drug"),
        ("fever", "disease"),
    ]


@pytest.mark.parametrize("span", [(1, 4), (0, 99), (15, 18), (5, 4), (-1, 3)])
def test_gold_that_no_token_fits_is_an_error_with_its_offsets(span: tuple[int, int]) -> None:
    doc = spacy.blank("en").make_doc("Zinc for fever.")
    with pytest.raises(ValueError, match=rf"GB-E146.* {span[0]}\.\.{span[1]} "):
        write_gold(doc, Gold([(*span, "drug")], None), "sc")


def test_merged_labels_are_one_label() -> None:
    drug, other = (0, 7, "Drug"), (0, 7, "DRUG")
    gold = Gold(
        [drug, other, (8, 9, "x")],
        ["DRUG", "Drug", "x"],
        partial={"DRUG": [(0, 7, True)], "Drug": [(8, 9, False)]},
        relations=[(other, (8, 9, "x"), "r")],
    )
    merged = merge_labels(gold, lambda label: "Drug" if label == "DRUG" else label)
    assert merged.spans == [drug, (8, 9, "x")]
    assert merged.annotated == ["Drug", "x"]
    assert merged.partial == {"Drug": [(0, 7, True), (8, 9, False)]}
    assert merged.relations == [(drug, (8, 9, "x"), "r")]
    assert merge_labels(Gold([], None), str) == Gold([], None)
