"""Write tasks for annotation tools, with the entities as suggestions: Label Studio and Prodigy."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, BinaryIO

from spacy.tokens import Doc

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.attributes import as_text
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.writer import (
    SYSTEM,
    JsonList,
    WriterSettings,
    extra_keys,
)

FROM_NAME, TO_NAME = "label", "text"  # of the tags <Labels> and <Text> in the labeling interface


class LabelStudioWriter:
    """Writes a list of Label Studio's tasks with `predictions`."""

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.settings = settings
        self.list = JsonList(stream)

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one task."""
        regions = [self._region(f"e{i}", each) for i, each in enumerate(found, 1)]
        prediction: dict[str, Any] = {"model_version": SYSTEM, "result": regions}
        scores = [each.score for each in found if each.score is not None]
        if scores:
            prediction["score"] = sum(scores) / len(scores)
        data = {**record.meta, "id": record.id, "text": doc.text}
        self.list.add({"data": data, "predictions": [prediction]})

    def finish(self) -> None:
        """Close the list."""
        self.list.finish()

    def _region(self, name: str, entity: Entity) -> dict[str, Any]:
        value = {"start": entity.start, "end": entity.end, "text": entity.text}
        region: dict[str, Any] = {
            "id": name,
            "from_name": FROM_NAME,
            "to_name": TO_NAME,
            "type": "labels",
            "value": {**value, "labels": [entity.label]},
        }
        if entity.score is not None:
            region["score"] = entity.score
        keys = extra_keys(entity, self.settings)
        if known := {key: value for key, value in keys.items() if value is not None}:
            shown = [f"{key}: {as_text(value)}" for key, value in known.items()]
            region["meta"] = {"text": shown, **known}  # Label Studio shows `text`
        return region


class ProdigyWriter:
    """Writes one of Prodigy's tasks in each line: text, tokens, and spans as suggestions."""

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.stream = stream
        self.settings = settings

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one task."""
        ordered = sorted(found, key=lambda each: (each.start, each.end))
        overlap = any(b.start < a.end for a, b in pairwise(ordered))
        task = {
            "text": doc.text,
            "tokens": [
                {
                    "text": token.text,
                    "start": token.idx,
                    "end": token.idx + len(token),
                    "id": token.i,
                    "ws": bool(token.whitespace_),
                }
                for token in doc
            ],
            "spans": [self._span(doc, each) for each in ordered],
            "meta": {"id": record.id, **record.meta},
            "_view_id": "spans_manual" if overlap else "ner_manual",
        }
        self.stream.write(dump_json(task) + b"\n")

    def finish(self) -> None:
        """Do nothing."""

    def _span(self, doc: Doc, entity: Entity) -> dict[str, Any]:
        span = doc.char_span(entity.start, entity.end)
        tokens = {} if span is None else {"token_start": span.start, "token_end": span.end - 1}
        offsets = {"start": entity.start, "end": entity.end, **tokens}
        score = {} if entity.score is None else {"score": entity.score}
        concept = extra_keys(entity, self.settings)
        return {**offsets, "label": entity.label, **score, **concept}
