"""`Span._.score` reads the scores of span groups, wherever the groups are."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.vocab import Vocab

from spacy_gliner_biomed.pipeline.annotation import annotate, best_score_filter
from spacy_gliner_biomed.pipeline.span_scores import add_score_extension, score_of
from spacy_gliner_biomed.types import ScoredSpan

MakeNlp = Callable[..., Language]
TEXT = "Aspirin for the cold; cocaine-induced pain."


@pytest.fixture(autouse=True)
def extension() -> None:
    add_score_extension()


def scores(doc: Doc, key: str = "sc") -> list[float | None]:
    return [span._.score for span in doc.spans[key]]


def test_spans_and_entities_have_the_scores_of_the_group(make_nlp: MakeNlp) -> None:
    doc = make_nlp(threshold=0.3, overlap="nested", multi_label=True)(TEXT)
    assert len(doc.spans["sc"]) > len(doc.ents) > 0
    assert scores(doc) == doc.spans["sc"].attrs["scores"]
    by_span = {(s.start, s.end, s.label_): s._.score for s in doc.spans["sc"]}
    assert [e._.score for e in doc.ents] == [by_span[e.start, e.end, e.label_] for e in doc.ents]


def test_a_span_without_a_score_has_none(make_nlp: MakeNlp) -> None:
    doc = make_nlp(threshold=0.3)(TEXT)
    assert Span(doc, 0, 1, label="other")._.score is None
    doc.spans["mine"] = [Span(doc, 0, 2, label="other")]
    assert scores(doc, "mine") == [None]


def test_moved_and_kept_spans_have_their_scores(doc: Doc, make_settings: Any) -> None:
    doc.spans["sc"] = [Span(doc, 1, 2, label="own")]  # by hand: sure
    found = [ScoredSpan(1, 2, "A", 0.75)]  # inside a token
    annotate(doc, found, make_settings(alignment="expand"), best_score_filter)
    assert [(s.label_, s._.score) for s in doc.spans["sc"]] == [("A", 0.75), ("own", 1.0)]
    assert doc.ents[0]._.score == 0.75


def test_scores_survive_saving_and_other_processes(make_nlp: MakeNlp, tmp_path: Path) -> None:
    nlp = make_nlp(threshold=0.3)
    doc = nlp(TEXT)
    expected = scores(doc)
    assert expected
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    assert scores(loaded(TEXT)) == expected
    (stored,) = DocBin(docs=[doc]).get_docs(Vocab())
    for copy in (
        pickle.loads(pickle.dumps(doc)),
        stored,
        Doc(nlp.vocab).from_bytes(doc.to_bytes()),
    ):
        assert scores(copy) == pytest.approx(expected)
    first, second = nlp.pipe([TEXT] * 2, n_process=2, batch_size=1)
    assert scores(first) == scores(second) == pytest.approx(expected)


def test_groups_in_any_order_and_with_arrays_of_scores(doc: Doc) -> None:
    spans = [Span(doc, start, start + 1, label="A") for start in (4, 0, 2)]
    attrs = {"scores": np.array([0.4, 0.5, 0.25], dtype="f")}
    doc.spans["spancat"] = SpanGroup(doc, name="spancat", attrs=attrs, spans=spans)
    assert scores(doc, "spancat") == [pytest.approx(0.4), 0.5, 0.25]
    assert isinstance(spans[0]._.score, float)


def test_an_appended_span_has_no_score_and_the_others_keep_theirs(doc: Doc) -> None:
    spans = [Span(doc, start, start + 1, label="A") for start in (0, 2, 4)]
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs={"scores": [0.5, 0.25]}, spans=spans)
    assert scores(doc) == [0.5, 0.25, None]
    fewer = SpanGroup(doc, name="sc", attrs={"scores": [0.5, 0.25]}, spans=spans[:1])
    doc.spans["sc"] = fewer  # to which span the scores belong is not known
    assert scores(doc) == [None]


def test_an_extension_of_another_package_stays() -> None:
    Span.remove_extension("score")
    try:
        Span.set_extension("score", default=7)
        add_score_extension()
        assert Doc(Vocab(), words=["a"])[:]._.score == 7
    finally:
        Span.remove_extension("score")
        add_score_extension()
    assert Span.get_extension("score")[2] is score_of


def test_labels_are_in_the_string_store_from_the_start(make_nlp: MakeNlp, tmp_path: Path) -> None:
    nlp = make_nlp(labels=["rare disorder", {"label": "MED", "prompt": "drug"}])
    gliner: Any = nlp.get_pipe("gliner_biomed")
    assert "rare disorder" in nlp.vocab.strings
    assert "MED" in nlp.vocab.strings
    gliner.labels = ["later one"]
    assert "later one" in nlp.vocab.strings
    gliner.add_label("last one")
    assert "last one" in nlp.vocab.strings
    nlp.to_disk(tmp_path)
    assert "last one" in spacy.load(tmp_path).vocab.strings


READ = """
import sys
from spacy.tokens import DocBin
import spacy
from spacy_gliner_biomed.pipeline.span_scores import add_score_extension
add_score_extension()
(doc,) = DocBin().from_disk(sys.argv[1]).get_docs(spacy.blank("en").vocab)
print([round(ent._.score, 4) for ent in doc.ents])
"""


def test_a_docbin_is_read_without_the_component(make_nlp: MakeNlp, tmp_path: Path) -> None:
    doc = make_nlp(threshold=0.3)(TEXT)
    DocBin(docs=[doc]).to_disk(tmp_path / "docs.spacy")
    command = [sys.executable, "-c", READ, str(tmp_path / "docs.spacy")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == str([round(ent._.score, 4) for ent in doc.ents])


def test_a_removed_span_makes_no_other_one_certain(doc: Doc, make_settings: Any) -> None:
    spans = [Span(doc, 0, 1, label="A"), Span(doc, 1, 2, label="B")]
    scores_of_three = {"scores": [0.9, 0.8, 0.7]}  # nothing tells which of them are left
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs=scores_of_three, spans=spans)
    annotate(doc, [], make_settings(), best_score_filter)
    assert scores(doc) == [None, None]


def test_labels_are_in_the_vocab_of_each_pipeline(make_nlp: MakeNlp) -> None:
    source, other = make_nlp(threshold=0.0), spacy.blank("de")
    other.add_pipe("gliner_biomed", source=source)
    source.get_pipe("gliner_biomed").labels = ["label of later"]
    with other.memory_zone():
        other(TEXT)
    assert "label of later" in other.vocab.strings
