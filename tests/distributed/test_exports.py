"""BRAT and PubTator as our own readers, and the formats' rules, take them."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig, CorpusAnnotator
from spacy_gliner_biomed.distributed.exports import BratExport, PubTatorExport
from spacy_gliner_biomed.distributed.records import CorpusRecord, Partition
from spacy_gliner_biomed.distributed.result_tables import TableRow
from spacy_gliner_biomed.training.formats import read_format

TEXT = "Aspirin for\r\nacute\tpain in Köln\nIL-2 🙂 mice"


def make_doc(text: str = TEXT) -> Doc:
    return spacy.blank("en").make_doc(text)


def row(text: str, label: str, concept: str | None = None, score: float | None = 0.5) -> TableRow:
    start = TEXT.index(text)
    values = {"start": start, "end": start + len(text), "text": text, "label": label}
    return {**values, "score": score, "concept_id": concept}


ROWS = [
    row("mice", "species", "NCBITaxon:10090", None),
    row("Aspirin", "drug", "D001241"),
    row("for\r\nacute\tpain", "sign or symptom"),
    row("🙂", "mood"),
]


def write(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_brat_has_a_text_and_standoff_for_each_document(tmp_path: Path) -> None:
    export = BratExport()
    export.add(CorpusRecord("7", "in"), make_doc(), ROWS)
    export.add(CorpusRecord("empty", "in"), make_doc(""), [])
    folder = write(export.files(), tmp_path) / "brat"
    assert (folder / "7.txt").read_bytes().decode() == TEXT
    lines = (folder / "7.ann").read_bytes().decode().splitlines()
    assert lines == [
        "T1\tspecies 39 43\tmice",
        "N1\tReference T1 NCBITaxon:10090\tmice",
        "T2\tdrug 0 7\tAspirin",
        "N2\tReference T2 KB:D001241\tAspirin",
        "#2\tAnnotatorNotes T2\tscore 0.5",
        "T3\tsign_or_symptom 8 11;13 23\tfor acute pain",
        "#3\tAnnotatorNotes T3\tscore 0.5",
        "T4\tmood 37 38\t🙂",
        "#4\tAnnotatorNotes T4\tscore 0.5",
    ]
    types = (folder / "annotation.conf").read_text().splitlines()
    assert types[:5] == ["[entities]", "drug", "mood", "sign_or_symptom", "species"]
    with pytest.warns(UserWarning, match=r"GB-W163.*5 lines"):  # concepts and notes
        found, empty = read_format(folder, "brat")
    assert (found.text, found.name) == (TEXT, "7")
    expected = [(r["start"], r["end"], r["label"].replace(" ", "_")) for r in ROWS]
    assert found.spans == expected
    assert (empty.text, empty.spans) == ("", [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b c", "a%2Fb%20c"),
        ("../x", "%2E.%2Fx"),
        (".hidden~", "%2Ehidden%7E"),
        ("é", "%C3%A9"),
        ("x" * 120, "x" * 120),
        ("CON", "%43ON"),
        ("nul.1", "%6Eul.1"),
        ("console", "console"),
    ],
)
def test_ids_become_safe_names_of_files(name: str, expected: str) -> None:
    export = BratExport()
    export.add(CorpusRecord(name, "in"), make_doc(), [])
    assert f"brat/{expected}.txt" in export.files()


def test_ids_that_are_long_or_differ_in_case_only_have_names_of_their_own() -> None:
    export, names = BratExport(), ["x" * 121, "x" * 122, "a", "A"]
    for name in names:
        export.add(CorpusRecord(name, "in"), make_doc(name), [])
    files = {name: content for name, content in export.files().items() if name.endswith(".txt")}
    assert sorted(content.decode() for content in files.values()) == sorted(names)
    assert len({name.casefold() for name in files}) == len(names)
    assert max(map(len, files)) < 160


def test_pubtator_has_title_abstract_and_sorted_entities(tmp_path: Path) -> None:
    export = PubTatorExport()
    export.add(CorpusRecord("7|x", "in"), make_doc(), ROWS)
    export.add(CorpusRecord("8", "in"), make_doc("only a title"), [])
    path = write(export.files(), tmp_path) / "documents.pubtator"
    assert path.read_bytes().decode().split("\n") == [
        "7%7Cx|t|Aspirin for ",
        "7%7Cx|a|acute pain in Köln IL-2 🙂 mice",
        "7%7Cx\t0\t7\tAspirin\tdrug\tD001241",
        "7%7Cx\t8\t23\tfor  acute pain\tsign or symptom\t-",
        "7%7Cx\t37\t38\t🙂\tmood\t-",
        "7%7Cx\t39\t43\tmice\tspecies\tNCBITaxon:10090",
        "",
        "8|t|only a title",
        "8|a|",
        "",
        "",
    ]
    found, title = read_format(path, "pubtator")
    assert len(found.text) == len(TEXT)
    assert sorted(found.spans) == sorted((r["start"], r["end"], r["label"]) for r in ROWS)
    assert title.text == "only a title\n"


@pytest.mark.parametrize("name", ["brat", "pubtator"])
def test_annotator_exports_what_it_finds(trivial: str, name: str, tmp_path: Path) -> None:
    from tests.distributed.conftest import FAULTS

    records = [
        CorpusRecord("d1", "in:1", "more\naspirin"),
        CorpusRecord("d2", "in:2", "poison"),
        CorpusRecord("d3", "in:3"),
    ]
    results = CorpusAnnotator(AnnotatorConfig(trivial, code=FAULTS, export=name))(
        Partition(0, records, 0)
    )
    write(results.files, tmp_path)
    path = tmp_path / ("brat" if name == "brat" else "documents.pubtator")
    found = {text.name: text.spans for text in read_format(path, name)}
    assert found == {"d1": [(5, 12, "DRUG")], "d3": []}
