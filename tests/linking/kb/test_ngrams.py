import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.linking.kb import ngrams
from spacy_gliner_biomed.linking.kb.ngrams import NgramIndex

NAMES = st.lists(st.text(alphabet="abcé ", max_size=12), max_size=25)


def grams(text: str) -> set[bytes]:
    return {
        padded[i : i + 3]
        for word in text.split(" ")
        for padded in [b" " + word.encode("utf8") + b" "]
        for i in range(len(padded) - 2)
        if word
    }


def by_hand(texts: list[str], query: str, min_cosine: float) -> dict[int, float]:
    """Cosines of all rows as the definition says."""
    counts: dict[bytes, int] = {}
    for text in texts:
        for gram in grams(text):
            counts[gram] = counts.get(gram, 0) + 1

    def idf(gram: bytes) -> float:
        return float(np.log((1 + len(texts)) / (1 + counts.get(gram, 0))) + 1)

    def length(found: set[bytes]) -> float:
        return float(np.sqrt(sum(idf(gram) ** 2 for gram in found)))

    asked = grams(query)
    cosines = {
        row: sum(idf(gram) ** 2 for gram in asked & grams(text))
        / length(asked)
        / length(grams(text))
        for row, text in enumerate(texts)
        if asked & grams(text)
    }
    return {row: cosine for row, cosine in cosines.items() if cosine >= min_cosine}


def test_trigrams_are_inside_padded_words() -> None:
    codes, rows = ngrams.trigrams(["ab c", "", "ab"])
    found = sorted(
        (int(row), int(code).to_bytes(3, "big")) for code, row in zip(codes, rows, strict=True)
    )
    assert found == [(0, b" ab"), (0, b" c "), (0, b"ab "), (2, b" ab"), (2, b"ab ")]


@given(
    NAMES,
    st.lists(st.text(alphabet="abcdé ", max_size=12), max_size=4),
    st.sampled_from([0.05, 0.4, 0.8]),
)
def test_search_finds_what_the_definition_says(
    texts: list[str], queries: list[str], min_cosine: float
) -> None:
    results = NgramIndex.build(texts).search(queries, k=len(texts) + 1, min_cosine=min_cosine)
    for query, (rows, cosines) in zip(queries, results, strict=True):
        expected = by_hand(texts, query, min_cosine + 1e-4)
        found = dict(zip(rows.tolist(), cosines.tolist(), strict=True))
        assert expected.keys() <= found.keys() <= by_hand(texts, query, min_cosine - 1e-4).keys()
        for row, cosine in expected.items():
            assert found[row] == pytest.approx(cosine, abs=1e-5)
        assert sorted(cosines, reverse=True) == cosines.tolist()


@given(NAMES.filter(bool), st.integers(1, 5))
def test_k_rows_are_the_first_of_all_rows(texts: list[str], k: int) -> None:
    index = NgramIndex.build(texts)
    whole, limited = index.search(texts, k=len(texts)), index.search(texts, k=k)
    for (all_rows, all_cosines), (rows, cosines) in zip(whole, limited, strict=True):
        assert rows.tolist() == all_rows[:k].tolist()
        assert cosines.tolist() == all_cosines[:k].tolist()


def test_blocks_give_the_index_of_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["renal failure", "heart failure", "", "kidney", "renal cell"]
    whole = NgramIndex.build(texts)
    monkeypatch.setattr(ngrams, "BLOCK", 2)
    parts = NgramIndex.build(texts)
    for name in ("codes", "offsets", "rows", "idf", "norms"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name))


def test_only_allowed_rows_are_found_and_ties_go_by_row() -> None:
    index = NgramIndex.build(["asthma", "asthma", "asthma x", "gout"])
    allowed = np.array([False, True, True, True])
    assert index.search(["asthma"], k=5)[0][0].tolist() == [0, 1, 2]
    assert index.search(["asthma"], k=5, allowed=allowed)[0][0].tolist() == [1, 2]
    assert index.search(["asthma"], k=1)[0][0].tolist() == [0]


@pytest.mark.parametrize("query", ["", "zzz", " "])
def test_nothing_similar_is_nothing(query: str) -> None:
    (found,) = NgramIndex.build(["asthma"]).search([query], k=5)
    assert len(found[0]) == 0


def test_an_empty_index_finds_nothing() -> None:
    (found,) = NgramIndex.build([]).search(["asthma"], k=5)
    assert len(found[0]) == 0
