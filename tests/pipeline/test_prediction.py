"""What the network is given, and what is made of its answers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.nn import marker_v0
from spacy_gliner_biomed.pipeline import prediction as module
from spacy_gliner_biomed.pipeline.prediction import Predictor
from spacy_gliner_biomed.pipeline.windowing import sentence_starts, window_shape
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.types import SpanLogits

SENTENCE = "The patient was given aspirin for a disease of the cell."
LONG = " ".join(f"{SENTENCE[:-1]} {i}." for i in range(20))


def make_predictor(nlp: Language, **options: Any) -> Predictor:
    pipe = nlp.get_pipe("gliner_biomed")
    return Predictor(pipe.model, pipe.settings(**options))


def entities(nlp: Language, text: str, **options: Any) -> list[tuple[int, int, str, float]]:
    [prediction] = nlp.get_pipe("gliner_biomed").predict([nlp.make_doc(text)], **options)
    return [(s.start, s.end, s.label, round(s.score, 4)) for s in prediction.spans]


def record_batches(nlp: Language) -> list[tuple[int, int]]:
    """Rows and padded subtokens of each forward pass, from now on."""
    shim = network_shim(nlp.get_pipe("gliner_biomed").model)
    network, batches = shim.checkpoint.network, []
    vectors = network.vectors

    def record(batch: Any) -> Any:
        batches.append((len(batch.n_words), batch.input_ids.numel()))
        return vectors(batch)

    network.vectors = record
    return batches


def test_characters_of_the_entities_are_those_of_the_text(make_nlp):
    text = f"  {SENTENCE}\n\n\t{SENTENCE} "
    found = entities(make_nlp(threshold=0.3), text)
    assert found
    words = split_words(text, "whitespace")
    assert {start for start, *_ in found} <= set(words.starts.tolist())
    assert {end for _, end, *_ in found} <= set(words.ends.tolist())


def test_docs_of_a_batch_do_not_change_each_other(make_nlp):
    nlp = make_nlp(threshold=0.3)
    texts = ["cell", LONG, SENTENCE, "", LONG[: len(LONG) // 2], SENTENCE]
    alone = [entities(nlp, text) for text in texts]
    predictions = nlp.get_pipe("gliner_biomed").predict([nlp.make_doc(text) for text in texts])
    for prediction, expected in zip(predictions, alone, strict=True):
        spans = [(s.start, s.end, s.label) for s in prediction.spans]
        assert spans == [entity[:3] for entity in expected]
        scores = [s.score for s in prediction.spans]
        assert scores == pytest.approx([entity[3] for entity in expected], abs=1e-4)


def test_no_forward_pass_is_larger_than_batch_subtokens(make_nlp):
    nlp = make_nlp(batch_subtokens=200)
    batches = record_batches(nlp)
    list(nlp.pipe([LONG, SENTENCE, "cell", LONG]))
    assert max(subtokens for _, subtokens in batches) <= 200
    assert max(rows for rows, _ in batches) > 1


def test_counts_say_what_was_done(make_nlp):
    nlp = make_nlp()
    list(nlp.pipe([LONG, SENTENCE, ""]))
    stats = nlp.get_pipe("gliner_biomed").stats
    assert stats["docs"] == 3
    assert stats["words"] == len(split_words(LONG + " " + SENTENCE, "whitespace"))
    assert stats["windowed_docs"] == 1
    assert stats["windows"] > 3


def test_each_span_of_a_long_text_is_owned_by_one_window(make_nlp):
    nlp = make_nlp(window=16, stride=11, multi_label=True)
    predictor = make_predictor(nlp)
    doc = predictor._prepare(nlp.make_doc(LONG))
    n_words, width = len(doc.words), 4
    times = np.zeros((n_words, width), dtype=int)
    [group] = predictor.groups
    for window, (first, last) in enumerate(doc.windows):
        size = last - first
        spans = [(a, a + n) for a in range(size) for n in range(1, width + 1) if a + n <= size]
        starts, ends = np.array(spans, dtype=np.int32).T
        logits = np.full((len(spans), 2), 9, dtype=np.float32)
        of_row = predictor._span_candidates(SpanLogits(starts, ends, logits), group)
        found = predictor._in_text(doc, window, group, of_row)
        np.add.at(times, (found.starts, found.ends - found.starts - 1), 1)
    inside = np.arange(n_words)[:, None] + np.arange(width) < n_words
    assert (times == 2 * inside).all()  # once for each label


def test_windows_of_a_text_that_fits_are_one(make_nlp):
    nlp = make_nlp()
    assert len(make_predictor(nlp)._prepare(nlp.make_doc(SENTENCE)).windows) == 1


def test_windows_end_on_sentence_borders_where_the_doc_has_them(make_nlp):
    nlp = make_nlp()
    plain = make_predictor(nlp)._prepare(nlp.make_doc(LONG))
    nlp.add_pipe("sentencizer", first=True)
    with nlp.select_pipes(enable="sentencizer"):
        doc = nlp(LONG)
    predictor = make_predictor(nlp)
    starts = set(sentence_starts(doc, split_words(LONG, "whitespace")))
    windows = predictor._prepare(doc).windows
    assert all(end in starts for _, end in windows[:-1])
    assert not all(end in starts for _, end in plain.windows[:-1])


def test_a_sentence_that_starts_in_white_space_starts_at_its_first_word(make_nlp):
    words, spaces = ["a", ".", "\n ", "b"], [False, True, False, False]
    doc = Doc(make_nlp().vocab, words=words, spaces=spaces, sent_starts=[1, 0, 1, 0])
    assert sentence_starts(doc, split_words(doc.text, "whitespace")) == [0, 2]


MANY = [f"{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]


@pytest.mark.parametrize("kind", ["uni_span", "uni_token"])
def test_labels_that_do_not_fit_into_a_prompt_are_asked_in_groups(kind, make_nlp, request):
    nlp = make_nlp(request.getfixturevalue(kind), labels=MANY, threshold=0.3, multi_label=True)
    groups = [list(group.prompt.texts) for group in make_predictor(nlp).groups]
    assert [label for group in groups for label in group] == MANY
    assert len(groups) > 2
    apart = [found for group in groups for found in entities(nlp, "cell", labels=group)]
    together = entities(nlp, "cell")
    assert together
    assert sorted(together) == sorted(apart)


def test_a_bi_encoder_asks_all_labels_at_once_and_each_by_itself(make_nlp, bi_span):
    nlp = make_nlp(bi_span, labels=MANY, threshold=0.3, multi_label=True)
    assert len(make_predictor(nlp).groups) == 1
    together = entities(nlp, "cell")
    few = MANY[50:55]
    assert together
    assert [e for e in together if e[2] in few] == entities(nlp, "cell", labels=few)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6, 0.9])
def test_screened_spans_are_the_entities_of_all_spans(monkeypatch, make_nlp, bi_span, threshold):
    """Of many labels, on machines where it pays; the last label alone counts from 0.2 on."""
    labels = [*MANY, {"label": "late", "prompt": MANY[0], "threshold": 0.2}]
    found = {}
    for screened in (False, True):
        monkeypatch.setattr(marker_v0, "screening_pays", lambda *sizes, pays=screened: pays)
        nlp = make_nlp(bi_span, labels=labels, threshold=threshold, multi_label=True)
        list(nlp.pipe([SENTENCE]))  # a screen that many pass is not used again
        found[screened] = entities(nlp, LONG)
    assert found[True]
    assert {e[:3] for e in found[True]} == {e[:3] for e in found[False]}
    np.testing.assert_allclose(*([e[3] for e in each] for each in found.values()), atol=1e-5)


def test_two_prompts_of_one_label_give_it_the_better_score(make_nlp):
    labels = [{"label": "X", "prompt": "disease"}, {"label": "X", "prompt": "drug"}]
    merged = entities(make_nlp(labels=labels), SENTENCE)
    apart = entities(make_nlp(labels=["disease", "drug"]), SENTENCE)
    assert merged == [(start, end, "X", score) for start, end, _, score in apart]


def test_a_prompt_of_two_labels_gives_both_the_same_score(make_nlp):
    labels = [{"label": "X", "prompt": "drug"}, {"label": "Y", "prompt": "drug"}]
    found = entities(make_nlp(labels=labels), SENTENCE, multi_label=True)
    assert [e[:2] + e[3:] for e in found if e[2] == "X"] == [
        e[:2] + e[3:] for e in found if e[2] == "Y"
    ]
    assert {label for _, _, label, _ in found} == {"X", "Y"}


def test_without_a_window_it_is_as_long_as_the_training_texts(make_nlp):
    settings = make_nlp().get_pipe("gliner_biomed").settings()
    assert window_shape(settings, max_len=384, max_width=12) == (384, 48)
    assert window_shape(settings, max_len=40, max_width=10) == (40, 10)


@pytest.mark.parametrize(
    ("window", "stride"), [(7, None), (8, 5), (40, 37), (40, 40), (40, 41), (None, 50)]
)
def test_windows_that_would_cut_a_span_are_refused(make_nlp, window, stride):
    nlp = make_nlp(window=window, stride=stride)
    message = (
        rf"GB-E032.*window={window} and stride={stride}.*up to 4 words.*window must be at least 8"
    )
    with pytest.raises(ValueError, match=message):
        nlp(SENTENCE)


@pytest.mark.parametrize(("window", "stride"), [(8, 4), (8, 1), (40, 36), (None, 1), (500, None)])
def test_windows_that_cut_no_span_are_allowed(make_nlp, window, stride):
    assert entities(make_nlp(window=window, stride=stride), SENTENCE)


def test_batch_subtokens_without_room_for_text_are_refused(make_nlp):
    with pytest.raises(ValueError, match=r"GB-E035.*batch_subtokens=17.*at least 18"):
        make_nlp(batch_subtokens=17)(SENTENCE)
    assert entities(make_nlp(batch_subtokens=64, labels=["drug"]), SENTENCE)


def test_rows_beyond_those_made_at_once_change_nothing(make_nlp, monkeypatch):
    nlp = make_nlp(window=16, stride=11, threshold=0.3)
    expected = [entity[:3] for entity in entities(nlp, LONG)]
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 3)
    assert [entity[:3] for entity in entities(nlp, LONG)] == expected
    assert expected


def test_a_forward_pass_on_a_cpu_is_bounded_whatever_the_settings_allow(make_nlp, monkeypatch):
    monkeypatch.setitem(module.CPU_SUBTOKENS, "float32", 150)
    nlp = make_nlp(batch_subtokens=4096, window=16)
    batches = record_batches(nlp)
    list(nlp.pipe([LONG, LONG]))
    assert max(subtokens for _, subtokens in batches) <= 150
    assert max(rows for rows, _ in batches) > 1


def test_the_guide_has_the_sizes_of_forward_passes_on_a_cpu():
    guide = (Path(__file__).parents[2] / "docs/guides/long-documents.md").read_text()
    sizes = module.CPU_SUBTOKENS
    assert f"{sizes['float32']:,} subtokens in 32 bits and {sizes['bfloat16']:,} in 16" in guide
    assert sizes["float16"] == sizes["bfloat16"]
