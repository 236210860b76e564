"""The promises the component makes to spaCy within one process; for saving see `test_saving.py`."""

from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

TEXTS = [
    "Famotidine-associated delirium was seen in six patients.",
    "Aspirin was of no use.",
    "The gene TP53 of cancer cells.",
]


class Unreadable(Doc):
    """A Doc with which prediction fails."""

    @property
    def text(self) -> str:
        raise KeyError("unreadable")


def found(doc: Doc) -> list[tuple[str, str, float]]:
    group = doc.spans["sc"]
    scores = group.attrs["scores"]
    return [(s.text, s.label_, round(p, 4)) for s, p in zip(group, scores, strict=True)]


def bad_doc(nlp: Language) -> Doc:
    return Unreadable(nlp.vocab, words=["not", "readable"])


def collect_errors(nlp: Language) -> list[tuple[str, list[Doc], Exception]]:
    errors: list[tuple[str, list[Doc], Exception]] = []
    nlp.set_error_handler(lambda name, proc, docs, error: errors.append((name, docs, error)))
    return errors


@pytest.fixture
def nlp(make_nlp) -> Language:
    return make_nlp(threshold=0.3)


def test_call_and_pipe_find_the_same_in_order(nlp):
    alone = [found(nlp(text)) for text in TEXTS]
    assert all(alone)
    for batch_size in (1, 2, 128):
        docs = list(nlp.pipe(TEXTS, batch_size=batch_size))
        assert [doc.text for doc in docs] == TEXTS
        assert [found(doc) for doc in docs] == alone


def test_it_works_when_added_and_never_initialized(nlp):
    assert nlp.get_pipe("gliner_biomed").is_trainable
    assert found(nlp(TEXTS[0]))


def test_it_works_the_same_when_initialized(make_nlp, nlp):
    initialized = make_nlp(threshold=0.3)
    initialized.initialize()
    assert found(initialized(TEXTS[0])) == found(nlp(TEXTS[0]))


def test_initialize_takes_labels(nlp):
    labels = ["gene", {"label": "CELL", "prompt": "cell"}]
    nlp.config["initialize"]["components"]["gliner_biomed"] = {"labels": labels}
    nlp.initialize()
    assert nlp.get_pipe("gliner_biomed").labels == ("gene", "CELL")
    assert nlp.get_pipe("gliner_biomed").label_data == labels


def test_empty_and_short_docs_get_an_empty_group_or_one_of_their_words(nlp):
    for text in ("", " ", "a"):
        doc = nlp(text)
        assert {s.text for s in doc.spans["sc"]} <= {"a"}
        assert len(doc.spans["sc"].attrs["scores"]) == len(doc.spans["sc"])


def test_predict_changes_no_doc_and_set_annotations_writes(nlp):
    pipe = nlp.get_pipe("gliner_biomed")
    docs = [nlp.make_doc(text) for text in TEXTS]
    before = [doc.to_bytes() for doc in docs]
    predictions = pipe.predict(docs)
    assert [doc.to_bytes() for doc in docs] == before
    pipe.set_annotations(docs, predictions)
    assert [found(doc) for doc in docs] == [found(nlp(text)) for text in TEXTS]


def test_a_bad_doc_raises_by_default_and_is_no_key_error(nlp):
    docs = [nlp.make_doc(TEXTS[0]), bad_doc(nlp)]
    with pytest.raises(RuntimeError, match="unreadable"):
        list(nlp.pipe(docs))
    with pytest.raises(RuntimeError, match="unreadable"):
        nlp(bad_doc(nlp))


def test_a_bad_doc_does_not_take_its_batch_with_it(nlp):
    alone = [found(nlp(text)) for text in TEXTS]
    errors = collect_errors(nlp)
    bad = bad_doc(nlp)
    first, *others = [nlp.make_doc(text) for text in TEXTS]
    docs = list(nlp.pipe([first, bad, *others]))
    assert [doc.text for doc in docs] == TEXTS
    assert [found(doc) for doc in docs] == alone
    [(name, failed, error)] = errors
    assert (name, failed) == ("gliner_biomed", [bad])
    assert "unreadable" in str(error)


def test_a_doc_that_cannot_be_written_on_does_not_take_its_batch_with_it(nlp):
    pipe = nlp.get_pipe("gliner_biomed")
    good_filter = pipe.ents_filter

    def bad_filter(entities: Any, spans: Any) -> list[Span]:
        spans = list(spans)
        if spans and spans[0].doc.text == TEXTS[1]:
            raise KeyError("unwritable")
        return good_filter(entities, spans)

    pipe.ents_filter = bad_filter
    errors = collect_errors(nlp)
    assert [doc.text for doc in nlp.pipe(TEXTS)] == [TEXTS[0], TEXTS[2]]
    assert [docs[0].text for _, docs, _ in errors] == [TEXTS[1]]
    assert pipe.stats["docs"] == 2  # nothing was done or counted twice


def test_a_doc_with_broken_entities_does_not_take_its_batch_with_it(nlp):
    alone = [found(nlp(text)) for text in TEXTS]
    broken = Doc(nlp.vocab, words=["cocaine-induced", "x"])
    broken.set_ents([], blocked=[broken[0:1]])
    with broken.retokenize() as retokenizer:  # spaCy leaves "I" without "B"
        heads = [(broken[0], 0), (broken[0], 1)]
        retokenizer.split(broken[0], ["cocaine", "-induced"], heads=heads)
    errors = collect_errors(nlp)
    docs = list(nlp.pipe([nlp.make_doc(TEXTS[0]), broken, *map(nlp.make_doc, TEXTS[1:])]))
    assert [found(doc) for doc in docs] == alone
    [(_, failed, error)] = errors
    assert failed == [broken]
    assert "E093" in str(error)


def test_options_of_one_call_change_nothing_for_the_next(nlp):
    pipe = nlp.get_pipe("gliner_biomed")
    before = found(nlp(TEXTS[0]))
    options = {"labels": ["gene", "cell"], "threshold": 0.1, "overlap": "nested"}
    [doc] = nlp.pipe([TEXTS[0]], component_cfg={"gliner_biomed": options})
    called = nlp(TEXTS[0], component_cfg={"gliner_biomed": options})
    assert found(doc) == found(called) == found(pipe(nlp.make_doc(TEXTS[0]), **options))
    assert {label for _, label, _ in found(doc)} <= {"gene", "cell"}
    assert len(found(doc)) > len(before)
    assert found(nlp(TEXTS[0])) == before


def test_an_option_of_none_is_the_setting(nlp):
    doc = nlp(TEXTS[0], component_cfg={"gliner_biomed": {"labels": None, "threshold": None}})
    assert found(doc) == found(nlp(TEXTS[0]))


def test_labels_can_be_set(nlp, make_nlp):
    pipe = nlp.get_pipe("gliner_biomed")
    pipe.labels = ["gene", {"label": "CELL", "prompt": "cell line"}]
    assert pipe.labels == ("gene", "CELL")
    labels = ["gene", {"label": "CELL", "prompt": "cell line"}]
    fresh = make_nlp(labels=labels, threshold=0.3)
    assert found(nlp(TEXTS[2])) == found(fresh(TEXTS[2]))


def test_labels_can_be_added_once(nlp):
    pipe = nlp.get_pipe("gliner_biomed")
    assert [pipe.add_label("gene"), pipe.add_label("gene"), pipe.add_label("drug")] == [1, 0, 0]
    assert pipe.add_label({"label": "drug", "prompt": "medicine"}) == 1
    assert pipe.labels == ("disease", "drug", "gene")
    assert pipe.add_label({"label": "CELL", "threshold": 0.3}) == 1
    assert pipe.add_label("CELL") == 0


def test_a_label_has_a_threshold_of_its_own(make_nlp):
    labels = ["disease", {"label": "drug", "threshold": 1}]
    none = make_nlp(labels=labels, threshold=0.3)
    assert {label for text in TEXTS for _, label, _ in found(none(text))} == {"disease"}


def test_a_label_is_written_as_its_name_and_asked_as_its_prompt(make_nlp, nlp):
    renamed = make_nlp(labels=[{"label": "D", "prompt": "disease"}, "drug"], threshold=0.3)
    expected = [
        (text, {"disease": "D"}.get(label, label), p) for text, label, p in found(nlp(TEXTS[0]))
    ]
    assert found(renamed(TEXTS[0])) == expected


def test_select_pipes_leaves_the_component_out(nlp):
    with nlp.select_pipes(disable=["gliner_biomed"]):
        assert "sc" not in nlp(TEXTS[0]).spans
    assert found(nlp(TEXTS[0]))


def test_a_label_first_seen_in_a_memory_zone_outlives_it(make_nlp):
    nlp = make_nlp(labels=[{"label": "ONLY IN THE ZONE", "prompt": "disease"}], threshold=0.1)
    with nlp.memory_zone():
        doc = nlp(TEXTS[0])
        label = doc.spans["sc"][0].label
    assert nlp.vocab.strings[label] == "ONLY IN THE ZONE"
    assert found(nlp(TEXTS[0]))[0][1] == "ONLY IN THE ZONE"


def test_analyze_pipes_knows_what_it_sets(nlp):
    analysis = nlp.analyze_pipes()
    assert "doc.spans" in analysis["summary"]["gliner_biomed"]["assigns"]
    assert "gliner_biomed" in analysis["attrs"]["doc.ents"]["assigns"]
    assert analysis["problems"]["gliner_biomed"] == []


def test_a_sourced_component_finds_the_same(nlp):
    other = spacy.blank("en")
    other.add_pipe("gliner_biomed", source=nlp)
    assert [found(doc) for doc in other.pipe(TEXTS)] == [found(nlp(text)) for text in TEXTS]


def test_two_components_write_two_groups(nlp, uni_span):
    nlp.add_pipe(
        "gliner_biomed",
        name="genes",
        config={
            "labels": ["gene"],
            "spans_key": "genes",
            "annotate_ents": False,
            "threshold": 0.1,
            "model": {"checkpoint": str(uni_span)},
        },
    )
    doc = nlp(TEXTS[0])
    assert {s.label_ for s in doc.spans["genes"]} == {"gene"}
    assert "gene" not in {s.label_ for s in doc.spans["sc"]}


def test_evaluate_scores_gold_that_is_tokenized_otherwise(nlp):
    predicted = nlp(TEXTS[0])
    words = TEXTS[0].replace(".", " .").split()
    gold = Doc(nlp.vocab, words=words, spaces=[True] * (len(words) - 2) + [False, False])
    assert [token.text for token in gold] != [token.text for token in predicted]
    spans = [
        gold.char_span(s.start_char, s.end_char, label=s.label_) for s in predicted.spans["sc"]
    ]
    gold.spans["sc"] = [s for s in spans if s is not None]
    assert len(gold.spans["sc"]) > 0
    scores = nlp.evaluate([Example(nlp.make_doc(TEXTS[0]), gold)])
    assert scores["spans_sc_r"] == scores["spans_sc_overlap_r"] == 1.0
    assert set(scores["spans_sc_per_type"]) <= {"disease", "drug"}


def test_each_warning_is_given_once_and_each_case_is_counted(make_nlp):
    nlp = make_nlp(threshold=0.1, alignment="strict")
    docs = [Doc(nlp.vocab, words=["aspirin/drug/cancer"]) for _ in range(3)]
    with pytest.warns(UserWarning, match="GB-W002") as record:
        docs = list(nlp.pipe(docs))
    assert len(record) == 1
    stats = nlp.get_pipe("gliner_biomed").stats
    assert stats["left_out"] > 1
    assert stats["left_out"] + sum(len(doc.spans["sc"]) for doc in docs) == stats["entities"]
    assert stats["docs"] == 3
