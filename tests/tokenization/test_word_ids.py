"""The cache gives the tokenizer's ids, stays small, and can be shared by threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.tokenization import word_ids
from spacy_gliner_biomed.tokenization.word_ids import WordIds
from tests.tiny import tiny_tokenizer

BACKEND = tiny_tokenizer().backend
TEXTS = st.lists(st.lists(st.text("abc1\x7f\u0301", max_size=4)), min_size=1, max_size=12)


def ids_of(word: str) -> list[int]:
    ids: list[int] = BACKEND.encode([word], is_pretokenized=True, add_special_tokens=False).ids
    return ids


@pytest.fixture
def small_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache holds 10 words of at most 3 characters."""
    monkeypatch.setattr(word_ids, "MAX_WORDS", 10)
    monkeypatch.setattr(word_ids, "MAX_LENGTH", 3)


@given(texts=TEXTS)
def test_any_texts_in_any_order_give_the_ids_of_their_words(texts: list[list[str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_ids, "MAX_WORDS", 5)
        patch.setattr(word_ids, "MAX_LENGTH", 2)
        cache = WordIds(BACKEND)
        for words in texts:
            assert cache.get(words) == [ids_of(word) for word in words]
            assert len(cache.cache) <= 5


@pytest.mark.usefixtures("small_cache")
def test_it_holds_few_words_and_no_long_ones() -> None:
    cache = WordIds(BACKEND)
    for n in range(40):
        cache.get([f"{n}", f"a{n}", "abcd"])
        assert {f"{n}", f"a{n}"} <= cache.cache.keys()
        assert len(cache.cache) <= 10
        assert max(map(len, cache.cache)) <= 3
    cache.get([f"{n}" for n in range(1000)])
    assert len(cache.cache) == 10


def test_words_in_the_cache_are_not_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, encoded = WordIds(BACKEND), []
    encode = cache._encode
    monkeypatch.setattr(cache, "_encode", lambda words: encoded.append(words) or encode(words))
    assert cache.get(["drug", "gene", "drug"]) == [ids_of(w) for w in ("drug", "gene", "drug")]
    assert cache.get(["gene", "cell"]) == [ids_of("gene"), ids_of("cell")]
    assert encoded == [["drug", "gene"], ["cell"]]


@pytest.mark.usefixtures("small_cache")
def test_threads_share_it() -> None:
    cache = WordIds(BACKEND)
    texts = [[f"{(n * k) % 37}" for k in range(1, 9)] for n in range(1600)]
    expected = [[ids_of(word) for word in words] for words in texts]
    with ThreadPoolExecutor(8) as threads:
        assert [*threads.map(cache.get, texts)] == expected
