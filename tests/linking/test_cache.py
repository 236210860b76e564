import pickle
from collections.abc import Iterator

import pytest

from spacy_gliner_biomed.linking.cache import Cache


def lengths(asked: list[list[str]], cache: Cache[str, int], keys: str) -> dict[str, int]:
    def make(new: list[str]) -> Iterator[int]:
        asked.append(new)
        return map(ord, new)

    return cache.get_all(keys, make)


def test_what_is_known_is_not_made_again() -> None:
    asked: list[list[str]] = []
    cache: Cache[str, int] = Cache(10)
    assert lengths(asked, cache, "aba") == {"a": 97, "b": 98}
    assert lengths(asked, cache, "bc") == {"b": 98, "c": 99}
    assert lengths(asked, cache, "abc") == {"a": 97, "b": 98, "c": 99}
    assert asked == [["a", "b"], ["c"]]


def test_a_full_one_begins_anew_and_gives_all_that_was_asked() -> None:
    asked: list[list[str]] = []
    cache: Cache[str, int] = Cache(2)
    assert len(lengths(asked, cache, "abcde")) == 5
    assert len(lengths(asked, cache, "abf")) == 3
    assert asked == [[*"abcde"], ["f"]]
    lengths(asked, cache, "a")
    assert asked[-1] == ["a"]


def test_what_fails_is_not_kept() -> None:
    cache: Cache[str, int] = Cache(2)
    with pytest.raises(ValueError, match="no"):
        cache.get_all("a", lambda new: map(int, ["no"]))
    assert cache.get_all("a", lambda new: [1]) == {"a": 1}
    assert pickle.loads(pickle.dumps(cache)).get_all("a", lambda new: [2]) == {"a": 1}
