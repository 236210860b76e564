"""PubTator: characters kept, errors with file and line."""

from pathlib import Path

import pytest

from spacy_gliner_biomed.training.formats.table import read_format

PUBTATOR = "7|t|Aspirin works\n7|a|In IL-2 mice.\n7\t0\t7\tAspirin\tChemical\tD001241\n"


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_title_and_abstract_are_one_text(tmp_path: Path) -> None:
    path = write(tmp_path / "data.txt", PUBTATOR + "7\t17\t21\tIL-2\tGene\t3558\n")
    (text,) = read_format(path, "pubtator")
    assert text.text == "Aspirin works\nIn IL-2 mice."
    assert [(text.text[a:b], label) for a, b, label in text.spans] == [
        ("Aspirin", "Chemical"),
        ("IL-2", "Gene"),
    ]
    assert (text.name, text.annotated) == ("7", ["Chemical", "Gene"])


def test_a_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    (plain,) = read_format(write(tmp_path / "plain.txt", PUBTATOR), "pubtator")
    other = "\ufeff" + PUBTATOR.replace("\n", "\r\n") + "\r\n"
    assert list(read_format(write(tmp_path / "windows.txt", other), "pubtator")) == [plain]


@pytest.mark.parametrize(
    "line",
    [
        "7\tCID\tD001241\tD003693",
        "7\tPositive_Correlation\tD001241\tD003693\tNovel",
        "7\tAssociation\t3558\tD003693\tNo",
        "7\tCPR:3\tArg1:T1\tArg2:T2",
    ],
)
def test_relations_without_mentions_are_counted(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "data.txt", f"{PUBTATOR}{line}\n\n8|t|More\n8|a|\n")
    with pytest.warns(UserWarning, match=r"GB-W350\] In .*data\.txt, 1 relation was"):
        first, second = read_format(path, "pubtator")
    assert (first.spans, second.text) == ([(0, 7, "Chemical")], "More\n")


def test_a_mention_may_look_like_a_title(tmp_path: Path) -> None:
    lines = "7|t|A tyr|t|ser change\n7\t2\t11\ttyr|t|ser\tMutation\tx\n"
    (text,) = read_format(write(tmp_path / "data.txt", lines), "pubtator")
    assert (text.text, text.spans) == ("A tyr|t|ser change", [(2, 11, "Mutation")])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("7\t0\t99\tAspirin\tChemical\tx", "outside"),
        ("7\t0\t6\tAspirin\tChemical\tx", "where 'Aspirin' is marked"),
        ("nonsense", "cannot read"),
        ("7\t0x\t7\tAspirin\tChemical\tx", "cannot read"),
        ("7\tO\t7\tAspirin\tChemical\tx", "cannot read"),
        ("7\tO\t7\tAspirin\tChemical", "cannot read"),
        ("7\t0\tl7\tAspirin\tChemical\tx", "cannot read"),
        ("7\tO\tl7\tAspirin\tChemical\tx", "cannot read"),
        ("7\t\t7\tAspirin\tChemical\tx", "cannot read"),
        ("7\t0\t7\tAspirin", "cannot read"),
        ("7\t0\t7\tAspirin\t\tx", "not blank"),
        ("7\t7\t8\t \tChemical\tx", "only white space"),
        ("8\t0\t7\tAspirin\tChemical\tx", "of document '8' stands below the text of '7'"),
        ("|t|A title without an id", "needs the id"),
    ],
)
def test_broken_lines_are_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = write(tmp_path / "data.txt", PUBTATOR + line + "\n")
    with pytest.raises(ValueError, match=rf"E060.*data\.txt, line 4: .*{complaint}"):
        read_format(path, "pubtator")


def test_a_relation_type_with_an_underscore_in_a_real_form(shared: Path) -> None:
    path = shared / "cases" / "annotations" / "pubtator_relation_underscore.txt"
    (text,) = read_format(path, "pubtator")
    assert text.spans == [(0, 4, "Chemical"), (9, 14, "Disease")]
    assert text.relations == [(*text.spans, "Positive_Correlation")]
