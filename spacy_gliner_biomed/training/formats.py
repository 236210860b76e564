"""Annotated texts from the formats that people have: GLiNER's JSON, BRAT, PubTator."""

from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from pathlib import Path

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.corpora import AnnotatedText, read_jsonl
from spacy_gliner_biomed.training.exchange import read_instructions
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.json_items import read_items

FORMATS = ("jsonl", "gliner", "brat", "pubtator", "instructions")


def read_format(path: Path, name: str) -> Iterator[AnnotatedText]:
    """Read annotated texts, one after the other; the labels found in all of them count as
    annotated. So all is read twice, and what is broken is said before the first text is there.

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
    texts = iter(readers[name](path))
    first = next(texts, None)
    if first is None:
        raise ValueError(Errors.E062.format(path=path, format=name))
    return chain([first], texts)


def read_gliner_json(path: Path) -> Iterator[AnnotatedText]:
    """GLiNER's training data: a list of {"tokenized_text": words, "ner": [[first, last, label]]}.

    Words are joined by single spaces. "ner_labels" of an item, if there, says what is annotated.
    """
    found = _labels(spans for _, spans, _ in _gliner_items(path))
    for number, (words, spans, annotated) in enumerate(_gliner_items(path), 1):
        yield AnnotatedText(" ".join(words), spans, [], annotated or found, str(number))


def read_brat(folder: Path) -> Iterator[AnnotatedText]:
    """BRAT's standoff: each .txt with an .ann of the same name. A discontinuous entity is read
    as the span that covers it.
    """
    paths = sorted(folder.glob("**/*.txt"))
    annotated = _labels(map(_brat_spans, paths))
    for path in paths:
        yield AnnotatedText(_text(path), _brat_spans(path), [], annotated, path.stem)


def read_pubtator(path: Path) -> Iterator[AnnotatedText]:
    """PubTator: `id|t|title`, `id|a|abstract`, then tab-separated entities."""
    annotated = _labels(spans for *_, spans in _pubtator_documents(path))
    for name, text, spans in _pubtator_documents(path):
        yield AnnotatedText(text, spans, [], annotated, name)


def _gliner_items(path: Path) -> Iterator[tuple[list[str], list[GoldSpan], list[str]]]:
    """Words, entities and annotated labels of each item."""
    for number, item in enumerate(read_items(path), 1):
        if not isinstance(item, dict) or not {"tokenized_text", "ner"} <= set(item):
            problem = "it must be an object with 'tokenized_text' and 'ner'"
            raise ValueError(_broken(path, f"item {number}", problem))
        words = item["tokenized_text"]
        try:
            ends = list(accumulate(len(word) + 1 for word in words))
            entities = [(first, last, str(label)) for first, last, label in item["ner"]]
            outside = [e for e in entities if not 0 <= e[0] <= e[1] < len(words)]
        except (TypeError, ValueError) as error:
            problem = f"words must be strings and entities [first, last, label]: {error}"
            raise ValueError(_broken(path, f"item {number}", problem)) from error
        if outside:
            first, last, _ = outside[0]
            problem = f"entity {first}..{last} is outside of {len(words)} words"
            raise ValueError(_broken(path, f"item {number}", problem))
        spans = [(ends[i] - len(words[i]) - 1, ends[j] - 1, label) for i, j, label in entities]
        yield words, spans, sorted(item.get("ner_labels") or ())


def _pubtator_documents(path: Path) -> Iterator[tuple[str, str, list[GoldSpan]]]:
    """Name, text and entities of each document, whose lines stand together."""
    name, text = "", ""
    spans: list[GoldSpan] = []
    with path.open(encoding="utf8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            parts = line.split("|", 2)
            if len(parts) == 3 and parts[1] in ("t", "a") and "\t" not in parts[0]:
                if parts[1] == "a" and parts[0] == name:
                    text = f"{text}\n{parts[2]}"
                    continue
                if name:
                    yield name, text, spans
                name, text, spans = parts[0], parts[2], []
                continue
            fields = line.split("\t")
            # A relation has a word where an entity has its first character.
            if line.strip() and not (len(fields) >= 4 and fields[1].isalpha()):
                spans.append(_pubtator_span(fields, name, text, path, number))
    if name:
        yield name, text, spans


def _pubtator_span(fields: list[str], name: str, text: str, path: Path, number: int) -> GoldSpan:
    try:
        document, start, end, mention, label = fields[:5]
        span = (int(start), int(end), label)
    except ValueError as error:
        found = "\t".join(fields)[:60]
        raise ValueError(_broken(path, number, f"cannot read {found!r}")) from error
    if document != name:
        problem = f"an entity of document {document!r} stands below the text of {name!r}"
        raise ValueError(_broken(path, number, problem))
    _check_mention(text, span, mention, path, number)
    return span


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
