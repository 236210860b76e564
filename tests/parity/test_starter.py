"""A trained checkpoint finds in real abstracts what the GLiNER package finds with it."""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.parity.ours import Ours

OPTIONS = ("labels", "threshold", "flat_ner", "multi_label")


def test_entities_of_real_abstracts_are_the_same(shared: Path) -> None:
    lines = (shared / "expected" / "starter.jsonl").read_text(encoding="utf8").splitlines()
    records = sorted(map(json.loads, lines), key=_options)
    assert records
    ours = Ours(shared / "checkpoints" / "starter")
    for _, group in groupby(records, key=_options):
        same_options = list(group)
        first = same_options[0]
        found = ours.entities(
            [record["text"] for record in same_options],
            batched=True,
            labels=first["labels"],
            threshold=first["threshold"],
            overlap="flat" if first["flat_ner"] else "nested",
            multi_label=first["multi_label"],
        )
        for entities, record in zip(found, same_options, strict=True):
            expected = record["entities"]
            keys = [(e["start"], e["end"], e["label"]) for e in expected]
            assert [entity[:3] for entity in entities] == keys
            scores = [e["score"] for e in expected]
            assert [entity[3] for entity in entities] == pytest.approx(scores, abs=1e-4)


def _options(record: dict[str, Any]) -> list[str]:
    return [json.dumps(record[name]) for name in OPTIONS]
