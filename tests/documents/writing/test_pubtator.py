"""PubTator as our own reader, and the format's rules, take it."""

from pathlib import Path

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.training.formats.table import read_format
from tests.documents.writing.samples import write
from tests.documents.writing.test_brat import ENTITIES, TEXT, make_doc


def test_pubtator_has_title_abstract_and_sorted_entities(tmp_path: Path) -> None:
    path = tmp_path / "documents.pubtator"
    written = [
        (make_doc(), Record("7|x"), ENTITIES),
        (make_doc("only a title"), Record(8), []),
    ]
    path.write_bytes(write("pubtator", *written))
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
    assert sorted(found.spans) == sorted((e.start, e.end, e.label) for e in ENTITIES)
    assert title.text == "only a title\n"
