from pathlib import Path

import pytest

from spacy_gliner_biomed.silver.type_names import TypeNames, read_synonyms


def test_free_types_are_simplified_and_synonyms_joined() -> None:
    names = TypeNames(synonyms={"Disease": ["Disorder", "medical_condition"]})
    written = ["DISEASE", " disorder", "Medical  Condition", "Cell_Line"]
    assert [names.name(word) for word in written] == ["disease"] * 3 + ["cell line"]


def test_allowed_types_keep_their_spelling_and_others_have_no_name() -> None:
    names = TypeNames(["DNA", "cell line"], {"DNA": ["gene"], "drug": ["medicine"]})
    words = ["dna", "Gene", "Cell_line", "medicine", "disease"]
    assert [names.name(word) for word in words] == ["DNA", "DNA", "cell line", None, None]


def test_a_word_for_two_types_is_refused() -> None:
    with pytest.raises(ValueError, match=r"GB-E124.*'Gene'"):
        TypeNames(synonyms={"dna": ["gene"], "protein": ["Gene"]})


@pytest.mark.parametrize("content", ["[1", "[]", '{"a": "b"}', '{"a": [1]}'])
def test_a_broken_table_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "synonyms.json"
    with pytest.raises(ValueError, match="GB-E050"):
        read_synonyms(path)
    path.write_text(content)
    with pytest.raises(ValueError, match=r"GB-E125.*synonyms\.json"):
        read_synonyms(path)


def test_a_table_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"disease": ["illness"]}')
    assert read_synonyms(tmp_path / "s.json") == {"disease": ["illness"]}
