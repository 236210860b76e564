"""What the readers of JSON records and of annotations share."""

from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import FormatReader, ReadOptions
from spacy_gliner_biomed.training.gold import GoldRelation, GoldSpan
from spacy_gliner_biomed.training.json_items import read_values
from spacy_gliner_biomed.training.line_entities import join_ids
from spacy_gliner_biomed.training.record_checks import (
    WITHOUT_ENDS,
    Counts,
    check_label,
    located,
    make_span,
)

RecordParser = Callable[[Any, ReadOptions, Counts], AnnotatedText | None]


def reads_records(parse: RecordParser) -> FormatReader:
    """Make a reader of a JSON array, of JSON lines or of one object, record by record.

    parse (RecordParser): (record, options, counts of changes) -> its text, or None if it is left
        out. A ValueError says what is wrong with the record.
    RETURNS (FormatReader): The reader, whose errors have file and line or item.
    """

    @wraps(parse)
    def read(path: Path, options: ReadOptions, counts: Counts) -> Iterator[AnnotatedText]:
        for line, record in read_values(path, options.encoding):
            with located(path, line):
                text = parse(record, options, counts)
            if text is not None:
                yield text

    return read


class Entities:
    """The entities of a text, each once, their concepts and relations.

    text (str): The text.
    counts (Counts): Changes are added.
    """

    def __init__(self, text: str, counts: Counts) -> None:
        self.text = text
        self.counts = counts
        self.spans: dict[GoldSpan, None] = {}
        self.concepts: list[tuple[int, int, str, str]] = []
        self.named: dict[str, GoldSpan] = {}
        self.relations: dict[GoldRelation, None] = {}

    def add(
        self,
        start: Any,
        end: Any,
        label: Any,
        *,
        mention: Any = None,
        concept: Any = None,
        name: str | None = None,
    ) -> None:
        """Add an entity; see `record_checks.make_span`.

        start, end, label, mention (Any): As they were read.
        concept (Any): The ids of its concepts, see `line_entities.join_ids`; None if it has none.
        name (str | None): What relations call it.
        RAISES (ValueError): If something is wrong with it.
        """
        span = make_span(self.text, start, end, label, self.counts, mention)
        self.spans[span] = None
        if ids := join_ids(concept):
            self.concepts.append((*span, ids))
        if name is not None:
            self.named[name] = span

    def relate(self, head: str, tail: str, label: Any) -> None:
        """Add a relation; one with an end that is no entity is counted.

        head, tail (str): The names of its ends.
        label (Any): Its label.
        RAISES (ValueError): If the label is no string or is blank.
        """
        ends = self.named.get(head), self.named.get(tail)
        if ends[0] is None or ends[1] is None:
            self.counts[WITHOUT_ENDS] += 1
        else:
            self.relations[ends[0], ends[1], check_label(label)] = None

    def annotated(self, name: Any = None) -> AnnotatedText:
        """Return the text with its entities.

        name (Any): Its id; None if it has none.
        """
        own = "" if name is None else str(name)
        return AnnotatedText(
            self.text,
            list(self.spans),
            [],
            None,
            own,
            concepts=self.concepts,
            relations=list(self.relations),
        )
