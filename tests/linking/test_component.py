import gzip
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.vocab import Vocab

from tests.linking.conftest import CONCEPTS, LINKS, TEXT, gold, initialize, links

MakeNlp = Callable[..., Language]
CONFIG = Path(__file__).parents[2] / "configs" / "linking.cfg"


def test_entities_are_linked_with_candidates_in_the_shape_of_scispacy(make_nlp: MakeNlp) -> None:
    doc = make_nlp()(TEXT)
    assert links(doc) == LINKS
    (concept_id, score) = doc.ents[0]._.kb_ents[0]
    assert (concept_id, type(score)) == ("D:4", float)
    assert doc.ents[3]._.kb_ents == []


def test_a_label_keeps_to_its_types(make_nlp: MakeNlp) -> None:
    rules = [{"label": "disease", "types": ["disease"]}, {"label": "drug", "types": ["disease"]}]
    assert links(make_nlp(labels=rules)(TEXT)) == [*LINKS[:-1], ""]


def test_without_abbreviations_a_short_form_is_linked_by_itself(make_nlp: MakeNlp) -> None:
    doc = make_nlp(abbreviations=False, threshold=0.9)(TEXT)
    assert links(doc)[:3] == ["D:4", "", ""]


def test_the_threshold_decides_on_the_link_and_another_on_candidates(make_nlp: MakeNlp) -> None:
    text = "hepatic failures"
    nlp = make_nlp(threshold=0.99, candidate_threshold=0.0)
    assert nlp(text).ents[0].kb_id_ == ""
    assert nlp(text).ents[0]._.kb_ents[0][0] == "D:6"
    nlp.get_pipe("gliner_biomed_linker").cfg["threshold"] = 0.9
    assert nlp(text).ents[0].kb_id_ == "D:6"
    assert make_nlp(threshold=0.99)(text).ents[0]._.kb_ents == []


def test_settings_that_are_changed_hold_at_once_and_are_what_is_saved(make_nlp: MakeNlp) -> None:
    nlp = make_nlp(threshold=0.0)
    linker: Any = nlp.get_pipe("gliner_biomed_linker")
    assert nlp(TEXT).ents[-1].kb_id_ == "C:1"
    linker.cfg["labels"] = [{"label": "disease", "types": ["disease"]}]
    assert nlp(TEXT).ents[-1].kb_id_ == ""
    linker.cfg["labels"] = [{"label": "*", "types": ["drug"]}]
    assert nlp(TEXT).ents[-1].kb_id_ == "C:1"
    linker.cfg["labels"] = []
    linker.threshold, linker.k = 0.99, 1
    (entity,) = nlp("breast tumours").ents
    assert (entity.kb_id_, entity._.kb_ents) == ("", [])
    linker.threshold = 0.0
    assert len(nlp("breast tumours").ents[0]._.kb_ents) == 1
    loaded = make_nlp(threshold=0.5)
    saved: Any = loaded.get_pipe("gliner_biomed_linker")
    saved.from_bytes(linker.to_bytes())
    assert dict(saved.cfg) == dict(linker.cfg)
    assert links(loaded(TEXT)) == links(nlp(TEXT))


def test_weights_that_are_changed_hold_at_once(make_nlp: MakeNlp) -> None:
    nlp = make_nlp(memory_weight=2.0, threshold=0.5)
    doc = nlp.make_doc("zzz")
    doc.set_ents([Span(doc, 0, 1, "disease", kb_id="D:2")])
    linker: Any = nlp.get_pipe("gliner_biomed_linker")
    linker.initialize(lambda: [Example(nlp.make_doc("zzz"), doc)])
    assert nlp("zzz").ents[0].kb_id_ == "D:2"
    linker.memory_weight = 0.0
    assert nlp("zzz").ents[0].kb_id_ == ""
    linker.memory_weight = 2.0
    assert nlp("zzz").ents[0].kb_id_ == "D:2"


@pytest.mark.parametrize(
    ("name", "value"), [("threshold", 1.5), ("k", 0), ("memory_weight", -1), ("labels", "disease")]
)
def test_settings_that_are_not_allowed_are_refused_and_change_nothing(
    make_nlp: MakeNlp, name: str, value: object
) -> None:
    nlp = make_nlp()
    linker: Any = nlp.get_pipe("gliner_biomed_linker")
    before = dict(linker.cfg)
    with pytest.raises(ValueError, match="GB-E"):
        linker.cfg[name] = value
    with pytest.raises(ValueError, match="GB-E140"):
        linker.cfg.update(thresold=1)
    with pytest.raises(AttributeError, match="thresold"):
        linker.thresold = 1
    assert dict(linker.cfg) == before
    assert links(nlp(TEXT)) == LINKS


def test_a_short_form_is_linked_by_all_of_its_long_form(tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_text("id,name\nX:1,Multiple myeloma\nX:2,Myeloma\n")
    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "disease", "pattern": "MM"}])
    loader = {"@misc": "spacy-gliner-biomed.KnowledgeBase.v1", "paths": [str(path)]}
    nlp.add_pipe("gliner_biomed_linker", config={"kb": loader})
    doc = nlp("Multiple myeloma (MM) relapsed. MM was treated.")
    assert links(doc) == ["X:1", "X:1"]


def with_entities(vocab: Vocab, names: list[str]) -> Doc:
    words = [name.split() for name in names]
    doc = Doc(vocab, words=[word for each in words for word in each])
    ends = np.cumsum([len(each) for each in words]).tolist()
    starts = [0, *ends[:-1]]
    doc.set_ents([Span(doc, *pair, "disease") for pair in zip(starts, ends, strict=True)])
    return doc


def found_by(linker: Any, doc: Doc) -> Any:
    return [(entity.kb_id_, entity._.kb_ents) for entity in linker(doc).ents]


def test_threads_find_what_one_after_the_other_does(
    make_nlp: MakeNlp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("linker", "memory"):
        monkeypatch.setattr(f"spacy_gliner_biomed.linking.{module}.MAX_CACHED", 3)
    names = [*(concept.canonical_name for concept in CONCEPTS), "hepatic failures", "zzz", "WD"]
    texts = [[names[i % 12], names[(5 * i + 1) % 12]] for i in range(40)] * 40
    linkers, vocab, n_loaded = [], Vocab(), []
    for _ in range(2):
        linker: Any = make_nlp(threshold=0.3).get_pipe("gliner_biomed_linker")
        linker.memory.add("disease", "hepatic failing", None, ["D:6"])
        linker.memory.add("disease", "Wilsons", "Wilson disease", ["D:4"])
        linkers.append(linker)
    expected = [found_by(linkers[0], with_entities(vocab, text)) for text in texts[:40]] * 40
    load = linkers[1].load_kb
    monkeypatch.setattr(linkers[1], "load_kb", lambda: n_loaded.append(1) or load())
    docs = [with_entities(vocab, text) for text in texts]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(partial(found_by, linkers[1]), docs))
    finally:
        sys.setswitchinterval(interval)
    assert found == expected
    assert len(n_loaded) == 1


def test_k_limits_the_candidates(make_nlp: MakeNlp) -> None:
    assert len(make_nlp(k=1, threshold=0.0)("breast tumours").ents[0]._.kb_ents) == 1


def with_group(nlp: Language, text: str, spans: list[tuple[int, int, str]]) -> Doc:
    doc = nlp.make_doc(text)
    group = [Span(doc, *span) for span in spans]
    attrs = {"scores": [0.5] * len(group)}
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs=attrs, spans=group)
    return doc


def test_a_span_group_is_linked_overlaps_and_all(make_nlp: MakeNlp) -> None:
    rules = [{"label": "disease", "types": ["disease"]}, {"label": "drug", "types": ["drug"]}]
    nlp = make_nlp(spans_key="sc", labels=rules)
    spans = [(0, 2, "disease"), (0, 2, "drug"), (0, 3, "disease"), (1, 3, "disease")]
    doc = nlp(with_group(nlp, "breast tumours WD", spans))
    group = doc.spans["sc"]
    assert [span.kb_id_ for span in group] == ["D:1", "", group[2].kb_id_, ""]
    assert group.attrs["scores"] == [0.5] * 4
    assert [ids[0][0] if ids else "" for ids in group.attrs["kb_ents"]] == [
        span.kb_id_ for span in group
    ]
    assert links(doc) == ["D:1", ""]  # the entity that equals a span has its link


def test_a_missing_span_group_is_said_once(make_nlp: MakeNlp) -> None:
    nlp = make_nlp(spans_key="other")
    with pytest.warns(UserWarning, match=r"GB-W020.*'other'.*none") as caught:
        docs = list(nlp.pipe([TEXT, TEXT]))
    assert len(caught) == 1
    assert [links(doc) for doc in docs] == [[""] * 6] * 2


@pytest.mark.parametrize(("others", "link"), [([], ""), ([{"label": "*"}], "D:4")])
def test_a_rule_whose_label_is_written_otherwise_is_said_once(
    make_nlp: MakeNlp, others: list[dict[str, Any]], link: str
) -> None:
    nlp = make_nlp(labels=[{"label": "Disease", "types": ["disease"]}, *others])
    instead = r"is linked by the rule for '\*'" if others else "is not linked"
    expected = rf"GB-W406.*the label 'Disease'.*the label 'disease'.*it {instead}"
    with pytest.warns(UserWarning, match=expected) as caught:
        docs = list(nlp.pipe(["Wilson disease", "penicillamine", "WD"], batch_size=1))
    assert len(caught) == 1
    assert links(docs[0]) == [link]
    linker: Any = nlp.get_pipe("gliner_biomed_linker")
    linker.cfg["labels"] = [{"label": "disease", "types": ["disease"]}]
    assert links(nlp("Wilson disease")) == ["D:4"]


@pytest.mark.parametrize(("ruler", "spans_key"), [("entity_ruler", None), ("span_ruler", "ruler")])
def test_a_linker_before_what_finds_the_entities_says_so_once(
    terminology: Path, ruler: str, spans_key: str | None
) -> None:
    nlp = spacy.blank("en")
    loader = {"@misc": "spacy-gliner-biomed.KnowledgeBase.v1", "paths": [str(terminology)]}
    later: Any = nlp.add_pipe(ruler)
    later.add_patterns([{"label": "disease", "pattern": "Wilson disease"}])
    config = {"kb": loader, "spans_key": spans_key}
    nlp.add_pipe("gliner_biomed_linker", config=config, first=True)
    expected = rf"GB-W407.*'gliner_biomed_linker' runs before '{ruler}'.*to the end"
    with pytest.warns(UserWarning, match=expected) as caught:
        docs = list(nlp.pipe(["Wilson disease", "nothing"]))
    assert len(caught) == 1
    found = docs[0].spans[spans_key] if spans_key else docs[0].ents
    assert [(span.text, span.kb_id_) for span in found] == [("Wilson disease", "")]


@pytest.mark.parametrize("text", ["", " ", "Nothing here."])
@pytest.mark.parametrize("spans_key", [None, "sc"])
def test_docs_without_entities_come_through(
    make_nlp: MakeNlp, text: str, spans_key: str | None
) -> None:
    nlp = make_nlp(spans_key=spans_key)
    doc = nlp.make_doc(text)
    doc.spans["sc"] = []
    assert links(nlp(doc)) == []


def test_pipe_gives_what_call_gives_in_order(make_nlp: MakeNlp) -> None:
    nlp = make_nlp()
    texts = [TEXT, "", "penicillamine", "WD"]
    assert [links(doc) for doc in nlp.pipe(texts, batch_size=2)] == [links(nlp(t)) for t in texts]


def test_without_a_terminology_it_says_what_to_do() -> None:
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("gliner_biomed_linker", name="my_linker")
    assert nlp("text").text == "text"  # nothing to link
    with pytest.raises(ValueError, match=r"GB-E088.*'my_linker'"):
        linker.linker  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ValueError, match="GB-E088"):
        nlp.initialize()


def test_a_failing_doc_is_given_to_the_error_handler_alone(make_nlp: MakeNlp) -> None:
    nlp = make_nlp()
    linker = nlp.get_pipe("gliner_biomed_linker")
    failed = []
    linker.set_error_handler(lambda name, pipe, docs, error: failed.append((name, len(docs))))
    linker.kbs = [None]  # a fault
    assert [doc.text for doc in nlp.pipe(["no entity", TEXT, ""])] == ["no entity", ""]
    assert failed == [("gliner_biomed_linker", 1)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 1.5),
        ("candidate_threshold", 0.9),
        ("k", 0),
        ("memory_weight", -1.0),
        ("spans_key", ""),
        ("labels", [{"label": "a"}, {"label": "a"}]),
    ],
)
def test_a_setting_that_is_not_allowed_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"GB-E030.*'{name}'"):
        spacy.blank("en").add_pipe("gliner_biomed_linker", config={name: value})


def test_gold_mentions_are_remembered_in_initialize(make_nlp: MakeNlp) -> None:
    nlp = make_nlp()
    assert links(nlp("zzz")) == [""]
    examples = [
        gold(nlp, "zzz", [(0, 1, "disease", "D:2|D:1")]),
        gold(nlp, "yyy", [(0, 1, "disease", "MESH:-1")]),
        gold(nlp, "xxx", [(0, 1, "disease", "X:unknown")]),
    ]
    with pytest.warns(UserWarning, match="GB-W417.* 1 gold id that .*'X:unknown'"):
        initialize(nlp, examples)
    assert len(nlp.get_pipe("gliner_biomed_linker").memory) == 1
    assert links(nlp("zzz")) == ["D:1"]


def test_mentions_need_the_pipeline_that_reads_them(make_nlp: MakeNlp) -> None:
    nlp = make_nlp()
    linker: Any = nlp.get_pipe("gliner_biomed_linker")
    examples = [gold(nlp, "zzz", [(0, 1, "disease", "D:2")])]
    with pytest.raises(ValueError, match=r"GB-E406.*'gliner_biomed_linker'"):
        linker.initialize(lambda: [], mentions=lambda nlp: examples)
    linker.initialize(lambda: [], nlp=nlp, mentions=lambda nlp: examples)
    assert links(nlp("zzz")) == ["D:2"]


@pytest.mark.parametrize(
    ("ids", "n", "hint"),
    [
        (["X:9", "X:9", "D:2"], "2 gold ids", ""),
        (["d:2", "2"], "2 gold ids", " 2 of them differ in case or prefix only: write 'D:2'"),
        (["D_2", "X:9"], "2 gold ids", " 1 of them differ in case or prefix only: write 'D:2'"),
    ],
)
def test_gold_ids_that_no_knowledge_base_has_are_counted(
    make_nlp: MakeNlp, ids: list[str], n: str, hint: str
) -> None:
    nlp = make_nlp()
    examples = [gold(nlp, "zzz", [(0, 1, "disease", name)]) for name in ids]
    with pytest.warns(UserWarning, match=rf"GB-W417\].* did not remember {n} that") as caught:
        initialize(nlp, examples)
    (message,) = (str(each.message) for each in caught)
    assert "has (small), such as" in message
    assert f".{hint}" in message
    assert ("differ" in message) == bool(hint)
    memory: Any = nlp.get_pipe("gliner_biomed_linker")
    assert len(memory.memory) == ids.count("D:2")


def test_memory_can_be_switched_off(make_nlp: MakeNlp) -> None:
    nlp = make_nlp(memory=False)
    initialize(nlp, [gold(nlp, "zzz", [(0, 1, "disease", "D:2")])])
    assert links(nlp("zzz")) == [""]


def test_the_initialize_block_gives_terminology_and_mentions(
    terminology: Path, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpora" / "small"
    corpus.mkdir(parents=True)
    (corpus / "meta.json").write_text('{"labels": {"Disease": "disease"}}')
    line = (
        '{"text": "zzz", "entities": [{"start": 0, "end": 3, "label": "Disease", "id": "D:2"}]}\n'
    )
    (corpus / "train.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    config = spacy.util.load_config(CONFIG)
    paths = {"kb": str(terminology), "corpora": str(tmp_path / "corpora")}
    linker = config["components"]["gliner_biomed_linker"]
    loaded = config.merge({"paths": paths}).copy()
    loaded["nlp"]["pipeline"] = ["gliner_biomed_linker"]
    loaded["components"] = {"gliner_biomed_linker": {**linker, "labels": []}}
    block = loaded["initialize"]["components"]["gliner_biomed_linker"]
    block["mentions"]["corpora"] = ["small"]
    nlp = spacy.util.load_model_from_config(loaded, auto_fill=True)
    nlp.initialize()
    doc = nlp.make_doc("zzz")
    doc.spans["sc"] = [Span(doc, 0, 1, label="disease")]
    assert nlp(doc).spans["sc"][0].kb_id_ == "D:2"


def test_spacy_evaluate_reports_links(make_nlp: MakeNlp) -> None:
    nlp = make_nlp()
    right = gold(nlp, "Wilson disease", [(0, 2, "disease", "D:4")])
    wrong = gold(nlp, "penicillamine", [(0, 1, "drug", "C:2")])
    scores = nlp.evaluate([right, wrong])
    assert scores["link_acc1"] == 0.5
    assert scores["link_f"] == 0.5


def test_candidates_follow_an_equal_name_up_to_k(make_nlp: MakeNlp) -> None:
    def candidates(**config: Any) -> list[str]:
        ent = make_nlp(candidate_threshold=0.0, **config)("Wilson disease").ents[0]
        return [concept_id for concept_id, _ in ent._.kb_ents]

    assert candidates(k=1) == ["D:4"]
    assert candidates(k=5)[:2] == ["D:4", "C:3"]  # a protein of the same name
    assert candidates(k=5, threshold=1.0)[:2] == ["D:4", "C:3"]


def test_the_knowledge_base_has_the_interface_of_scispacys(make_nlp: MakeNlp) -> None:
    nlp = make_nlp()
    kb = nlp.get_pipe("gliner_biomed_linker").kb  # type: ignore[attr-defined]
    (concept_id, _), *_ = nlp("Wilson disease").ents[0]._.kb_ents
    assert kb.cui_to_entity[concept_id].canonical_name == "Hepatolenticular Degeneration"
    assert kb.alias_to_cuis["Wilson Disease"] == {"D:4"}
