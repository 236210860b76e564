"""Alignment under tokenizers as they are, and under tokenizations drawn at random."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span, SpanGroup
from spacy.vocab import Vocab
from thinc.api import Config

from spacy_gliner_biomed.pipeline.annotation import annotate, best_score_filter, split_tokens
from spacy_gliner_biomed.pipeline.factory import DEFAULT_CONFIG
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.types import ScoredSpan

TEXT = "Give 10mg/kg to cocaine-induced EGFR(T790M) and IFN-γ+ cells."
VOCAB = Vocab()


def make_settings(**changes: Any) -> Settings:
    defaults = Config().from_str(DEFAULT_CONFIG)["gliner_biomed"]
    return Settings.from_cfg({**defaults, "labels": ["A", "B"], **changes})


def check_modes(
    tokenize: Callable[[str], Doc], text: str, expand: str, contract: str | None
) -> None:
    """What each mode makes of one found span, in the group and in the entities."""
    exact = expand == text
    for alignment, expected, moved in (
        ("expand", expand, not exact),
        ("contract", contract, contract is not None and not exact),
        ("strict", text if exact else None, False),
        ("split", text, False),
    ):
        doc = tokenize(TEXT)
        start = TEXT.index(text)
        found = [ScoredSpan(start, start + len(text), "A", 0.5)]
        counts = annotate(doc, found, make_settings(alignment=alignment), best_score_filter)
        assert [s.text for s in doc.spans["sc"]] == ([expected] if expected else [])
        assert [s.text for s in doc.ents] == ([expected] if expected else [])
        assert (counts["moved"], counts["left_out"]) == (int(moved), int(expected is None))


@pytest.mark.parametrize(
    ("text", "expand", "contract"),
    [
        ("cocaine", "cocaine", "cocaine"),
        ("EGFR", "EGFR(T790", None),
        ("T790M", "EGFR(T790M", "M"),
        ("IFN-γ", "IFN-γ+", "IFN-"),
    ],
)
def test_alignment_modes_under_the_english_tokenizer(text, expand, contract):
    check_modes(spacy.blank("en").tokenizer, text, expand, contract)


@pytest.mark.filterwarnings("ignore:Possible set:FutureWarning")
@pytest.mark.parametrize(
    ("text", "expand", "contract"),
    [
        ("cocaine", "cocaine-induced", None),
        ("10mg", "10mg/kg", None),
        ("mg/kg to cocaine", "10mg/kg to cocaine-induced", "to"),
        ("IFN-γ+ cells", "IFN-γ+ cells", "IFN-γ+ cells"),
    ],
)
def test_alignment_modes_under_the_scispacy_tokenizer(text, expand, contract):
    custom = pytest.importorskip("scispacy.custom_tokenizer")
    check_modes(custom.combined_rule_tokenizer(spacy.blank("en")), text, expand, contract)


@st.composite
def docs(draw: st.DrawFn, *, annotated: bool) -> Doc:
    """A Doc of random tokens; annotated with sentences or a parse, entities, a group, tags."""
    chunks = draw(st.lists(st.text("aβ-1.", min_size=1, max_size=6), min_size=1, max_size=5))
    words: list[str] = []
    spaces: list[bool] = []
    for chunk in chunks:
        cuts = sorted(draw(st.sets(st.integers(1, len(chunk) - 1)))) if len(chunk) > 1 else []
        words += [chunk[a:b] for a, b in zip([0, *cuts], [*cuts, len(chunk)], strict=True)]
        spaces += [False] * len(cuts) + [True]
    n = len(words)
    if not annotated:
        return Doc(VOCAB, words=words, spaces=spaces)
    flags = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    kind = draw(st.sampled_from(["none", "sentences", "parse"]))
    values: dict[str, Any] = {"tags": [f"T{i}" for i in range(n)], "pos": ["NOUN", "X"] * n}
    values["pos"] = values["pos"][:n]
    values["morphs"] = [f"Case={i}" if flag else "" for i, flag in enumerate(flags)]
    if kind == "sentences":
        values["sent_starts"] = [True, *flags[1:]]
    elif kind == "parse":
        root = draw(st.integers(0, n - 1))
        values["heads"] = [root] * n
        values["deps"] = ["ROOT" if i == root else "nmod" for i in range(n)]
    doc = Doc(VOCAB, words=words, spaces=spaces, **values)
    doc.tensor = np.arange(2.0 * n, dtype=np.float32).reshape(n, 2)
    if draw(st.booleans()):
        entity = Span(doc, *draw(borders(n)), label="E", kb_id="Q1", span_id="I1")
        states = draw(st.lists(st.sampled_from("bmo"), min_size=n, max_size=n))
        free = [i for i in range(n) if not entity.start <= i < entity.end]
        blocked, missing = ([doc[i : i + 1] for i in free if states[i] == x] for x in "bm")
        doc.set_ents([entity], blocked=blocked, missing=missing)
    spans = [Span(doc, *draw(borders(n)), label="G", kb_id="Q2") for _ in range(2)]
    doc.spans["old"] = SpanGroup(doc, name="named", attrs={"scores": [0.1, 0.2]}, spans=spans)
    return doc


@st.composite
def borders(draw: st.DrawFn, n: int) -> tuple[int, int]:
    start = draw(st.integers(0, n - 1))
    return start, draw(st.integers(start + 1, n))


@st.composite
def found_in(draw: st.DrawFn, doc: Doc) -> list[ScoredSpan]:
    """Spans as the network finds them: flat, without white space at their ends."""
    text = doc.text.rstrip()
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = []
    for i, (start, end) in enumerate(itertools.pairwise(cuts)):
        start += len(text[start:end]) - len(text[start:end].lstrip())
        end -= len(text[start:end]) - len(text[start:end].rstrip())
        if start < end and draw(st.booleans()):
            spans.append(ScoredSpan(start, end, "AB"[i % 2], round(0.5 + 0.03 * i, 2)))
    return spans


def group_of(doc: Doc) -> dict[tuple[int, int, str], float]:
    spans, scores = doc.spans["sc"], doc.spans["sc"].attrs["scores"]
    return {
        (s.start_char, s.end_char, s.label_): score for s, score in zip(spans, scores, strict=True)
    }


def annotation_of(doc: Doc) -> dict[str, Any]:
    """Everything that was on the Doc before, in characters."""
    by_character: dict[str, dict[int, Any]] = {"tag": {}, "pos": {}, "morph": {}}
    by_character |= {"entity": {}, "blocked": {}, "missing": {}}
    for token in doc:
        for i in range(token.idx, token.idx + len(token)):
            by_character["tag"][i] = token.tag_
            by_character["pos"][i] = token.pos_
            by_character["morph"][i] = str(token.morph)
            by_character["entity"][i] = token.ent_type_
            by_character["blocked"][i] = token.ent_iob == 3 and not token.ent_type
            by_character["missing"][i] = token.ent_iob == 0
    spans = {"ents": doc.ents, "old": doc.spans["old"]}
    return {
        **by_character,
        **{
            name: [(s.start_char, s.end_char, s.label_, s.kb_id_, s.id_) for s in spans[name]]
            for name in spans
        },
        "text": doc.text,
        "name": doc.spans["old"].name,
        "attrs": doc.spans["old"].attrs,
        "has": [doc.has_annotation(name) for name in ("DEP", "SENT_START", "ENT_IOB")],
        "sents": [s.start_char for s in doc.sents] if doc.has_annotation("SENT_START") else None,
    }


@given(st.data())
def test_split_keeps_the_exact_characters_of_each_span(data):
    doc = data.draw(docs(annotated=False))
    found = data.draw(found_in(doc))
    text = doc.text
    counts = annotate(doc, found, make_settings(alignment="split"), best_score_filter)
    assert group_of(doc) == {(s.start, s.end, s.label): s.score for s in found}
    assert [(s.start_char, s.end_char) for s in doc.ents] == [(s.start, s.end) for s in found]
    assert (doc.text, counts["moved"], counts["left_out"], counts["merged"]) == (text, 0, 0, 0)


@given(st.data())
def test_split_leaves_all_other_annotation_where_it_is(data):
    doc = data.draw(docs(annotated=True))
    found = data.draw(found_in(doc))
    before = annotation_of(doc)
    parse = {token.idx: (token.dep_, token.head.idx) for token in doc}
    vectors = {token.idx: row for token, row in zip(doc, doc.tensor, strict=True)}
    cut_ends = {token.idx: token.idx + len(token) for token in doc}
    split_tokens(doc, [(s.start, s.end) for s in found])
    assert annotation_of(doc) == before
    if doc.has_annotation("DEP"):
        after = {token.idx: (token.dep_, token.head.idx) for token in doc}
        assert {idx: after[idx] for idx in parse} == parse
        assert all(dep == "dep" for idx, (dep, _) in after.items() if idx not in parse)
    assert len(doc.tensor) == len(doc)
    for token in doc:
        whole = cut_ends.get(token.idx) == token.idx + len(token)
        assert (doc.tensor[token.i] == (vectors[token.idx] if whole else 0)).all()
    Doc(VOCAB).from_bytes(doc.to_bytes())


@given(st.data(), st.sampled_from(["expand", "contract", "strict", "split"]))
def test_no_two_spans_clash_and_none_is_lost_uncounted(data, alignment):
    doc = data.draw(docs(annotated=False))
    found = data.draw(found_in(doc))
    counts = annotate(doc, found, make_settings(alignment=alignment), best_score_filter)
    spans = list(doc.spans["sc"])
    taken = [token.i for s in spans for token in s]
    assert len(taken) == len(set(taken))
    assert len(spans) + counts["left_out"] + counts["merged"] == len(found)
    assert [s.start for s in spans] == sorted(s.start for s in spans)
    exact = {(s.start, s.end, s.label): s.score for s in found}
    assert len(group_of(doc).items() - exact.items()) <= counts["moved"]
    assert list(doc.ents) == spans


def test_split_of_a_single_token_keeps_its_sentence():
    doc = Doc(VOCAB, words=["ab-c"], sent_starts=[True])
    split_tokens(doc, [(0, 2)])
    assert [token.text for token in doc] == ["ab", "-c"]
    assert [sentence.text for sentence in doc.sents] == ["ab-c"]


def test_split_of_a_blocked_token_blocks_all_its_pieces():
    doc = Doc(VOCAB, words=["cocaine-induced", "x"])
    doc.set_ents([], blocked=[doc[0:1]])
    found = [ScoredSpan(0, 7, "A", 0.9), ScoredSpan(16, 17, "B", 0.8)]
    counts = annotate(doc, found, make_settings(alignment="split"), best_score_filter)
    assert [token.text for token in doc] == ["cocaine", "-induced", "x"]
    assert [(token.ent_iob_, token.ent_type_) for token in doc] == [("B", "")] * 2 + [("B", "B")]
    assert [entity.text for entity in doc.ents] == ["x"]
    assert set(group_of(doc)) == {(0, 7, "A"), (16, 17, "B")}
    assert counts["not_in_ents"] == 1


def test_blocked_tokens_stay_blocked_unless_earlier_entities_are_replaced():
    found = [ScoredSpan(0, 4, "A", 0.9)]
    for overwrite, expected in ((False, [("B", ""), ("O", "")]), (True, [("B", "A"), ("I", "A")])):
        doc = Doc(VOCAB, words=["a", "bc"])
        doc.set_ents([], blocked=[doc[0:1]])
        counts = annotate(doc, found, make_settings(overwrite=overwrite), best_score_filter)
        assert [(token.ent_iob_, token.ent_type_) for token in doc] == expected
        assert counts["not_in_ents"] == (not overwrite)
        assert set(group_of(doc)) == {(0, 4, "A")}
