from spacy_gliner_biomed.linking.kb.concepts import Concept


def test_names_are_the_preferred_one_and_the_others_once_each() -> None:
    assert Concept("D:1", "Asthma", ["asthma", "Asthma", "asthma"]).names == ["Asthma", "asthma"]
