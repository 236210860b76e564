import pytest
from hypothesis import given
from hypothesis import strategies as st
from srsly import msgpack_dumps

from spacy_gliner_biomed.linking.memory import MentionMemory


def memory(*mentions: tuple[str, str, str | None, list[str]]) -> MentionMemory:
    made = MentionMemory()
    for mention in mentions:
        made.add(*mention)
    return made


def test_a_mention_that_is_remembered_votes_for_its_id() -> None:
    known = memory(("disease", "renal failure", None, ["D:1"]))
    assert known.votes("disease", "Renal Failures", defined=False) == {"D:1": pytest.approx(1.0)}


def test_votes_are_shared_by_how_often_each_id_was_meant() -> None:
    known = memory(*[("disease", "depression", None, [i]) for i in ("D:1", "D:1", "D:1", "D:2")])
    votes = known.votes("disease", "depression", defined=False)
    assert votes == {"D:1": pytest.approx(0.75), "D:2": pytest.approx(0.25)}


def test_several_ids_of_a_mention_share_one_vote() -> None:
    known = memory(("disease", "breast and ovarian cancer", None, ["D:1", "D:2"]))
    votes = known.votes("disease", "breast and ovarian cancer", defined=False)
    assert votes == {"D:1": pytest.approx(0.5), "D:2": pytest.approx(0.5)}


def test_a_similar_mention_votes_less_and_another_not() -> None:
    known = memory(("disease", "acute renal failure", None, ["D:1"]))
    near = known.votes("disease", "acute renal failures today", defined=False)["D:1"]
    assert 0 < near < 0.9
    assert known.votes("disease", "asthma", defined=False) == {}


def test_labels_do_not_vote_for_one_another() -> None:
    known = memory(("drug", "insulin", None, ["C:1"]), ("gene", "insulin", None, ["G:1"]))
    assert list(known.votes("gene", "insulin", defined=False)) == ["G:1"]


def test_a_short_form_is_remembered_by_its_long_form_and_itself_where_it_is_undefined() -> None:
    known = memory(("disease", "WD", "Wilson disease", ["D:4"]))
    assert known.votes("disease", "wilson disease", defined=True)["D:4"] == pytest.approx(1.0)
    assert 0.5 < known.votes("disease", "WD", defined=False)["D:4"] < 1
    assert known.votes("disease", "WD", defined=True) == {}


def test_what_is_added_later_is_found() -> None:
    known = memory(("disease", "asthma", None, ["D:1"]))
    assert known.votes("disease", "gout", defined=False) == {}
    known.add("disease", "gout", None, ["D:2"])
    assert list(known.votes("disease", "gout", defined=False)) == ["D:2"]


NAMES = st.sampled_from(["asthma", "WD", "Wilson disease", "", "+", "renal failure", "é"])


@given(st.lists(st.tuples(NAMES, st.none() | NAMES, st.sampled_from(["D:1", "D:2"]))), NAMES)
def test_bytes_keep_it_and_votes_sum_to_one_at_most(
    mentions: list[tuple[str, str | None, str]], name: str
) -> None:
    known = memory(*[("disease", text, long, [id_]) for text, long, id_ in mentions])
    again = MentionMemory.from_bytes(known.to_bytes())
    assert again.entries == known.entries
    votes = known.votes("disease", name, defined=False)
    assert again.votes("disease", name, defined=False) == votes
    assert sum(votes.values()) <= 1 + 1e-6


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc1",
        msgpack_dumps([1]),
        msgpack_dumps([["a", "b", False]]),
        msgpack_dumps([["a", "b", False, {"D:1": "x"}]]),
        msgpack_dumps([["a", "b", False, {"D:1": -1}]]),
        msgpack_dumps([["a", 1, False, {"D:1": 1}]]),
        msgpack_dumps([["a", "b", 2, {"D:1": 1}]]),
    ],
)
def test_a_damaged_memory_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"GB-E144.*the memory of a linker"):
        MentionMemory.from_bytes(content)


def test_mentions_with_other_numbers_or_letters_do_not_vote() -> None:
    known = memory(
        ("gene", "human interleukin 4 receptor", None, ["G:4"]),
        ("gene", "human chromosome X", None, ["G:X"]),
    )
    for name in ("human interleukin 5 receptor", "human chromosome 10"):
        assert known.votes("gene", name, defined=False) == {}
    assert set(known.votes("gene", "human interleukin receptor", defined=False)) == {"G:4"}
