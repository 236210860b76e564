from spacy_gliner_biomed.common.own_keys import free_key, with_metadata


def test_a_key_that_is_taken_gets_underscores() -> None:
    assert free_key("text", {"id"}) == "text"
    assert free_key("text", {"text", "text_"}) == "text__"


def test_metadata_with_our_keys_is_kept_under_other_names() -> None:
    meta = {"text_": 1, "text": 2, "ward": 3}
    found = with_metadata({"id": "n1", "text": "a"}, meta)
    assert found == {"id": "n1", "text": "a", "text_": 1, "text__": 2, "ward": 3}
    found = with_metadata({"text": "a"}, {"text": 2, "text_": 1})
    assert found == {"text": "a", "text__": 2, "text_": 1}
