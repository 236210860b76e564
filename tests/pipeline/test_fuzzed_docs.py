"""2,000 Docs drawn at random keep what the component promises, whatever is on them before."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

N_ROUNDS, N_DOCS = 40, 50
WORDS = ["aspirin", "cancer", "cell", "gene", "the", "of", "was", "mg", "TP53", "IL-2"]
WORDS += ["α-synuclein", "naïve", "癌症", "🦠", "رئة", "\u200b"]
MARKS = [".", ",", ";", "(", ")", "-", "/", "\n", "\n\n", "  ", "\t", "\u00a0", "\x01", "<<ENT>>"]
CHOICES: dict[str, list[Any]] = {
    "threshold": [0.2, 0.4, 0.5],
    "overlap": ["flat", "nested"],
    "multi_label": [False, True],
    "alignment": ["expand", "contract", "split", "strict"],
    "annotate_ents": [True, False],
    "overwrite": [True, False],
    "window": [None, 12],
    "batch_subtokens": [4096, 128],
}


def draw_doc(rng: random.Random, vocab: Vocab) -> Doc:
    """A text of words and marks, cut into tokens anywhere, with or without annotation."""
    pieces = rng.choices([*WORDS, *MARKS], k=rng.choice([0, 1, 2, 5, 10, 40]))
    text = "".join(piece + rng.choice(["", " ", " "]) for piece in pieces).strip(" ")
    if rng.random() < 0.05:
        text += " " + "a" * rng.choice([50, 300])
    cuts = sorted(rng.sample(range(1, len(text)), rng.randrange(len(text)))) if text else []
    words = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]
    doc = Doc(vocab, words=words, spaces=[False] * len(words))
    assert doc.text == text
    if len(doc) > 2 and rng.random() < 0.5:
        annotate_before(rng, doc)
    return doc


def annotate_before(rng: random.Random, doc: Doc) -> None:
    """An entity, a blocked token, a span of another group and one of the component's own."""
    start = rng.randrange(len(doc) - 2)
    blocked = [doc[i : i + 1] for i in range(start + 1, len(doc)) if rng.random() < 0.1]
    doc.set_ents([Span(doc, start, start + 1, label="earlier")], blocked=blocked)
    doc.spans["other"] = [Span(doc, start, len(doc), label="of another")]
    if rng.random() < 0.3:
        doc.spans["sc"] = [Span(doc, start, start + 2, label="earlier")]
    if rng.random() < 0.5:
        for token in doc:
            token.is_sent_start = token.i == 0 or rng.random() < 0.1


def state_of(doc: Doc) -> dict[str, Any]:
    """What the component has to respect, in characters."""
    characters = [(t, i) for t in doc for i in range(t.idx, t.idx + len(t))]
    spans = doc.spans
    return {
        "text": doc.text,
        "ents": {(e.start_char, e.end_char, e.label_) for e in doc.ents},
        "blocked": {i for t, i in characters if t.ent_iob == 3 and not t.ent_type},
        "others": {k: [(s.start_char, s.end_char) for s in spans[k]] for k in spans if k != "sc"},
        "sc": {(s.start_char, s.end_char, s.label_) for s in spans.get("sc", [])},
    }


def check_annotations(doc: Doc, before: dict[str, Any], settings: dict[str, Any]) -> None:
    """The text, order, overlap rule, scores, entities and earlier annotation of a Doc."""
    after = state_of(doc)
    for key in ("text", "others"):
        assert after[key] == before[key]
    group = doc.spans["sc"]
    scores = group.attrs["scores"]
    assert len(scores) == len(group)
    assert [s.start for s in group] == sorted(s.start for s in group)
    new = [s for s in group if s.label_ != "earlier"]
    assert all(settings["threshold"] < score <= 1 for score in scores)
    assert all(s.text.strip() for s in new)
    check_overlap([(s.start, s.end, s.label_) for s in new], settings)
    if not settings["overwrite"]:
        assert before["sc"] <= after["sc"]
    if not settings["annotate_ents"]:
        assert (after["ents"], after["blocked"]) == (before["ents"], before["blocked"])
    elif not settings["overwrite"]:
        assert before["ents"] <= after["ents"]
        assert after["blocked"] == before["blocked"]


def check_overlap(spans: Sequence[tuple[int, int, str]], settings: dict[str, Any]) -> None:
    assert len(set(spans)) == len(spans)
    borders = [span[:2] for span in spans]
    if not settings["multi_label"]:
        assert len(set(borders)) == len(borders)
    different = sorted(set(borders))
    for i, (start, end) in enumerate(different):
        for other_start, other_end in different[i + 1 :]:
            apart = end <= other_start
            nested = other_end <= end or other_start == start
            assert apart or (nested and settings["overlap"] == "nested")


@pytest.mark.filterwarnings("ignore:.*GB-W00[1-6]")
@pytest.mark.parametrize("kind", ["uni_span", "uni_token", "bi_span"])
def test_fuzzed_docs_keep_all_promises(
    make_nlp: Callable[..., Language], request: pytest.FixtureRequest, kind: str
) -> None:
    rng = random.Random(17)
    nlp = make_nlp(request.getfixturevalue(kind), labels=["disease", "drug", "cell"])
    component = nlp.get_pipe("gliner_biomed")
    n_rounds = N_ROUNDS if kind == "uni_span" else N_ROUNDS // 10
    n_different = n_found = 0
    for _ in range(n_rounds):
        settings = {name: rng.choice(values) for name, values in CHOICES.items()}
        component.cfg.update(settings)
        docs = [draw_doc(rng, nlp.vocab) for _ in range(N_DOCS)]
        before = [state_of(doc) for doc in docs]
        alone = [component.predict([doc])[0] for doc in docs]
        together = component.predict(docs)
        n_different += sum(
            not same(one.spans, other.spans) for one, other in zip(alone, together, strict=True)
        )
        n_found += sum(len(prediction.spans) for prediction in together)
        for doc, state in zip(nlp.pipe(docs), before, strict=True):
            check_annotations(doc, state, settings)
    assert n_found > 20 * n_rounds
    # Where two scores, or a score and the threshold, are equal but for rounding, either may win.
    assert n_different <= 2


def same(first: Sequence[Any], second: Sequence[Any]) -> bool:
    keys = [[(s.start, s.end, s.label) for s in spans] for spans in (first, second)]
    scores = [[s.score for s in spans] for spans in (first, second)]
    return keys[0] == keys[1] and scores[0] == pytest.approx(scores[1], abs=1e-4)
