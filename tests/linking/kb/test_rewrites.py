import pytest

from spacy_gliner_biomed.linking.kb.names import bag_key
from spacy_gliner_biomed.linking.kb.rewrites import RewriteCounter, variants

ORGANS = ("pain", "ulcer", "anemia")


def learn(*concepts: list[str]) -> dict[str, list[str]]:
    counter = RewriteCounter()
    for names in concepts:
        counter.add([name.split() for name in names])
    owners = {bag_key(name.split()): i for i, names in enumerate(concepts) for name in names}
    return counter.rewrites(owners)


def test_an_exchange_that_two_concepts_show_is_learnt_both_ways() -> None:
    found = learn(["breast tumor", "breast neoplasm"], ["neoplasm of kidney", "kidney tumor"])
    assert found == {"tumor": ["neoplasm"], "neoplasm": ["tumor"]}


def test_one_concept_is_not_enough() -> None:
    assert learn(["breast tumor", "breast neoplasm", "tumor breast"]) == {}


def test_names_that_differ_in_two_words_or_share_none_say_nothing() -> None:
    assert learn(*[["breast tumor", "mammary neoplasm"], ["tumor", "neoplasm"]] * 2) == {}


def test_numbers_and_letters_are_never_exchanged() -> None:
    assert learn(*[["factor 2 deficiency", "factor 8 deficiency", "factor v deficiency"]] * 2) == {}


@pytest.mark.parametrize(("a", "b"), [("alpha", "beta"), ("gamma", "delta")])
def test_names_of_letters_are_never_exchanged(a: str, b: str) -> None:
    names = [f"{a} globin gene", f"{b} globin gene"], [f"{a} actin gene", f"{b} actin gene"]
    assert learn(*names) == {}


def test_words_that_tell_more_concepts_from_each_other_are_not_exchanged() -> None:
    alike = ["acute gout", "chronic gout"], ["acute cough", "chronic cough"]
    different = [[f"{kind} {name}"] for name in ORGANS for kind in ("acute", "chronic")]
    assert learn(*alike, *different[:4]) == {"acute": ["chronic"], "chronic": ["acute"]}
    assert learn(*alike, *different) == {}


def test_the_best_supported_go_first() -> None:
    found = learn(*[["the tumor x", "neoplasm x"]] * 2, *[["tumor y", "cancer y"]] * 3)
    assert found["tumor"] == ["cancer", "neoplasm"]


def test_a_variant_has_one_word_exchanged() -> None:
    rewrites = {"renal": ["kidney"], "tumor": ["neoplasm", "cancer"]}
    assert variants(["renal", "tumor"], rewrites) == [
        ["kidney", "tumor"],
        ["renal", "neoplasm"],
        ["renal", "cancer"],
    ]
    assert variants(["asthma"], rewrites) == []
