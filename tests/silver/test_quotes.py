import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from spacy_gliner_biomed.silver.characters import compose, is_border
from spacy_gliner_biomed.silver.quotes import CASE, EXACT, FUZZY, QuotedText

CHARACTERS = "aAbB12 -.\nß\u0130é中\u0301\u0323\u200d"  # two accents and a joiner
TEXTS = st.text(st.sampled_from(CHARACTERS), max_size=40)


def test_every_exact_place_is_found() -> None:
    found = QuotedText("TP53 and p53; TP53.").find("TP53")
    assert (found.spans, found.how) == ([(0, 4), (14, 18)], EXACT)


def test_case_and_white_space_may_differ_if_there_is_no_exact_place() -> None:
    text = QuotedText("Breast\n  cancer and breast cancer")
    assert text.find("breast cancer").spans == [(20, 33)]
    found = text.find("BREAST Cancer")
    assert (found.spans, found.how) == ([(0, 15), (20, 33)], CASE)


@pytest.mark.parametrize(
    ("text", "quote"),
    [("cocaine-induced", "cocaine"), ("IL-2-dependent", "IL-2"), ("肺癌患者", "肺癌")],
)
def test_places_end_at_hyphens_and_in_scripts_without_spaces(text: str, quote: str) -> None:
    assert QuotedText(text).find(quote).spans == [(0, len(quote))]


def test_no_place_is_inside_a_word() -> None:
    assert not QuotedText("genes and IL-21", min_similarity=1).find("gene").spans
    assert not QuotedText("genes and IL-21", min_similarity=1).find("IL-2").spans


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("The cafe\u0301 is open.", "cafe"),
        ("Sjo\u0308gren", "Sjo"),
        ("Sjo\u0308gren", "gren"),
        ("cafe\u0301s", "cafe\u0301"),
        ("a \U0001f469\u200d\u2695\ufe0f came", "\U0001f469"),  # woman, joiner, staff of Asclepius
        ("a \U0001f469\u200d\u2695\ufe0f came", "\u2695\ufe0f"),
        ("\U0001f44d\U0001f3fd", "\U0001f44d"),  # thumb and its skin tone
        ("\u1112\u1161\u11ab", "\u1112\u1161"),  # Korean, decomposed
    ],
)
def test_no_place_cuts_a_character(text: str, quote: str) -> None:
    assert not QuotedText(text, min_similarity=1).find(quote).spans


@pytest.mark.parametrize("letter", ["\u00e9", "e\u0301"])
@pytest.mark.parametrize("other", ["\u00e9", "e\u0301"])
def test_accents_may_be_composed_or_not(letter: str, other: str) -> None:
    text = f"h\u0301 Re{letter} caf{letter}, caf{letter}"
    found = QuotedText(text, min_similarity=1).find(f"caf{other}")
    assert [text[start:end] for start, end in found.spans] == [f"caf{letter}"] * 2
    assert found.how == (EXACT if letter == other else CASE)
    assert QuotedText(text, min_similarity=1).find(f"CAF{other.upper()}").how == CASE


def test_a_joiner_without_neighbours_is_no_part_of_a_word() -> None:
    text = QuotedText("a \u200daspirin\u200d, ok")
    assert text.find("aspirin\u200d").spans == [(3, 11)]
    assert text.find("ok").spans == [(13, 15)]


def test_accents_count_once_in_fuzzy_matches() -> None:
    text = QuotedText("with Sjo\u0308gren syndrome")
    assert text.find("Sj\u00f6gren syndrom").spans == [(5, 22)]
    assert text.find("Sjogren syndrome").spans == [(5, 22)]


def test_few_changed_characters_are_found_once() -> None:
    text = QuotedText("a maculo-papular eruption was seen")
    found = text.find("maculopapular eruption")
    assert (found.spans, found.how) == ([(2, 25)], FUZZY)
    assert not QuotedText(text.text, min_similarity=0.96).find("maculopapular eruption").spans


def test_digits_are_never_changed() -> None:
    assert QuotedText("interleukin-12").find("interleukin-13").spans == []
    assert QuotedText("interleukim-13").find("interleukin-13").how == FUZZY


def test_one_edit_in_ten_characters_is_within_the_bound() -> None:
    assert QuotedText("abcdefghij").find("abcdefghi").spans == [(0, 10)]
    assert QuotedText("abcdefghi").find("abcdefghij").spans == [(0, 9)]
    assert QuotedText("abcdefgh").find("abcdefghi").spans == []


@pytest.mark.parametrize("quote", ["", "  ", "x" * 10_000])
def test_a_quote_without_words_or_of_no_sensible_length_is_nowhere(quote: str) -> None:
    assert not QuotedText("x" * 20_000).find(quote).spans


@given(TEXTS, TEXTS, st.sampled_from([0.5, 0.8, 1.0]))
@example("11İ", "11", 0.5)
def test_what_is_found_stands_in_the_text_between_words(
    text: str, quote: str, least: float
) -> None:
    found = QuotedText(text, min_similarity=least).find(quote)
    assert bool(found.spans) == bool(found.how)
    for start, end in found.spans:
        words = text[start:end]
        assert words == words.strip() != ""
        assert is_border(text, start)
        assert is_border(text, end)
        if found.how == EXACT:
            assert words == quote.strip()
        elif found.how == FUZZY:
            small, plain = compose(words).lower(), folded(quote)  # "İ" becomes two
            assert edits(small, plain) <= (1 - least) * max(len(small), len(plain)) + 1e-9


@given(TEXTS, st.data())
def test_what_is_quoted_rightly_is_found_there(text: str, data: st.DataObject) -> None:
    quoted = QuotedText(text, min_similarity=1)
    places = [(start, end) for start in quoted.starts for end in quoted.ends if start < end]
    assume(places)
    start, end = quoted.composed.original(data.draw(st.sampled_from(places)))
    found = quoted.find(text[start:end])
    assert found.how == EXACT
    assert any(a <= start < b for a, b in found.spans)


@given(TEXTS, TEXTS)
def test_a_fuzzy_match_is_the_closest(text: str, quote: str) -> None:
    found = QuotedText(text, min_similarity=0.5).find(quote)
    assume(found.how != EXACT and found.how != CASE)
    plain = folded(quote)
    digits = [c for c in plain if c.isdigit()]
    best = 0.0
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            words = compose(text[start:end]).lower()
            fits = words == words.strip() and is_border(text, start) and is_border(text, end)
            if fits and plain and [c for c in words if c.isdigit()] == digits:
                best = max(best, 1 - edits(words, plain) / max(len(words), len(plain)))
    if found.how == FUZZY:
        (place,) = found.spans
        words = compose(text[slice(*place)]).lower()
        assert 1 - edits(words, plain) / max(len(words), len(plain)) == pytest.approx(best)
    else:
        assert best < 0.5 + 1e-9


def folded(quote: str) -> str:
    return " ".join(map(compose, quote.split())).lower()


def edits(a: str, b: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]
