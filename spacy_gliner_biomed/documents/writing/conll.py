"""Write CoNLL: one token a line, with tags in the BIO scheme."""

from collections.abc import Callable, Sequence
from typing import BinaryIO

from spacy.tokens import Doc

from spacy_gliner_biomed.common.reporting import warn
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.documents.writing.text_forms import LabelForms, utf8_text
from spacy_gliner_biomed.documents.writing.writer import WriterSettings
from spacy_gliner_biomed.errors import Warnings

OUTSIDE = "O"
BORDER = "-DOCSTART-"  # begins a document


class ConllWriter:
    """Writes token and tag, with a tab between, and an empty line after each sentence.

    A document begins with "-DOCSTART- (ID)". Of entities that overlap, the one with the highest
    score is written, and a warning counts the others. Tokens that are white space are left out;
    white space in labels and tokens becomes "_", and "-DOCSTART-" in a text "_DOCSTART_".
    """

    def __init__(self, stream: BinaryIO, settings: WriterSettings) -> None:
        self.stream = stream
        self.labels = LabelForms(_cell, "CoNLL")
        self.n_left_out = 0

    def write(self, doc: Doc, record: Record, found: Sequence[Entity]) -> None:
        """Write one document."""
        tags, n_left_out = bio_tags(doc, found, self.labels)
        starts = {sent.start for sent in doc.sents} if doc.has_annotation("SENT_START") else set()
        lines = [f"{BORDER} ({_cell(str(record.id), ' ')})\t{OUTSIDE}", ""]
        for token, tag in zip(doc, tags, strict=True):
            if token.i in starts and not tag.startswith("I-") and lines[-1]:
                lines.append("")
            if not token.is_space:
                word = token.text.replace(BORDER, BORDER.replace("-", "_"))
                lines.append(f"{_cell(word)}\t{tag}")
        end = [] if not lines[-1] else [""]
        self.stream.write("".join(f"{line}\n" for line in [*lines, *end]).encode("utf8"))
        self.n_left_out += n_left_out

    def finish(self) -> None:
        """Warn about labels that were changed, and entities that are not in the output."""
        self.labels.report()
        if self.n_left_out:
            warn(Warnings.W211.format(n=self.n_left_out))


def bio_tags(
    doc: Doc, found: Sequence[Entity], form: Callable[[str], str] = str
) -> tuple[list[str], int]:
    """Choose the tag of each token.

    doc (Doc): The Doc.
    found (Sequence[Entity]): Its entities; those with a higher score are chosen first.
    form (Callable[[str], str]): Returns a label as it is written.
    RETURNS (tuple[list[str], int]): The tags, and how many entities have none, because they
        overlap others or are white space.
    """
    tags, n_left_out = [OUTSIDE] * len(doc), 0
    for entity in sorted(found, key=_rank):
        span = doc.char_span(entity.start, entity.end)
        tokens = [] if span is None else [token.i for token in span if not token.is_space]
        if not tokens or any(tags[i] != OUTSIDE for i in range(tokens[0], tokens[-1] + 1)):
            n_left_out += 1
            continue
        label = form(entity.label)
        tags[tokens[0] : tokens[-1] + 1] = [f"I-{label}"] * (tokens[-1] + 1 - tokens[0])
        tags[tokens[0]] = f"B-{label}"
    return tags, n_left_out


def _rank(entity: Entity) -> tuple[float, int, int]:
    score = 1.0 if entity.score is None else entity.score
    return -score, entity.start, -entity.end


def _cell(text: str, space: str = "_") -> str:
    """Return a text without white space, at which programs would cut the line."""
    return space.join(utf8_text(text).split()) or space
