import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.silver.text_pieces import MIN_SIZE, halve_text, split_text

TEXTS = st.text(st.sampled_from("ab.! \n\u0301"), max_size=300)


@given(TEXTS, st.integers(1, 60))
def test_pieces_are_short_in_order_and_hold_all_that_is_not_white_space(
    text: str, most: int
) -> None:
    end = 0
    for start, stop in split_text(text, most):
        assert not text[end:start].strip()
        assert 0 < stop - start <= most
        end = stop
    assert not text[end:].strip()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One is here. Two is there.", ["One is here. ", "Two is there."]),
        ("One is. Here\n\nTwo is there.", ["One is. Here\n\n", "Two is there."]),
        ("no sentence ends in this", ["no sentence ends in ", "this"]),
        ("x" * 25, ["x" * 20, "x" * 5]),
        ("x" * 19 + "e\u0301\u0323x", ["x" * 19, "e\u0301\u0323x"]),
        ("\u0301" * 25, ["\u0301" * 20, "\u0301" * 5]),
    ],
)
def test_a_text_is_cut_at_the_best_border(text: str, pieces: list[str]) -> None:
    assert [text[a:b] for a, b in split_text(text, 20)] == pieces


@given(st.text(st.sampled_from("ab. "), min_size=MIN_SIZE, max_size=900))
def test_halves_are_shorter_and_hold_the_text(text: str) -> None:
    places = halve_text(text)
    assert all(b - a < len(text) for a, b in places)
    assert "".join(text[a:b] for a, b in places).split() == text.split()
