import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.training.prompt_forms import (
    camel_case,
    in_words,
    misspelt,
    plural,
    snake_case,
    vary_form,
    with_words,
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


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("GeneOrGeneProduct", "gene or gene product"),
        ("Gene_or_gene_product", "gene or gene product"),
        ("GENE_OR_PROTEIN", "gene or protein"),
        ("CellLine", "cell line"),
        ("cell_line", "cell line"),
        ("dosageForm", "dosage form"),
        ("Chemical", "chemical"),
        ("DISEASE", "disease"),
        ("AGE", "age"),
        ("LAB_TEST", "lab test"),
        ("ÉTAT", "état"),
        ("CD4Cell", "CD4 cell"),
        ("VitaminB12", "vitamin B12"),
        ("PatDOB", "pat DOB"),
        ("T-Cell_Line", "T-cell line"),
        ("DNARegion", "DNA region"),
        ("2D_Structure", "2D structure"),
        ("MRIScan", "MRI scan"),
        ("HIV_status", "HIV status"),
    ],
)
def test_labels_of_corpora_become_words(label: str, words: str) -> None:
    assert in_words(label) == words
    assert with_words(label) == {"label": label, "prompt": words}


@pytest.mark.parametrize(
    "label",
    [
        "DNA",
        "RNA",
        "ADR",
        "mRNA",
        "siRNA",
        "DNAs",
        "pH",
        "IL2",
        "HbA1c",
        "SpO2",
        "PaCO2",
        "B-cell",
        "X",
        "gene or protein",
    ]
    + ["Gene Product", "DRUG/DOSE", "疾病", "_", "-", "--", "CHEM:1", ""],
)
def test_abbreviations_and_words_stay_as_they_are(label: str) -> None:
    assert in_words(label) == label
    assert with_words(label) == label


@given(st.text(st.sampled_from("abAB_-1 é"), max_size=12))
def test_words_of_a_label_are_its_letters_and_stay_words(label: str) -> None:
    words = in_words(label)
    assert words.replace(" ", "").casefold() == label.replace("_", "").replace(
        " ", ""
    ).casefold() or (words == label)
    assert words.strip() or not label.strip()
    assert in_words(words) == words or " " not in words


@given(st.lists(st.sampled_from(["cell", "gene", "product", "structure"]), min_size=2, max_size=4))
def test_forms_of_words_become_these_words_again(words: list[str]) -> None:
    prompt = " ".join(words)
    assert in_words(camel_case(prompt)) == in_words(snake_case(prompt)) == prompt
    assert in_words(snake_case(prompt).upper()) == prompt
