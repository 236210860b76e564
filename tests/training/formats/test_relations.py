"""Relations of all formats that have some: read, counted where that is not possible, written."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Corpus

from spacy_gliner_biomed.cli.convert import convert
from spacy_gliner_biomed.pipeline.relation_annotation import read_relations
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.table import read_format

TEXT = "Zinc and iron cause fever"
ZINC, IRON, FEVER = (0, 4, "drug"), (9, 13, "drug"), (20, 25, "symptom")
CAUSES, SAME = (ZINC, FEVER, "causes"), (IRON, ZINC, "like")
BRAT = "T1\tdrug 0 4\tZinc\nT2\tdrug 9 13\tiron\nT3\tsymptom 20 25\tfever\n"


def line(**values: Any) -> dict[str, Any]:
    spans = (ZINC, IRON, FEVER)
    entities = [{"start": a, "end": b, "label": label} for a, b, label in spans]
    for entity, concept in zip(entities, ("D1", "D2", "D3|D4"), strict=True):
        entity["concept_id"] = concept
    return {"id": "d", "text": TEXT, "entities": entities, **values}


def relation(head: Any, tail: Any, label: Any = "causes") -> dict[str, Any]:
    return {"head": head, "tail": tail, "label": label}


def write_lines(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def read_brat(folder: Path, lines: str) -> AnnotatedText:
    (folder / "a.txt").write_text(TEXT)
    (folder / "a.ann").write_text(lines)
    (text,) = read_format(folder)
    return text


def test_brat_relations_and_arguments_of_events(tmp_path: Path) -> None:
    lines = "R1\tcauses Arg1:T1 Arg2:T3\t\nR2\tlike Arg1:E1 Arg2:T1\n"
    text = read_brat(tmp_path, lines + BRAT + "E1\tdrug:T2 Theme:T1 Theme2:T3\n")
    assert text.relations == [CAUSES, SAME, (IRON, ZINC, "Theme"), (IRON, FEVER, "Theme")]
    assert text.annotated_relations == ["Theme", "causes", "like"]


def test_brat_relations_without_ends_are_counted(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"GB-W350\] In .*, 1 relation was"):
        text = read_brat(tmp_path, BRAT + "R1\tcauses Arg1:T1 Arg2:T9\n")
    assert (text.relations, text.annotated_relations) == (None, None)


def test_pubtator_relations_are_between_all_mentions(tmp_path: Path) -> None:
    path = tmp_path / "a.pubtator"
    rows = ["0\t4\tZinc\tdrug\tD1", "9\t13\tiron\tdrug\tD1", "20\t25\tfever\tsymptom\tD3,D4"]
    rows += ["CID\tD1\tD3", "CID\tD1\tD9"]
    path.write_text(f"7|t|{TEXT}\n" + "".join(f"7\t{row}\n" for row in rows))
    with pytest.warns(UserWarning, match=r"GB-W350\] In .*, 1 relation was"):
        (text,) = read_format(path)
    assert text.relations == [(ZINC, FEVER, "CID"), (IRON, FEVER, "CID")]


def bioc_relation(infons: dict[str, str], **nodes: str) -> dict[str, Any]:
    listed = [{"refid": end, "role": role} for role, end in nodes.items()]
    return {"id": "R", "infons": infons, "nodes": listed}


def test_bioc_relations_by_annotation_and_by_concept(tmp_path: Path) -> None:
    annotations = [
        {
            "id": str(i),
            "infons": {"type": label, "identifier": f"D{i}"},
            "locations": [{"offset": start, "length": end - start}],
            "text": TEXT[start:end],
        }
        for i, (start, end, label) in enumerate((ZINC, IRON, FEVER))
    ]
    relations = [
        bioc_relation({"type": "causes"}, tail="2", head="0"),
        bioc_relation({"type": "like"}, a="1", b="0"),
        bioc_relation({"relation": "CID", "Chemical": "D1", "Disease": "D2"}),
        bioc_relation({"type": "of three"}, a="0", b="1", c="2"),
        bioc_relation({}, a="0", b="1"),
    ]
    passage = {"offset": 0, "infons": {}, "text": TEXT, "annotations": annotations}
    document = {"id": "d", "infons": {}, "passages": [passage], "relations": relations}
    (tmp_path / "a.json").write_text(json.dumps({"documents": [document]}))
    with pytest.warns(UserWarning, match=r"GB-W350\] In .*, 2 relations were"):
        (text,) = read_format(tmp_path / "a.json")
    assert text.relations == [CAUSES, SAME, (IRON, FEVER, "CID")]


def test_lines_name_entities_by_number_or_by_concept(tmp_path: Path) -> None:
    relations = [relation(0, 2), relation("D2", "D4"), relation("D1", "D7")]
    path = write_lines(
        tmp_path / "a.jsonl",
        line(relations=relations),
        line(annotated_relations=["like"]),
        line(),
    )
    with pytest.warns(UserWarning, match=r"GB-W350\] In .*, 1 relation was"):
        first, second, third = read_format(path)
    assert first.relations == [CAUSES, (IRON, FEVER, "causes")]
    assert first.annotated_relations == third.annotated_relations == ["causes", "like"]
    assert (second.relations, second.annotated_relations) == ([], ["like"])
    assert first.meta == {}


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        ({"relations": [relation(0, 3)]}, "found 0 and 3; there are 3 entities"),
        ({"relations": [relation(0, "D1")]}, "must be two numbers or concepts"),
        ({"relations": [relation(True, 1)]}, "must be two numbers or concepts"),
        ({"relations": [relation(0, 1, "")]}, "label must be a string"),
        ({"relations": [{"head": 0}]}, "no 'tail' and 'label'"),
        ({"relations": 3}, "'relations' must be a list"),
        ({"annotated_relations": "causes"}, "labels must be in a list"),
    ],
)
def test_broken_relations_are_named(tmp_path: Path, found: dict[str, Any], complaint: str) -> None:
    path = write_lines(tmp_path / "a.jsonl", line(**found))
    with pytest.raises(ValueError, match=rf"E060.*a\.jsonl, line 1: .*{complaint}"):
        read_format(path)


@pytest.mark.parametrize(
    "name", ["a.spacy", "a.out.jsonl", "a.bioc.xml", "a.bioc.json", "a.brat.zip", "a.pubtator"]
)
@pytest.mark.filterwarnings("ignore:.*GB-W163")  # BRAT's scores are notes
def test_what_is_written_comes_back(tmp_path: Path, name: str) -> None:
    relations = [relation(0, 2), relation(1, 0, "like")]
    source = write_lines(tmp_path / "a.jsonl", line(relations=relations), line(id="e"))
    convert(source, tmp_path / name)
    first, second = read_format(tmp_path / name)
    assert sorted(first.relations) == sorted([CAUSES, SAME])
    assert list(second.relations) == []
    assert list(first.annotated_relations or ()) == ["causes", "like"]
    assert list(second.annotated_relations or ()) == ["causes", "like"]


def test_a_docbin_for_training_holds_relations(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "a.jsonl", line(relations=[relation(0, 2)]))
    convert(source, tmp_path / "train.spacy")
    (example,) = Corpus(tmp_path / "train.spacy")(spacy.blank("en"))
    (found,) = read_relations(example.reference)
    assert (found.head.text, found.label, found.tail.text) == ("Zinc", "causes", "fever")


def test_docs_of_a_docbin_may_say_nothing_about_relations(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "a.jsonl", line(relations=[relation(0, 2)]))
    other = write_lines(tmp_path / "b.jsonl", line())
    docs = DocBin(store_user_data=True)
    for path, target in ((source, "a.spacy"), (other, "b.spacy")):
        convert(path, tmp_path / target)
        docs.merge(DocBin(store_user_data=True).from_disk(tmp_path / target))
    docs.to_disk(tmp_path / "both.spacy")
    first, second = read_format(tmp_path / "both.spacy")
    assert list(first.annotated_relations or ()) == ["causes"]
    assert (second.relations, second.annotated_relations) == (None, None)
    assert first.relations == [CAUSES]


@pytest.mark.parametrize("target", ["gliner", "conll"])
@pytest.mark.filterwarnings("ignore:.*GB-W209")  # concepts
def test_formats_without_relations_say_so(tmp_path: Path, target: str) -> None:
    source = write_lines(tmp_path / "a.jsonl", line(relations=[relation(0, 2)]))
    with pytest.warns(UserWarning, match=rf"GB-W354\] 1 relation is .* format '{target}'"):
        convert(source, tmp_path / "out.txt", to=target)


def test_labels_of_ends_are_renamed(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "a.jsonl", line(relations=[relation(0, 2)]))
    (tmp_path / "table.json").write_text(json.dumps({"drug": "chemical"}))
    convert(source, tmp_path / "b.jsonl", to="jsonl", labels=tmp_path / "table.json")
    (text,) = read_format(tmp_path / "b.jsonl")
    assert text.relations == [((0, 4, "chemical"), FEVER, "causes")]
