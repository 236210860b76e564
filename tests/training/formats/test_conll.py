"""CoNLL in all its schemes, borders and columns."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.conll import _Beginnings, _entities, parse_tag
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.table import read_format


def read(path: Path, content: str, column: int | None = None) -> list[AnnotatedText]:
    path.write_text(content, encoding="utf8", newline="")
    return list(read_format(path, "conll", ReadOptions(column=column)))


def entities(text: AnnotatedText) -> list[tuple[str, str]]:
    return [(text.text[start:end], label) for start, end, label in text.spans]


@pytest.mark.parametrize(
    "tags",
    [
        "B-D I-D B-D O B-X",
        "B-D L-D U-D O U-X",
        "B-D E-D S-D O S-X",
        "I-D I-D B-D O I-X",  # IOB1
        "B_D I_D B_D _ B_X",
    ],
)
@pytest.mark.filterwarnings("ignore:.*GB-W203")
def test_all_schemes_give_the_same_entities(tmp_path: Path, tags: str) -> None:
    words = ["heart", "failure", "gout", "and", "zinc"]
    lines = [f"{word} {tag}\n" for word, tag in zip(words, tags.split(), strict=True)]
    (text,) = read(tmp_path / "a.iob", "".join(lines))
    assert entities(text) == [("heart failure", "D"), ("gout", "D"), ("zinc", "X")]
    assert text.text == "heart failure gout and zinc"
    assert text.annotated == ["D", "X"]


def test_entities_without_a_beginning_are_read_and_counted(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"GB-W203\].* 2 entities were"):
        (text,) = read(tmp_path / "a.iob", "zinc B-D\nor O\ngout I-X\nheart I-D\n")
    assert entities(text) == [("zinc", "D"), ("gout", "X"), ("heart", "D")]


def test_sentences_are_documents_unless_documents_are_marked(tmp_path: Path) -> None:
    content = "Zinc B-D\r\n. O\r\n\r\n\r\nGout O\r\n"
    first, second = read(tmp_path / "a.iob", content)
    assert (first.text, first.name, second.text, second.name) == ("Zinc .", "1", "Gout", "2")
    marked = f"-DOCSTART- -X- O O\n\n{content}-DOCSTART- (7) O\n\nIron O\n"
    first, second = read(tmp_path / "a.iob", marked)
    assert (first.text, first.sentences) == ("Zinc .\nGout", [(0, 6), (7, 11)])
    assert (second.text, second.name) == ("Iron", "7")
    ids = "-DOCSTART- (note (2) left)\tO\n\nIron O\n-DOCSTART- (note (2)) -X- O\n\nZinc O\n"
    assert [text.name for text in read(tmp_path / "a.iob", ids)] == ["note (2) left", "note (2)"]
    (text,) = read(tmp_path / "a.iob", "# newdoc id = x1\n# sent_id = 3\n# O\nZinc\tB-D\n\n")
    assert (text.name, text.text, entities(text)) == ("x1", "# Zinc", [("Zinc", "D")])


@pytest.mark.parametrize("column", [2, -2])
def test_the_column_of_the_tags_can_be_named(tmp_path: Path, column: int) -> None:
    (text,) = read(tmp_path / "a.tsv", "lung cancer\tB-D\tNN\n", column)
    assert entities(text) == [("lung cancer", "D")]


@pytest.mark.parametrize(
    ("content", "column", "complaint"),
    [
        ("a O\nb NN\n", None, "line 2: 'NN' is not a tag such as .* --column"),
        ("a O\nb\n", None, "line 2: there is no tag in column"),
        ("a O\nb B-\n", None, "line 2: 'B-' is not a tag"),
        ("a O\n", 4, "line 1: there is no tag in column 4"),
        ("a O\n", -4, "line 1: there is no tag in column -4"),
        ("a O\n \tO\n", None, "line 2: the token is blank"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, content: str, column: int | None, complaint: str
) -> None:
    with pytest.raises(ValueError, match=rf"GB-E060.*a\.iob, {complaint}"):
        read(tmp_path / "a.iob", content, column)
    with pytest.raises(ValueError, match="GB-E030"):
        ReadOptions(column=0)


SPANS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from("XY")), max_size=5)


@given(SPANS, st.sampled_from(["BI", "BIES", "BILU"]))
def test_any_entities_come_back_from_their_tags(
    spans: list[tuple[int, int, str]], scheme: str
) -> None:
    tags: list[str] = []
    expected = []
    for gap, width, label in spans:
        tags += ["O"] * gap
        expected.append((len(tags), len(tags) + width - 1, label))
        last, alone = (scheme[2], scheme[3]) if len(scheme) == 4 else ("I", "B")
        prefixes = [alone] if width == 1 else ["B", *"I" * (width - 2), last]
        tags += [f"{prefix}-{label}" for prefix in prefixes]
    beginnings = _Beginnings()
    assert list(_entities(tags, beginnings)) == expected
    assert (beginnings.marked, beginnings.unmarked) == (len(spans), 0)


def test_labels_may_hold_any_character() -> None:
    assert parse_tag("B-Drug-Name_x") == ("B", "Drug-Name_x")
    assert parse_tag("O") is None


def test_a_word_may_look_like_a_border_or_a_comment(tmp_path: Path) -> None:
    content = "-DOCSTART- (a)\tO\n\n#id=5\tO\n-DOCSTART-\tB-odd\n\n-DOCSTART- (b)\tO\n\n"
    first, second = read(tmp_path / "a.conll", content)
    assert (first.name, first.text) == ("a", "#id=5 -DOCSTART-")
    assert entities(first) == [("-DOCSTART-", "odd")]
    assert (second.name, second.text) == ("b", "")  # a document without a word


def test_offsets_of_sentences_and_tokens(tmp_path: Path) -> None:
    content = "# newdoc\nZinc\tB-X\nand\tO\n\n\nKeppra\tB-X\nXR\tI-X\n"
    (text,) = read(tmp_path / "a.conll", content)
    assert (text.text, text.sentences) == ("Zinc and\nKeppra XR", [(0, 8), (9, 18)])
    assert entities(text) == [("Zinc", "X"), ("Keppra XR", "X")]
