"""Annotated texts from the formats that people have: GLiNER's JSON, BRAT, PubTator."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText, read_jsonl
from spacy_gliner_biomed.training.exchange import read_instructions
from spacy_gliner_biomed.training.gold import GoldSpan

FORMATS = ("jsonl", "gliner", "brat", "pubtator", "instructions")


def read_format(path: Path, name: str) -> list[AnnotatedText]:
    """Read annotated texts; the labels found in all of them count as annotated.

    path (Path): A file, or for "brat" a folder.
    name (str): One of `FORMATS`: JSON lines (see `read_jsonl`), GLiNER's JSON, BRAT's .txt and
        .ann files, PubTator, BioSelectTune's instructions.
    RAISES (ValueError): With file and line, for what cannot be read; or if nothing is there.
    """
    readers = {
        "jsonl": lambda path: read_jsonl(path, None),
        "gliner": read_gliner_json,
        "brat": read_brat,
        "pubtator": read_pubtator,
        "instructions": read_instructions,
    }
    if name not in readers:
        allowed = "one of " + ", ".join(map(repr, FORMATS))
        raise ValueError(Errors.E030.format(name="format", allowed=allowed, found=name))
    path = Path(path)
    if not path.exists():
        raise ValueError(Errors.E050.format(path=path))
    texts = list(readers[name](path))
    if not texts:
        raise ValueError(Errors.E062.format(path=path, format=name))
    return texts


def read_gliner_json(path: Path) -> Iterator[AnnotatedText]:
    """GLiNER's training data: a list of {"tokenized_text": words, "ner": [[first, last, label]]}.

    Words are joined by single spaces. "ner_labels" of an item, if there, says what is annotated.
    """
    try:
        items = json.loads(path.read_text(encoding="utf8"))
    except ValueError as error:
        raise ValueError(_broken(path, getattr(error, "lineno", 1), error)) from error
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict) or not {"tokenized_text", "ner"} <= set(item):
            problem = "it must be an object with 'tokenized_text' and 'ner'"
            raise ValueError(_broken(path, f"item {number}", problem))
    found = {str(label) for item in items for *_, label in item["ner"]}
    for number, item in enumerate(items, 1):
        words, starts, position = item["tokenized_text"], [], 0
        for word in words:
            starts.append(position)
            position += len(word) + 1
        spans = []
        for first, last, label in item["ner"]:
            if not 0 <= first <= last < len(words):
                problem = f"entity {first}..{last} is outside of {len(words)} words"
                raise ValueError(_broken(path, f"item {number}", problem))
            spans.append((starts[first], starts[last] + len(words[last]), str(label)))
        annotated = sorted(item.get("ner_labels") or found)
        yield AnnotatedText(" ".join(words), spans, [], annotated, str(number))


def read_brat(folder: Path) -> Iterator[AnnotatedText]:
    """BRAT's standoff: each .txt with an .ann of the same name. A discontinuous entity is read
    as the span that covers it.
    """
    texts = {path: _brat_spans(path) for path in sorted(folder.glob("**/*.txt"))}
    annotated = _labels(texts.values())
    for path, spans in texts.items():
        yield AnnotatedText(_text(path), spans, [], annotated, path.stem)


def read_pubtator(path: Path) -> Iterator[AnnotatedText]:
    """PubTator: `id|t|title`, `id|a|abstract`, then tab-separated entities."""
    documents: dict[str, str] = {}
    entities: dict[str, list[GoldSpan]] = {}
    with path.open(encoding="utf8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            parts = line.split("|", 2)
            if len(parts) == 3 and parts[1] in ("t", "a") and "\t" not in parts[0]:
                name, _, text = parts
                documents[name] = f"{documents[name]}\n{text}" if name in documents else text
                continue
            fields = line.split("\t")
            # A relation has a word where an entity has its first character.
            if not line.strip() or (len(fields) >= 4 and fields[1].isalpha()):
                continue
            try:
                name, start, end, mention, label = fields[:5]
                span = (int(start), int(end), label)
            except ValueError as error:
                problem = f"cannot read {line[:60]!r}"
                raise ValueError(_broken(path, number, problem)) from error
            _check_mention(documents.get(name, ""), span, mention, path, number)
            entities.setdefault(name, []).append(span)
    annotated = _labels(entities.values())
    for name, text in documents.items():
        yield AnnotatedText(text, entities.get(name, []), [], annotated, name)


def _brat_spans(path: Path) -> list[GoldSpan]:
    text, annotations = _text(path), path.with_suffix(".ann")
    if not annotations.exists():
        raise ValueError(Errors.E050.format(path=annotations))
    spans = []
    for number, line in enumerate(_text(annotations).split("\n"), 1):
        if not line.startswith("T"):  # relations, events, attributes, notes
            continue
        try:
            _, where, mention = line.split("\t", 2)
            label, offsets = where.split(" ", 1)
            fragments = [tuple(map(int, part.split(" "))) for part in offsets.split(";")]
            span = (fragments[0][0], fragments[-1][1], label)
        except (ValueError, IndexError) as error:
            raise ValueError(_broken(annotations, number, error)) from error
        expected = mention if len(fragments) == 1 else None
        _check_mention(text, span, expected, annotations, number)
        spans.append(span)
    return spans


def _check_mention(text: str, span: GoldSpan, mention: str | None, path: Path, number: int) -> None:
    start, end, _ = span
    if not 0 <= start < end <= len(text):
        raise ValueError(
            _broken(path, number, f"entity {start}..{end} is outside of {len(text)} characters")
        )
    if mention is not None and text[start:end].split() != mention.split():
        raise ValueError(
            _broken(path, number, f"the text has {text[start:end]!r} where {mention!r} is marked")
        )


def _labels(documents: Iterable[Iterable[GoldSpan]]) -> list[str]:
    return sorted({label for spans in documents for *_, label in spans})


def _text(path: Path) -> str:
    # Offsets count characters of the file, so line ends must stay as they are.
    return path.read_bytes().decode("utf8")


def _broken(path: Path, number: int | str, error: object) -> str:
    return Errors.E060.format(path=path, line=number, error=error)
