import gzip
import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.training.hierarchy import PART, Hierarchy, concept_ids

MESH = [
    {"concept_id": "MESH:C14", "name": "Heart diseases", "parents": [], "tree_numbers": ["C14"]},
    {
        "concept_id": "MESH:D1",
        "name": "Angina",
        "parents": ["MESH:C14"],
        "tree_numbers": ["C14.1"],
    },
    {
        "concept_id": "MESH:D2",
        "name": "Nephritis",
        "parents": ["MESH:C12"],
        "tree_numbers": ["C12.5"],
    },
    {"concept_id": "MESH:C12", "name": "Kidney diseases", "parents": [], "tree_numbers": ["C12"]},
    {"concept_id": "MESH:D3", "name": "Captopril", "parents": [], "roles": ["MESH:A1"]},
    {"concept_id": "MESH:D4", "name": "Water", "parents": []},
    {
        "concept_id": "MESH:A1",
        "name": "Antihypertensive agents",
        "parents": [],
        "tree_numbers": ["D27.1"],
    },
    {
        "concept_id": "MESH:A2",
        "name": "Analgesics",
        "parents": [],
        "tree_numbers": ["D27.2"],
    },
]
UBERON = [
    {"concept_id": "UBERON:1", "name": "retina", "parents": [], "part_of": ["UBERON:2"]},
    {"concept_id": "UBERON:2", "name": "eye", "parents": ["UBERON:3"]},
    {"concept_id": "UBERON:3", "name": "sense organ", "parents": []},
]
LABELS = {
    "MESH:C14": "heart disease",
    "MESH:C12": "kidney disease",
    "MESH:A1": "antihypertensive agent",
    "MESH:A2": "analgesic",
    f"{PART}UBERON:2": "part of the eye",
    "UBERON:3": "sense organ",
}


@pytest.fixture
def hierarchy(tmp_path: Path) -> Hierarchy:
    for name, concepts in (("mesh", MESH), ("uberon", UBERON)):
        with gzip.open(tmp_path / f"{name}.parents.jsonl.gz", "wt") as file:
            file.writelines(json.dumps(concept) + "\n" for concept in concepts)
    with gzip.open(tmp_path / "labels.json.gz", "wt") as file:
        json.dump(LABELS, file)
    return Hierarchy(tmp_path)


def test_a_concept_without_parents_is_named(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "mesh.parents.jsonl.gz", "wt") as file:
        file.write('{"concept_id": "MESH:1", "parents": []}\n{"concept_id": "MESH:2"}\n')
    with pytest.raises(ValueError, match=r"GB-E060.*mesh\.parents\.jsonl\.gz, line 2.*'parents'"):
        Hierarchy(tmp_path).labels_of(["MESH:1"])


@pytest.mark.parametrize(
    ("ids", "labels"),
    [
        (["MESH:D1"], ["MESH:C14"]),
        (["MESH:D3"], ["MESH:A1"]),
        (["UBERON:1"], [f"{PART}UBERON:2"]),
        (["UBERON:2"], ["UBERON:3"]),
        (["MESH:D1", "MESH:D2"], []),
        (["MESH:unknown"], []),
        ([], []),
    ],
)
def test_labels_of(hierarchy: Hierarchy, ids: list[str], labels: list[str]) -> None:
    assert hierarchy.labels_of(ids) == labels


@pytest.mark.parametrize(
    ("ids", "label", "fits"),
    [
        (["MESH:D1"], "MESH:C14", True),
        (["MESH:D1"], "MESH:C12", False),
        (["MESH:C14"], "MESH:C14", True),
        (["MESH:D1", "MESH:D2"], "MESH:C14", None),  # one of both
        (["MESH:D3"], "MESH:A1", True),
        (["MESH:D3"], "MESH:A2", False),  # its actions are known
        (["MESH:D4"], "MESH:A2", None),  # it has no action at all
        (["MESH:unknown"], "MESH:A2", None),
        (["UBERON:3"], f"{PART}UBERON:2", None),  # broader than what it is asked for
        ([], "MESH:A2", None),
    ],
)
def test_relation(hierarchy: Hierarchy, ids: list[str], label: str, fits: bool | None) -> None:
    assert hierarchy.relation(ids, label) is fits


@pytest.mark.parametrize(
    ("raw", "ids"),
    [
        ("MESH:D1", ["MESH:D1"]),
        ("MESH:D1|MESH:D2", ["MESH:D1", "MESH:D2"]),
        ("NCBIGene:1;NCBIGene:2", ["NCBIGene:1", "NCBIGene:2"]),
        ("18024(Tax:10090)", ["NCBIGene:18024"]),
        ("OMIM_1234", ["OMIM:1234"]),
        (None, []),
        ("", []),
    ],
)
def test_ids_of_corpora(raw: str | None, ids: list[str]) -> None:
    assert concept_ids(raw) == ids
