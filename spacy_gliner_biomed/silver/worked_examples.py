"""Worked examples that a language model sees before the text: four of ours, or from a file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.json_files import read_json_lines
from spacy_gliner_biomed.errors import Errors


@dataclass(frozen=True)
class WorkedExample:
    """A text with the right answer.

    text (str): The text.
    entities (Sequence[tuple[str, str]]): Quote and type of each entity.
    relations (Sequence[tuple[int, str, int]]): Head, type and tail of each relation; head and tail
        are indices of entities.
    """

    text: str
    entities: Sequence[tuple[str, str]]
    relations: Sequence[tuple[int, str, int]] = ()

    def answer(self, *, relations: bool) -> str:
        """Return the right answer as JSON.

        relations (bool): Whether to include relations.
        """
        entities = [{"id": i, "text": x, "type": t} for i, (x, t) in enumerate(self.entities)]
        links = [{"head": h, "type": name, "tail": t} for h, name, t in self.relations]
        parts = {"entities": entities, **({"relations": links} if relations else {})}
        return json.dumps(parts, ensure_ascii=False)


EXAMPLES = (
    WorkedExample(
        "Three weeks after starting carbamazepine, the boy developed a maculopapular rash, and "
        "serum sodium fell to 128 mmol/L.",
        [
            ("carbamazepine", "drug"),
            ("maculopapular rash", "symptom"),
            ("serum sodium", "laboratory test"),
            ("128 mmol/L", "test result"),
        ],
        [(0, "causes", 1), (2, "has value", 3)],
    ),
    WorkedExample(
        "Silencing of KRAS by siRNA slowed the growth of PANC-1 cells and lowered "
        "phosphorylation of ERK.",
        [
            ("KRAS", "gene"),
            ("siRNA", "nucleic acid"),
            ("PANC-1", "cell line"),
            ("phosphorylation", "biological process"),
            ("ERK", "protein"),
        ],
        [(1, "inhibits", 0), (3, "acts on", 4)],
    ),
    WorkedExample(
        "Stool cultures grew Campylobacter jejuni; a CT scan showed thickening of the terminal "
        "ileum, suggesting infectious ileitis.",
        [
            ("Stool cultures", "diagnostic procedure"),
            ("Campylobacter jejuni", "species"),
            ("CT scan", "diagnostic procedure"),
            ("terminal ileum", "anatomical structure"),
            ("infectious ileitis", "disease"),
        ],
        [(0, "detects", 1), (4, "located in", 3)],
    ),
    WorkedExample("The authors declare that the data are available on request.", []),
)


def read_examples(path: Path) -> list[WorkedExample]:
    """Read examples from a file with a JSON object per line.

    path (Path): The file. Each line has "text" and "entities". Each entity has "text", or "start"
        and "end", and has "type" or "label": lines of a corpus work. "relations" are optional:
        {"head", "type", "tail"}, where head and tail are indices of entities, from 0.
    RETURNS (list[WorkedExample]): The examples.
    RAISES (ValueError): With file and line, if a line is broken or a quote is not in its text.
    """
    if not path.is_file():
        raise ValueError(Errors.E050.format(path=path))
    examples = []
    for number, line in read_json_lines(path):
        try:
            examples.append(_example(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"{error!r} is missing or wrong" if isinstance(error, KeyError) else error
            raise ValueError(Errors.E060.format(path=path, line=number, error=reason)) from error
    return examples


def _example(line: Mapping[str, Any]) -> WorkedExample:
    text = line["text"]
    if not isinstance(text, str):
        raise ValueError("'text' is not a string")
    entities = [_entity(entity, text) for entity in line["entities"]]
    relations = [
        (int(r["head"]), str(r["type"]), int(r["tail"])) for r in line.get("relations", [])
    ]
    if any(not 0 <= i < len(entities) for head, _, tail in relations for i in (head, tail)):
        raise ValueError("a relation refers to an entity that does not exist")
    return WorkedExample(text, entities, relations)


def _entity(entity: Mapping[str, Any], text: str) -> tuple[str, str]:
    quote = entity.get("text") or text[int(entity["start"]) : int(entity["end"])]
    if not quote or quote not in text:
        raise ValueError(f"{quote!r} is not in the text")
    return str(quote), str(entity.get("type") or entity["label"])
