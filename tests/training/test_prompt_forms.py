import random

import pytest

from spacy_gliner_biomed.training.prompt_forms import (
    camel_case,
    misspelt,
    plural,
    snake_case,
    vary_form,
)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("disease", "diseases"),
        ("gene or protein", "genes or proteins"),
        ("therapy", "therapy"),
        ("family", "families"),
        ("cell of the immune system", "cells of the immune system"),
        ("species", "species"),
        ("crutch", "crutches"),
        ("substance use", "substance use"),
        ("RNA", "RNA"),
        ("day", "days"),
        ("gene/protein", "genes/proteins"),
        ("", ""),
    ],
)
def test_plural(prompt: str, expected: str) -> None:
    assert plural(prompt) == expected


def test_cases() -> None:
    assert camel_case("gene or protein") == "GeneOrProtein"
    assert snake_case("gene or protein") == "gene_or_protein"
    assert camel_case("DNA region") == "DNARegion"


@pytest.mark.parametrize("seed", range(20))
def test_a_typing_error_swaps_two_letters_of_a_long_word(seed: int) -> None:
    prompt = "medical device"
    wrong = misspelt(prompt, random.Random(seed))
    assert sorted(wrong) == sorted(prompt)
    assert sum(a != b for a, b in zip(prompt, wrong, strict=True)) in (0, 2)
    assert (wrong[0], wrong[-1]) == ("m", "e")


def test_a_short_prompt_is_never_misspelt() -> None:
    assert misspelt("drug", random.Random(0)) == "drug"


def test_every_form_happens() -> None:
    rng = random.Random(0)
    found = {vary_form("medical device", rng) for _ in range(500)}
    assert {
        "medical device",
        "medical devices",
        "Medical device",
        "Medical Device",
        "MEDICAL DEVICE",
        "MedicalDevice",
        "medical_device",
    } < found
