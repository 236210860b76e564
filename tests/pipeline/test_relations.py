"""Relations on Docs: what is found, written, saved and refused."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_gliner_biomed.pipeline.relation_annotation import Relation
from spacy_gliner_biomed.pipeline.relation_settings import RelationSpec, parse_relations
from tests.tiny import tiny_checkpoint

LABELS = ["disease", "drug"]
RELATIONS = ["treats", "causes"]
TEXT = "the drug aspirin treats cancer of the patient and no gene was there"


@pytest.fixture(scope="module", params=["uni_span", "uni_token"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    return tiny_checkpoint(folder, kind=request.param, relations_layer="none", max_len=24)


@pytest.fixture
def nlp(checkpoint: Path) -> Language:
    return make_nlp(checkpoint)


def make_nlp(checkpoint: Path, **settings: Any) -> Language:
    nlp = spacy.blank("en")
    values = {"labels": LABELS, "relations": RELATIONS, "threshold": 0.4}
    model = {"checkpoint": str(checkpoint)}
    nlp.add_pipe("gliner_biomed", config={**values, "model": model, **settings})
    return nlp


def plain(doc: Doc) -> list[tuple[Any, ...]]:
    return [
        (r.head.start, r.head.end, r.head.label_, r.tail.start, r.tail.end, r.tail.label_, r.label)
        for r in doc._.relations
    ]


def test_relations_are_between_entities_of_the_doc(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert doc._.relations
    entities = {(span.start, span.end, span.label_) for span in doc.spans["sc"]}
    for relation in doc._.relations:
        assert isinstance(relation, Relation)
        for end in (relation.head, relation.tail):
            assert (end.start, end.end, end.label_) in entities
        assert relation.head != relation.tail
        assert relation.label in RELATIONS
        assert 0.4 < relation.score <= 1
    assert len(set(plain(doc))) == len(doc._.relations)
    assert nlp.get_pipe("gliner_biomed").stats["relations"] == len(doc._.relations)


def test_entities_do_not_depend_on_whether_relations_are_written(nlp: Language) -> None:
    with_relations, component = nlp(TEXT), nlp.get_pipe("gliner_biomed")
    assert nlp.make_doc(TEXT)._.relations == []
    component.relations = []
    without = nlp(TEXT)
    assert without._.relations == []
    assert without.spans["sc"]
    assert len(with_relations.spans["sc"])


def test_a_relation_has_its_own_threshold_and_prompt(nlp: Language) -> None:
    high = [{"relation": "treats", "threshold": 1.0}, {"relation": "CAUSES", "prompt": "causes"}]
    options = {"gliner_biomed": {"relations": high}}
    (doc,) = nlp.pipe([TEXT], component_cfg=options)
    expected = [(*each[:6], "CAUSES") for each in plain(nlp(TEXT)) if each[6] == "causes"]
    assert plain(doc) == expected


def test_ends_are_limited_to_labels(nlp: Language) -> None:
    every = plain(nlp(TEXT))
    component = nlp.get_pipe("gliner_biomed")
    component.relations = [
        {"relation": "treats", "head": "drug", "tail": ["disease", "drug"]},
        "causes",
    ]
    found = plain(nlp(TEXT))
    fits = [each for each in every if each[6] == "causes" or each[2] == "drug"]
    assert found == fits
    assert len(found) < len(every)


def test_an_end_that_nothing_can_be_is_reported(nlp: Language) -> None:
    nlp.get_pipe("gliner_biomed").relations = [{"relation": "treats", "head": "drugs"}]
    with pytest.warns(UserWarning, match=r"\[GB-W282\].*'treats'.*'drugs'"):
        doc = nlp(TEXT)
    assert doc._.relations == []


def test_they_outlive_saving_and_pickling(nlp: Language, tmp_path: Path) -> None:
    doc = nlp(TEXT)
    expected = [(*each, r.score) for each, r in zip(plain(doc), doc._.relations, strict=True)]
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    docs = [
        pickle.loads(pickle.dumps(doc)),
        Doc(nlp.vocab).from_bytes(doc.to_bytes()),
        next(DocBin(docs=[doc], store_user_data=True).get_docs(nlp.vocab)),
        again(TEXT),
        pickle.loads(pickle.dumps(nlp))(TEXT),
    ]
    for other in docs:
        scores = [relation.score for relation in other._.relations]
        assert [*map(list, plain(other))] == [list(each[:7]) for each in expected]
        assert scores == pytest.approx([each[7] for each in expected], abs=1e-6)


def test_batches_and_windows_find_what_is_in_a_window(nlp: Language) -> None:
    long = " and ".join([TEXT] * 5)
    alone = [plain(nlp(text)) for text in (TEXT, long)]
    assert [plain(doc) for doc in nlp.pipe([TEXT, long])] == alone
    assert alone[1]
    assert max(each[3] - each[0] for each in alone[1]) < 24  # words in a window
    assert len({each[0] // 12 for each in alone[1]}) > 1


def test_other_relations_stay_unless_they_are_overwritten(nlp: Language) -> None:
    found = plain(nlp(TEXT))
    for overwrite in (False, True):
        doc = nlp.make_doc(TEXT)
        head, tail = doc.char_span(0, 3, label="x"), doc.char_span(4, 8, label="y")
        doc._.relations = [Relation(head, tail, "before")]
        nlp.get_pipe("gliner_biomed").overwrite = overwrite
        written = plain(nlp.get_pipe("gliner_biomed")(doc))
        before = [] if overwrite else [(0, 1, "x", 1, 2, "y", "before")]
        assert sorted(written) == sorted([*found, *before])


@pytest.mark.filterwarnings("ignore:.*GB-W006")  # of the first entities
def test_none_are_left_of_an_earlier_run_that_is_overwritten(nlp: Language) -> None:
    component = nlp.get_pipe("gliner_biomed")
    doc = nlp(TEXT)
    assert doc._.relations
    component.relations = []
    assert plain(component(doc)) != []
    component.overwrite = True
    assert plain(component(doc)) == []


def test_relations_of_others_stay_beside_a_checkpoint_that_finds_none(uni_span: Path) -> None:
    doc = make_nlp(uni_span, relations=[]).make_doc(TEXT)
    doc._.relations = [Relation(doc[0:1], doc[1:2], "before")]
    make_nlp(uni_span, relations=[], overwrite=True).get_pipe("gliner_biomed")(doc)
    assert [relation.label for relation in doc._.relations] == ["before"]


def test_an_earlier_relation_that_is_found_again_keeps_its_score(nlp: Language) -> None:
    doc = nlp(TEXT)
    by_hand = [relation._replace(score=0.95) for relation in doc._.relations]
    doc._.relations = by_hand
    assert nlp.get_pipe("gliner_biomed")(doc)._.relations == by_hand


def test_names_of_relations_keep_their_settings_in_a_call(nlp: Language) -> None:
    component = nlp.get_pipe("gliner_biomed")
    component.relations = [{"relation": "TREATS", "prompt": "treats", "threshold": 0.9}]
    assert component.settings(relations=["TREATS", "causes"]).relations == [
        RelationSpec("TREATS", "treats", 0.9),
        RelationSpec("causes", "causes"),
    ]


def test_a_part_of_a_doc_has_only_relations_of_its_own_text(nlp: Language) -> None:
    doc = nlp.make_doc("Cough and BRCA1 cause something else entirely .")
    doc._.relations = [(doc[0:1], doc[4:5], "causes", 0.9)]
    assert [r.tail.text for r in doc._.relations] == ["something"]
    for start, end in ((2, 8), (0, 3), (0, 8)):
        part = doc[start:end].as_doc(copy_user_data=True)
        assert len(part._.relations) == (end - start == 8)


@pytest.mark.parametrize(
    "broken",
    [
        5,
        ["x"],
        [{"head": [0, 3, "drug"], "label": "treats", "score": 1.0}],
        [{"head": [0, 3, "drug"], "tail": [4, 999, "x"], "label": "treats", "score": 1.0}],
        [{"head": [0, 3, "drug"], "tail": [4, 8, None], "label": "treats", "score": 1.0}],
        [{"head": [0, 3, "drug"], "tail": [4, 8, "x"], "label": "treats", "score": None}],
    ],
)
def test_what_a_file_has_instead_of_relations_is_none(nlp: Language, broken: Any) -> None:
    doc = nlp.make_doc(TEXT)
    doc.user_data["gliner_relations"] = broken
    assert doc._.relations == []


@pytest.mark.filterwarnings("ignore:.*GB-W(001|002|003|281)")
@pytest.mark.parametrize("alignment", ["expand", "strict"])
def test_relations_follow_their_ends_to_borders_of_tokens(nlp: Language, alignment: str) -> None:
    component, words = nlp.get_pipe("gliner_biomed"), TEXT.split()
    component.alignment = alignment
    expected = len(component.predict([nlp.make_doc(TEXT)])[0].relations)
    halves = [" ".join(words[:7]), " ".join(words[7:])]  # with ends that fall into one token
    doc = component(Doc(nlp.vocab, words=halves))
    spans = {(span.start, span.end) for span in doc.spans["sc"]}
    ends = {(end.start, end.end) for each in doc._.relations for end in each[:2]}
    assert ends <= spans
    left_out = component.stats["relations_left_out"]
    assert left_out > 0
    assert len(doc._.relations) <= expected - left_out


def test_a_checkpoint_without_relations_is_an_error(uni_span: Path) -> None:
    nlp = make_nlp(uni_span)
    with pytest.raises(ValueError, match=r"\[GB-E280\].*'relations' asks for causes, treats"):
        nlp(TEXT)


def test_relations_that_take_all_the_room_are_an_error(checkpoint: Path) -> None:
    nlp = make_nlp(checkpoint, relations=["treats " * 9, "causes " * 9])
    with pytest.raises(ValueError, match=r"\[GB-E281\]"):
        nlp(TEXT)


def test_several_groups_of_labels_are_reported(checkpoint: Path) -> None:
    labels = [f"gene cell cancer {letter}" for letter in "abcdefghijklmnopqr"]
    nlp = make_nlp(checkpoint, labels=labels)
    with pytest.warns(UserWarning, match=r"\[GB-W280\]"):
        nlp(TEXT)


@pytest.mark.parametrize(
    "relations",
    [
        "treats",
        [""],
        [1],
        [{"prompt": "treats"}],
        [{"relation": "treats", "heads": ["drug"]}],
        [{"relation": "treats", "head": [1]}],
        [{"relation": "treats", "tail": ""}],
        [{"relation": "treats", "threshold": 2}],
    ],
)
def test_what_is_no_relation_is_refused(relations: Any) -> None:
    with pytest.raises(ValueError, match=r"GB-E(030|282)"):
        parse_relations(relations)


def test_the_setting_is_read() -> None:
    entries = [
        "treats",
        {"relation": "TREATS", "prompt": "treats", "head": "drug", "tail": ["a", "b"]},
    ]
    assert parse_relations([*entries, "treats"]) == [
        RelationSpec("treats", "treats"),
        RelationSpec("TREATS", "treats", None, ("drug",), ("a", "b")),
    ]


@pytest.mark.parametrize("wrong", [1, ("a", "b"), ("a", "b", "c"), None])
def test_what_is_no_relation_of_a_doc_is_refused(wrong: Any, nlp: Language) -> None:
    doc = nlp.make_doc(TEXT)
    with pytest.raises(ValueError, match=r"GB-E283"):
        doc._.relations = [wrong]


@pytest.mark.parametrize(
    ("tail", "label", "score"), [(0, "treats", 1.0), (1, " ", 1.0), (1, "treats", float("nan"))]
)
def test_what_no_relation_can_be_is_refused(
    tail: int, label: str, score: float, nlp: Language
) -> None:
    doc = nlp.make_doc(TEXT)
    with pytest.raises(ValueError, match=r"GB-E283"):
        doc._.relations = [Relation(doc[0:1], doc[tail : tail + 1], label, score)]
