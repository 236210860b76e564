"""Reads annotated texts from JSON lines, as Docs whose tokens fit their gold entities."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.common.files import UTF8
from spacy_gliner_biomed.common.folders import ending_of
from spacy_gliner_biomed.common.json_files import read_json_lines
from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.tokenization.alignment import cut_points
from spacy_gliner_biomed.training.gold import (
    ANNOTATED,
    Gold,
    GoldRelation,
    GoldSpan,
    PartialLabels,
    write_gold,
)
from spacy_gliner_biomed.training.gold_relations import write_relations
from spacy_gliner_biomed.training.json_items import read_values
from spacy_gliner_biomed.training.line_entities import ENTITY_KEYS, concept_of, values_of
from spacy_gliner_biomed.training.line_relations import (
    ANNOTATED_RELATIONS,
    RELATIONS,
    line_scores,
    parse_line_relations,
)
from spacy_gliner_biomed.training.record_checks import (
    Counts,
    check_keys,
    check_label,
    check_list,
    check_strings,
    located,
    make_span,
    report_changes,
)

JSON_ENDINGS = (".json", ".json.gz")  # of arrays and single objects

# The keys in `Doc.user_data` for a document's id, its passages, and the further keys of its line.
ID_KEY, PASSAGES_KEY, META_KEY = "id", "passages", "meta"

# The keys of a line that are not its metadata.
SENTENCES_KEY = "sents"
LINE_KEYS = frozenset({"text", "entities", SENTENCES_KEY, ANNOTATED, ID_KEY, PASSAGES_KEY})
LINE_KEYS |= {RELATIONS, ANNOTATED_RELATIONS}
GOLD_KEYS = frozenset({"entities", ANNOTATED, RELATIONS, ANNOTATED_RELATIONS})

# The key in `AnnotatedText.meta`, and in the attributes of the span group, for the labels of the
# entities before they were renamed, in order.
WRITTEN_LABELS = "written_labels"

# A passage: {"start": first character, "end": one past the last, "infons": {key: text}}, where the
# infons say what it is, as in BioC: {"type": "paragraph", "section": "Methods"}.
Passage = Mapping[str, Any]


@dataclass(frozen=True)
class AnnotatedText:
    """A text with its entities.

    text (str): The text.
    spans (Sequence[GoldSpan]): Its entities.
    sentences (Sequence[tuple[int, int]]): Characters of its sentences; empty if not known.
    annotated (Sequence[str] | None): The labels that its corpus annotates; None if not known.
    name (str): Its id.
    corpus (str): The name of its corpus.
    concepts (Sequence[tuple[int, int, str, str]]): First character, one past the last, label and
        concept ids, as the corpus writes them, of the entities that have any.
    partial (PartialLabels): Labels that are known on some spans only.
    passages (Sequence[Passage]): Its passages, if the source has some.
    meta (Mapping[str, Any]): Further values of its record.
    relations (Sequence[GoldRelation] | None): Relations between its entities; None if nothing is
        known of them.
    annotated_relations (Sequence[str] | None): The relations that its corpus annotates; None if not
        known.
    entity_values (Mapping[GoldSpan, Mapping[str, Any]]): Further values of its entities, such as
        "score". Changes of the text do not move their offsets: only writers read them.
    relation_scores (Mapping[GoldRelation, float]): The scores of the relations that have one.
    doc (Doc | None): The Doc that it was read from, if `ReadOptions.with_docs` asks for it.
    """

    text: str
    spans: Sequence[GoldSpan]
    sentences: Sequence[tuple[int, int]]
    annotated: Sequence[str] | None
    name: str = ""
    corpus: str = ""
    concepts: Sequence[tuple[int, int, str, str]] = ()
    partial: PartialLabels = field(default_factory=dict)
    passages: Sequence[Passage] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    relations: Sequence[GoldRelation] | None = None
    annotated_relations: Sequence[str] | None = None
    entity_values: Mapping[GoldSpan, Mapping[str, Any]] = field(default_factory=dict)
    relation_scores: Mapping[GoldRelation, float] = field(default_factory=dict)
    doc: Doc | None = field(default=None, compare=False, repr=False)


def read_jsonl(
    path: Path,
    labels: dict[str, str] | None,
    *,
    merge_into: str | None = None,
    corpus: str = "",
) -> Iterator[AnnotatedText]:
    """Read texts with entities, one JSON object a line.

    path (Path): .jsonl or .jsonl.gz. Each line has "text", "entities" (each with "start",
        "end", "label" and, optionally, its "text", which is compared, the ids of its concepts as
        "concept_id" or "id", see `line_entities.concept_of`, and further values) and, optionally,
        "id", "sents", and "annotated_labels": the labels that this text annotates, if not all. For
        "relations" and "annotated_relations", see `line_relations.parse_line_relations`.
    labels (dict[str, str] | None): Maps the file's labels to those that are used, which count as
        annotated. None keeps the labels of the file.
    merge_into (str | None): One label that replaces all labels; None keeps them.
    corpus (str): The name of the corpus.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    if labels is None:
        labels = {label: label for label in sorted(_labels(path))}
    names = {key: merge_into or label for key, label in labels.items()}
    annotated = sorted(set(names.values()))
    counts = Counts()
    for text in jsonl_texts(path, counts, names):
        its = annotated if text.annotated is None else text.annotated
        yield replace(text, annotated=its, corpus=corpus)
    report_changes(counts, path)


def jsonl_texts(
    path: Path, counts: Counts, names: Mapping[str, str] | None = None, encoding: str = UTF8
) -> Iterator[AnnotatedText]:
    """Read the texts of `read_jsonl`; what a text annotates is None unless its line says it.

    path (Path): The file.
    counts (Counts): Changes are added.
    names (Mapping[str, str] | None): Maps the file's labels to those that are used; None keeps
        them.
    encoding (str): The file's encoding.
    YIELDS (AnnotatedText): The texts.
    RAISES (ValueError): With file and line, for what cannot be read.
    """
    for number, line in _lines(path, encoding):
        with located(path, number):
            found = [
                (_span(entity, line["text"], names, counts), entity) for entity in line["entities"]
            ]
            concepts = [(*span, ids) for span, entity in found if (ids := concept_of(entity))]
            own, name = line.get(ANNOTATED), line.get(ID_KEY)
            spans = [span for span, _ in found]
            relations, annotated = parse_line_relations(line, spans, concepts, counts)
            text = AnnotatedText(
                line["text"],
                list(dict.fromkeys(spans)),
                parse_sentences(line.get(SENTENCES_KEY), line["text"]),
                None if own is None else sorted({_rename(x, names) for x in check_strings(own)}),
                str(number if name is None else name),
                concepts=concepts,
                passages=check_list(line, PASSAGES_KEY),
                meta={key: value for key, value in line.items() if key not in LINE_KEYS},
                relations=relations,
                annotated_relations=annotated,
                entity_values=values_of(found, counts),
                relation_scores=line_scores(line, spans),
            )
        yield text


def without_gold(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a line that gets other entities. What it says of its own, such as
    relations by their numbers, does not hold for the others.

    meta (Mapping[str, Any]): All that the line has. A key with another value than a list, such as
        a column "relations" of a table, is no gold.
    RETURNS (dict[str, Any]): The rest.
    """
    return {k: v for k, v in meta.items() if k not in GOLD_KEYS or not isinstance(v, list)}


def gold_doc(nlp: Language, example: AnnotatedText, spans_key: str) -> Doc:
    """Make a Doc with the tokenizer's tokens, cut where a gold entity begins or ends inside one.

    nlp (Language): The pipeline, whose tokenizer is used.
    example (AnnotatedText): The text and its entities.
    spans_key (str): The group of gold spans.
    RETURNS (Doc): The Doc.
    """
    doc = nlp.make_doc(example.text)
    starts = [token.idx for token in doc]
    ends = [token.idx + len(token) for token in doc]
    cuts = cut_points(starts, ends, [span[:2] for span in example.spans])
    if cuts:
        words: list[str] = []
        spaces: list[bool] = []
        for token in doc:
            borders = [starts[token.i], *cuts.get(token.i, []), ends[token.i]]
            words += [example.text[a:b] for a, b in pairwise(borders)]
            spaces += [False] * (len(borders) - 2) + [bool(token.whitespace_)]
        doc = Doc(nlp.vocab, words=words, spaces=spaces)
    write_example(doc, example, spans_key)
    return doc


def write_example(doc: Doc, example: AnnotatedText, spans_key: str) -> None:
    """Set what is known of a text on its Doc, except for concepts and further values.

    doc (Doc): Its Doc, whose tokens have to fit; changed in place.
    example (AnnotatedText): The text and its entities.
    spans_key (str): The group of gold spans.
    """
    gold = Gold(example.spans, example.annotated, example.corpus, partial=example.partial)
    write_gold(doc, gold, spans_key)
    if written := example.meta.get(WRITTEN_LABELS):
        doc.spans[spans_key].attrs[WRITTEN_LABELS] = list(written)
    if example.name:
        doc.user_data[ID_KEY] = example.name
    if example.passages:
        doc.user_data[PASSAGES_KEY] = list(example.passages)
    if example.relations is not None:
        scores = example.relation_scores
        write_relations(doc, example.relations, example.annotated_relations, scores)


def _rename(label: str, names: Mapping[str, str] | None) -> str:
    return label if names is None else names.get(label, label)


def _lines(path: Path, encoding: str = UTF8) -> Iterator[tuple[int | str, dict[str, Any]]]:
    """Yield the place and object of each line that is not blank, or of each item of an array."""
    lines = read_values if ending_of(path, JSON_ENDINGS) else read_json_lines
    for number, values in lines(path, encoding):
        with located(path, number):
            check_keys(values, ("text", "entities"))
            if not isinstance(values["text"], str) or not isinstance(values["entities"], list):
                raise ValueError("'text' must be a string and 'entities' a list")
            check_text(values["text"])
        yield number, values


def _labels(path: Path) -> set[str]:
    """Return all labels of a file, which is read twice rather than held in memory."""
    found: set[str] = set()
    for number, line in _lines(path):
        with located(path, number):
            for entity in line["entities"]:
                check_keys(entity, ENTITY_KEYS)
                found.add(check_label(entity["label"]))
    return found


def _span(entity: Any, text: str, names: Mapping[str, str] | None, counts: Counts) -> GoldSpan:
    """Return an entity of a line, with its label renamed.

    RAISES (ValueError): If it is not as it must be.
    """
    check_keys(entity, ENTITY_KEYS)
    label = check_label(entity["label"])
    if names is not None and label not in names:
        raise ValueError(f"unknown label {label!r}; known are {list_names(names)}")
    mention, label = entity.get("text"), _rename(label, names)
    return make_span(text, entity["start"], entity["end"], label, counts, mention)


def parse_sentences(found: Any, text: str) -> list[tuple[int, int]]:
    """Return the sentences of a line, if it has some.

    found (Any): As they were read.
    text (str): The text of the line.
    RETURNS (list[tuple[int, int]]): First character and one past the last of each.
    RAISES (ValueError): If they are not pairs of offsets in the text.
    """
    sentences, length = found or [], len(text)
    try:
        pairs = [(start, end) for start, end in sentences]
        right = all(type(a) is type(b) is int and 0 <= a <= b <= length for a, b in pairs)
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ValueError(f"'sents' must be pairs of offsets from 0 to {length}")
    return pairs
