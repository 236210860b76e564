"""Odd texts, labels and settings: a clear error or the right result, and nothing silent."""

import subprocess
import sys
from itertools import permutations

import pytest
from confection import ConfigValidationError
from spacy.language import Language
from spacy.tokens import Doc

TEXT = "Famotidine-associated delirium was seen in six patients."


def found(doc: Doc) -> list[tuple[str, str, float]]:
    group = doc.spans["sc"]
    scores = group.attrs["scores"]
    return [(s.text, s.label_, round(p, 4)) for s, p in zip(group, scores, strict=True)]


@pytest.fixture
def nlp(make_nlp) -> Language:
    return make_nlp(threshold=0.3)


@pytest.mark.parametrize("texts", list(permutations(["", " \n\t ", TEXT, "cell"])))
def test_empty_and_blank_docs_anywhere_in_a_batch_leave_the_others_as_they_are(texts, nlp):
    expected = {text: found(nlp(text)) for text in ("cell", TEXT)}
    assert all(expected.values())
    docs = list(nlp.pipe(texts))
    assert [doc.text for doc in docs] == list(texts)
    assert [found(doc) for doc in docs] == [expected.get(text, []) for text in texts]


@pytest.mark.parametrize("text", ["", " ", "\n\n\t", "\u00a0\u2003"])
def test_only_empty_or_blank_docs_give_empty_groups(text, nlp):
    for doc in (nlp(text), *nlp.pipe([text, text])):
        assert found(doc) == []
        assert doc.ents == ()


def test_no_texts_give_no_docs(nlp):
    assert list(nlp.pipe([])) == []


def test_no_labels_find_nothing_say_so_once_and_need_no_weights(make_nlp, tmp_path):
    nlp = make_nlp(tmp_path / "nowhere", labels=[])
    with pytest.warns(UserWarning, match="GB-W140.*'gliner_biomed' has no labels") as record:
        doc, _ = nlp(TEXT), nlp(TEXT)
    assert [warning.filename for warning in record] == [__file__]
    assert nlp.get_pipe("gliner_biomed").stats["without_labels"] == 2
    assert found(doc) == []
    assert doc.has_annotation("ENT_IOB")
    assert nlp.get_pipe("gliner_biomed").labels == ()


@pytest.mark.parametrize("kind", ["uni_span", "uni_token", "bi_span"])
def test_300_labels_find_spans_in_order_whatever_the_batch(kind, make_nlp, request):
    labels = [f"label {i}" for i in range(300)]
    nlp = make_nlp(request.getfixturevalue(kind), labels=labels, threshold=0.3)
    expected = found(nlp(TEXT))
    assert expected
    assert {label for _, label, _ in expected} <= set(labels)
    _, doc = nlp.pipe(["cell", TEXT])
    assert found(doc) == expected
    starts = [s.start for s in doc.spans["sc"]]
    assert starts == sorted(starts)


def test_repeated_labels_are_asked_once_and_said_once(make_nlp, nlp):
    with pytest.warns(UserWarning, match=r"GB-W007.*\['disease'\]"):
        repeated = make_nlp(threshold=0.3, labels=["disease", "drug", "disease"])
    docs = list(repeated.pipe([TEXT, TEXT]))  # a second warning would be an error
    assert [found(doc) for doc in docs] == [found(nlp(TEXT))] * 2


@pytest.mark.parametrize("labels", [[""], ["drug", "  "], [{"label": "drug", "prompt": " "}]])
def test_blank_labels_are_refused(labels, make_nlp, nlp):
    with pytest.raises(ValueError, match="GB-E023"):
        make_nlp(labels=labels)
    with pytest.raises(ValueError, match="GB-E023"):
        nlp.get_pipe("gliner_biomed").labels = labels
    with pytest.raises(ValueError, match="GB-E023"):
        nlp(TEXT, component_cfg={"gliner_biomed": {"labels": labels}})


@pytest.mark.parametrize("kind", ["uni_span", "uni_token"])
def test_a_label_with_the_marker_is_refused(kind, make_nlp, request):
    nlp = make_nlp(request.getfixturevalue(kind), labels=["drug", "a <<ENT>> b"])
    with pytest.raises(ValueError, match=r"GB-E020.*'a <<ENT>> b' contains '<<ENT>>'"):
        nlp(TEXT)


@pytest.mark.parametrize("kind", ["uni_span", "bi_span"])
def test_a_label_that_the_tokenizer_does_not_know_is_refused(kind, make_nlp, request):
    nlp = make_nlp(request.getfixturevalue(kind), labels=["drug", "\x00"])
    with pytest.raises(ValueError, match=r"GB-E021.*'\\x00'"):
        nlp(TEXT)


def test_a_label_too_long_for_a_prompt_is_refused(make_nlp):
    with pytest.raises(ValueError, match=r"GB-E022.*has 200 subtokens"):
        make_nlp(labels=["x" * 200])(TEXT)


@pytest.mark.parametrize("kind", ["uni_span", "uni_token", "bi_span"])
def test_words_without_subtokens_are_counted_and_move_no_other_word(kind, make_nlp, request):
    nlp = make_nlp(request.getfixturevalue(kind), threshold=0.3)
    with pytest.warns(UserWarning, match="GB-W005") as record:
        docs = list(nlp.pipe(["\x01 \x02", f"\x01 {TEXT} \x02", TEXT]))
    assert len(record) == 1
    assert nlp.get_pipe("gliner_biomed").stats["unknown_words"] == 4
    assert docs[1].text == f"\x01 {TEXT} \x02"
    assert all(len(doc.spans["sc"].attrs["scores"]) == len(doc.spans["sc"]) for doc in docs)
    assert found(docs[2]) == found(nlp(TEXT))


@pytest.mark.parametrize(
    "text",
    [
        "🦠🧬 aspirin 👩🏽‍⚕️ for the cell 🫀.",
        "Ménière’s disease, e\u0301 and A\u0308 of the cell",
        "المريض يعاني من cancer الرئة",
        "חולה סרטן ריאה aspirin",
        "患者服用aspirin治疗癌症。",
        "a\u200bb\u00adc \ufeffcell\u2028drug\r\n\tgene",
        "\U0001f9a0" * 50,
        "<<ENT>> cell <<SEP>> [CLS] [PAD]",
    ],
)
@pytest.mark.parametrize("alignment", ["expand", "split"])
@pytest.mark.filterwarnings("ignore:.*GB-W00[135]")
def test_any_script_keeps_its_characters(text, alignment, make_nlp):
    nlp = make_nlp(threshold=0.2, alignment=alignment)
    [prediction] = nlp.get_pipe("gliner_biomed").predict([nlp.make_doc(text)])
    doc = nlp(text)
    assert doc.text == text
    assert prediction.spans
    exact = {(s.start, s.end): text[s.start : s.end] for s in prediction.spans}
    assert all(span.strip() == span for span in exact.values())
    written = {(s.start_char, s.end_char): s.text for s in doc.spans["sc"]}
    if alignment == "split":
        assert written == exact
    for start, end in written:
        assert any(start <= a and b <= end for a, b in exact)


@pytest.mark.parametrize("kind", ["uni_span", "uni_token", "bi_span"])
def test_a_word_of_more_subtokens_than_a_window_is_shortened_and_said(kind, make_nlp, request):
    nlp = make_nlp(request.getfixturevalue(kind), threshold=0.1)
    with pytest.warns(UserWarning, match="GB-W004"):
        doc = nlp(f"{TEXT} {'a' * 999} {TEXT}")
    # With the long neighbour that has to fit into a window beside it.
    assert nlp.get_pipe("gliner_biomed").stats["shortened_words"] == 2
    assert on_both_sides(doc)


@pytest.mark.parametrize("kind", ["uni_span", "uni_token", "bi_span"])
def test_a_word_of_100_000_characters_hides_nothing_beside_it(kind, make_nlp, request):
    nlp = make_nlp(request.getfixturevalue(kind), threshold=0.1)
    doc = nlp(f"{TEXT} {'a' * 100_000} {TEXT}")
    assert max(len(token) for token in doc) == 100_000
    assert on_both_sides(doc)


def on_both_sides(doc: Doc) -> bool:
    """Whether there are words of spans before and after the middle token."""
    middle, spans = len(doc) // 2, doc.spans["sc"]
    return any(s.start < middle for s in spans) and any(s.end > middle + 1 for s in spans)


MILLION = """
import resource, sys
import spacy

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

nlp = spacy.blank("en")
config = {"labels": ["disease"], "threshold": 0.9, "model": {"checkpoint": sys.argv[1]}}
nlp.add_pipe("gliner_biomed", config=config)
nlp("The disease of the cell was cancer. " * 300)
text = "The disease of the cell was cancer; " * 28_000
doc = nlp.make_doc(text[:1_000_000])
before = peak()
nlp(doc)
stats = nlp.get_pipe("gliner_biomed").stats
print(stats["words"], stats["windows"], peak() - before)
"""


@pytest.mark.slow
def test_a_million_characters_need_little_memory(uni_span):
    output = subprocess.run(
        [sys.executable, "-c", MILLION, str(uni_span)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    words, windows, mebibytes = map(float, output.split())
    assert words > 200_000
    assert windows > 5_000
    assert mebibytes < 400


@pytest.mark.parametrize("threshold", [-0.1, 1.5])
def test_a_threshold_outside_0_to_1_is_refused(threshold, make_nlp, nlp):
    with pytest.raises(ValueError, match=r"GB-E030.*'threshold' must be from 0 to 1"):
        make_nlp(threshold=threshold)
    with pytest.raises(ValueError, match=r"GB-E030.*'threshold of drug' must be from 0 to 1"):
        make_nlp(labels=[{"label": "drug", "threshold": threshold}])
    options = {"gliner_biomed": {"threshold": threshold}}
    with pytest.raises(ValueError, match=r"GB-E030.*'threshold' must be from 0 to 1"):
        nlp(TEXT, component_cfg=options)
    with pytest.raises(ValueError, match=r"GB-E030.*'threshold' must be from 0 to 1"):
        list(nlp.pipe([TEXT], component_cfg=options))


def test_thresholds_0_and_1_find_all_and_nothing(make_nlp):
    assert found(make_nlp(threshold=1)(TEXT)) == []
    everything = make_nlp(threshold=0)(TEXT)
    assert sum(len(span) for span in everything.spans["sc"]) == len(everything)


def test_unknown_settings_are_refused(make_nlp, nlp):
    with pytest.raises(ConfigValidationError, match="tresholds"):
        make_nlp(tresholds=0.3)
    with pytest.raises(ValueError, match=r"GB-E031.*tresholds"):
        nlp(TEXT, component_cfg={"gliner_biomed": {"tresholds": 0.3}})
    with pytest.raises(ValueError, match=r"GB-E031.*window"):
        list(nlp.pipe([TEXT], component_cfg={"gliner_biomed": {"window": 30}}))
    nlp.config["initialize"]["components"]["gliner_biomed"] = {"lables": ["drug"]}
    with pytest.raises(ConfigValidationError, match="lables"):
        nlp.initialize()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("labels", "disease"),
        ("labels", {"disease": 0.3}),
        ("labels", [3]),
        ("alignment", "expanded"),
        ("overlap", None),
        ("multi_label", "no"),
        ("window", "many"),
        ("batch_subtokens", 1.5),
        ("precision", "fp16"),
        ("device", 0),
        ("spans_key", None),
    ],
)
def test_settings_of_a_wrong_type_or_choice_are_refused(name, value, make_nlp):
    with pytest.raises((ConfigValidationError, ValueError), match=name):
        make_nlp(**{name: value})


def test_labels_to_initialize_with_are_a_list(nlp):
    nlp.config["initialize"]["components"]["gliner_biomed"] = {"labels": "drug"}
    with pytest.raises((ConfigValidationError, ValueError), match="labels"):
        nlp.initialize()


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_torch_cannot_use_is_said(device, make_nlp):
    with pytest.raises(ValueError, match=rf"GB-E033.*'{device}'"):
        make_nlp(device=device)(TEXT)
