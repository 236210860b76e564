"""Near-duplicates: found at the similarity asked for, across batches, and never invented."""

import random
import sys

import numpy as np
import pytest

from spacy_gliner_biomed.curation.duplicates import NearDuplicates

GOOD = "Aspirin was given to six patients with fever. They recovered within days."


def sentence(rng: random.Random, length: int = 60) -> list[str]:
    return ["".join(rng.choices("abcdefgh", k=6)) for _ in range(length)]


def find(texts: list[str], cosine: float = 0.9) -> list[int]:
    """For each text the first that it repeats; itself if none."""
    finder = NearDuplicates(cosine)
    finder.add(texts)
    return finder.find().tolist()


def test_near_duplicates_name_the_first_of_them() -> None:
    near = GOOD.replace("within days", "in days")
    texts = [GOOD, "Quite another text about the genes of mice and men.", near, GOOD]
    assert find(texts, cosine=0.6) == [0, 1, 0, 0]
    assert find(texts, cosine=0.999) == [0, 1, 2, 0]


def test_many_texts_are_compared_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_gliner_biomed.curation.duplicates.BATCH", 3)
    texts = [f"word{i} other{i} third{i}" for i in range(8)]
    assert find([*texts, texts[1]]) == [*range(8), 1]


def test_pairs_well_above_the_similarity_are_found_and_those_well_below_are_not() -> None:
    rng = random.Random(0)
    texts: list[str] = []
    for _ in range(150):  # three of each: itself, one word changed, half of the words changed
        words = sentence(rng)
        one, half = [*words], [*words]
        one[30] = "another"
        half[30:] = sentence(rng, 30)
        texts += [" ".join(words), " ".join(one), " ".join(half)]
    assert find(texts) == [i if i % 3 != 1 else i - 1 for i in range(len(texts))]


def test_the_estimate_is_near_the_cosine_of_the_sets() -> None:
    rng = random.Random(1)
    finder = NearDuplicates(0.9)
    words = sentence(rng, 400)
    finder.add([" ".join(words), " ".join([*words[:300], *sentence(rng, 100)])])
    estimate = finder._similarity(np.array([0]), np.array([1]))
    assert estimate == pytest.approx([0.75], abs=0.1)


def test_what_is_like_a_repeat_repeats_the_same_text() -> None:
    words = sentence(random.Random(2), 40)
    chain = []
    for i in range(4):
        words = [*words]
        words[10 * i] = f"new{i}"
        chain.append(" ".join(words))
    assert find(chain) == [0, 0, 0, 0]


@pytest.mark.parametrize("texts", [[], ["", ""], ["?", "!"]])
def test_texts_without_words_repeat_none(texts: list[str]) -> None:
    assert find(texts) == [*range(len(texts))]


def test_beyond_one_nothing_is_similar() -> None:
    assert find([GOOD, GOOD], cosine=1.01) == [0, 1]
    assert find([GOOD, GOOD], cosine=1.0) == [0, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Warfarin 5 mg daily was given.", "Warfarin 2 mg daily was given."),
        ("Hepatitis B was excluded by serology.", "Hepatitis C was excluded by serology."),
        ("Survival differed (p < 0.05).", "Survival differed (p > 0.05)."),
        ("HER2+ cells were found.", "HER2- cells were found."),
        ("दर्द की दवा", "दर्द का दवा"),  # they differ in a vowel sign
        ("fever and cough and fever", "cough and fever and cough"),  # equal words and pairs
    ],
)
def test_what_differs_in_any_word_or_sign_is_no_repeat_at_one(one: str, other: str) -> None:
    assert find([one, other, one], cosine=1.0) == [0, 1, 0]


def test_long_texts_that_differ_in_one_word_are_no_repeats_at_one() -> None:
    words = sentence(random.Random(3), 5000)
    texts = [" ".join([*words[:i], "new", *words[i + 1 :]]) for i in range(0, 5000, 500)]
    assert find([*texts, texts[4]], cosine=1.0) == [*range(10), 4]
    assert find(texts, cosine=0.9) == [0] * 10


def test_case_and_punctuation_do_not_count() -> None:
    assert find(["Fever, cough (mild).", "fever: COUGH - mild"], cosine=1.0) == [0, 0]


@pytest.mark.parametrize("cosine", [0.0, -1.0, float("nan")])
def test_a_similarity_that_is_none_is_refused(cosine: float) -> None:
    with pytest.raises(ValueError, match="GB-E030"):
        NearDuplicates(cosine)


def test_memory_is_some_hundred_bytes_a_text() -> None:
    finder = NearDuplicates(0.9)
    finder.add(f"word{i} other{i}" for i in range(3000))
    kept = finder.values.nbytes + finder.sizes.nbytes + finder.digests.nbytes
    assert kept <= 1.25 * 268 * (3000 + 512)


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(ImportError, match=r"GB-E107.*sklearn.*\[curate\]"):
        find(["a"])
