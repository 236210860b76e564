from spacy_gliner_biomed.common.own_keys import free_key, with_metadata


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert free_key("text", {"id"}) == "text"
    assert free_key("text", {"text", "text_2"}) == "text_3"


def test_metadata_with_our_keys_is_kept_under_other_names() -> None:
    meta = {"text": 1, "text_column": 2, "ward": 3}
    found = with_metadata({"id": "n1", "text": "a"}, meta)
    assert found == {"id": "n1", "text": "a", "text_column": 2, "text_column_2": 1, "ward": 3}
    assert with_metadata({"id": "n1"}, {"ward": 3}) == {"id": "n1", "ward": 3}
