from dataclasses import replace
from pathlib import Path

import pytest

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.label_table import read_label_table, rename_labels

TEXT = AnnotatedText(
    "Zinc fever", [(0, 4, "Chem"), (0, 4, "DRUG"), (5, 10, "X")], [], ["Chem", "DRUG", "X"]
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '{"Chem": "drug", "DRUG": "drug"}'),
        ("a.csv", 'Chem,drug\n\n"DRUG", drug\n'),
        ("a.csv", "Chem;drug\nDRUG;drug\n"),
        ("a.tsv", "\ufeffChem\tdrug\r\nDRUG\tdrug\r\n"),
    ],
)
def test_tables_are_json_or_two_columns(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, newline="")
    assert read_label_table(tmp_path / name) == {"Chem": "drug", "DRUG": "drug"}


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.json", "[]", "list instead of an object"),
        ("a.json", "{}", "it is empty"),
        ("a.json", '{"Chem": 3}', "must be a string"),
        ("a.json", '{"Chem": " "}', "not blank"),
        ("a.csv", "Chem\n", "'Chem' has 1 columns"),
        ("a.csv", "a,b\na,c\n", "'a' is there twice"),
        ("a.csv", 'a,"b\n', "unexpected end"),
        ("a.csv", "", "it is empty"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, name: str, content: str, complaint: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=rf"GB-E205.*{name}.*{complaint}"):
        read_label_table(tmp_path / name)


def test_labels_are_renamed_everywhere_and_kept_beside_the_entities() -> None:
    text = AnnotatedText(TEXT.text, TEXT.spans, [], TEXT.annotated, concepts=[(0, 4, "Chem", "D1")])
    table = {"Chem": "drug", "DRUG": "drug", "Nowhere": "place"}
    with pytest.warns(UserWarning, match=r"GB-W206\] 1 label is in t\.json.* s\.txt: Nowhere"):
        (found,) = rename_labels([text], table, Path("t.json"), Path("s.txt"))
    assert found.spans == [(0, 4, "drug"), (5, 10, "X")]
    assert found.annotated == ["X", "drug"]
    assert found.concepts == [(0, 4, "drug", "D1")]
    assert found.meta == {"written_labels": ["Chem | DRUG", "X"]}


def test_relations_are_renamed_with_their_ends(recwarn: pytest.WarningsRecorder) -> None:
    zinc, drug, fever = TEXT.spans
    relations = [(zinc, fever, "CID"), (drug, fever, "CID"), (fever, zinc, "other")]
    text = replace(TEXT, relations=relations, annotated_relations=["CID", "other"])
    table = {"Chem": "drug", "DRUG": "drug", "CID": "causes"}
    (found,) = rename_labels([text], table, Path("t.json"), Path("s.txt"))
    zinc = (0, 4, "drug")
    assert found.relations == [(zinc, fever, "causes"), (fever, zinc, "other")]
    assert found.annotated_relations == ["causes", "other"]
    (found,) = rename_labels([replace(text, relations=[])], table, Path("t.json"), Path("s.txt"))
    assert found.relations == []
    assert not recwarn.list


def test_what_is_annotated_may_be_unknown() -> None:
    (found,) = rename_labels([AnnotatedText("a", [], [], None)], {}, Path("t"), Path("s"))
    assert found.annotated is None
    assert found.relations is found.annotated_relations is None
