from spacy_gliner_biomed.linking.rewrites import RewriteCounter, variants


def learn(*concepts: list[str]) -> dict[str, list[str]]:
    counter = RewriteCounter()
    for names in concepts:
        counter.add([name.split() for name in names])
    return counter.rewrites()


def test_an_exchange_that_two_concepts_show_is_learnt_both_ways() -> None:
    found = learn(["breast tumor", "breast neoplasm"], ["neoplasm of kidney", "kidney tumor"])
    assert found == {"tumor": ["neoplasm"], "neoplasm": ["tumor"]}


def test_one_concept_is_not_enough() -> None:
    assert learn(["breast tumor", "breast neoplasm", "tumor breast"]) == {}


def test_names_that_differ_in_two_words_or_share_none_say_nothing() -> None:
    assert learn(*[["breast tumor", "mammary neoplasm"], ["tumor", "neoplasm"]] * 2) == {}


def test_numbers_and_letters_are_never_exchanged() -> None:
    assert learn(*[["factor 2 deficiency", "factor 8 deficiency", "factor v deficiency"]] * 2) == {}


def test_the_best_supported_go_first() -> None:
    found = learn(*[["a tumor x", "neoplasm x"]] * 2, *[["tumor y", "cancer y"]] * 3)
    assert found["tumor"] == ["cancer", "neoplasm"]


def test_a_variant_has_one_word_exchanged() -> None:
    rewrites = {"renal": ["kidney"], "tumor": ["neoplasm", "cancer"]}
    assert variants(["renal", "tumor"], rewrites) == [
        ["kidney", "tumor"],
        ["renal", "neoplasm"],
        ["renal", "cancer"],
    ]
    assert variants(["asthma"], rewrites) == []
