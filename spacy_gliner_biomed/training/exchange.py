"""Write training data of other tools: GLiNER's JSON, and instructions for language models.

The second is the format of BioSelectTune (arXiv 2512.22738), see `formats.instructions`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from spacy_gliner_biomed.common.json_text import dump_json
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.gold import word_spans
from spacy_gliner_biomed.training.json_items import write_items

INSTRUCTION = (
    "Find all entities of these types in the text: {labels}. Answer with a JSON list of objects "
    'with "entity", the type, and "name", the mention.'
)
NO_LIMIT = 10**9


def entities_as_json(text: AnnotatedText) -> str:
    """Return a text's entities as a language model answers, in the order of the text."""
    entities = [{"entity": label, "name": text.text[a:b]} for a, b, label in sorted(text.spans)]
    return dump_json(entities).decode("utf8")


def instruction_of(text: AnnotatedText) -> str:
    """Return the instruction for a text: its annotated labels, or those of its entities."""
    labels = text.annotated or dict.fromkeys(label for *_, label in text.spans)
    return INSTRUCTION.format(labels=", ".join(labels))


def write_instructions(texts: Iterable[AnnotatedText], stream: BinaryIO) -> int:
    """Write the format of BioSelectTune.

    texts (Iterable[AnnotatedText]): The texts.
    stream (BinaryIO): The file.
    RETURNS (int): Entities that the format cannot express: always 0.
    """
    write_items(
        (
            {
                "instruction": instruction_of(text),
                "input": text.text,
                "output": entities_as_json(text),
            }
            for text in texts
        ),
        stream,
    )
    return 0


def write_gliner_json(texts: Iterable[AnnotatedText], stream: BinaryIO) -> int:
    """Write GLiNER's training data, in the words of its own splitter.

    texts (Iterable[AnnotatedText]): The texts.
    stream (BinaryIO): The file.
    RETURNS (int): Entities that begin or end inside such a word, which the format cannot express.
    """
    lost = 0

    def items() -> Iterator[dict[str, Any]]:
        nonlocal lost
        for text in texts:
            words = split_words(text.text, "whitespace")
            spans, inside = word_spans(text.spans, words, NO_LIMIT)
            lost += len(inside)
            pieces = [text.text[a:b] for a, b in zip(words.starts, words.ends, strict=True)]
            ner = [[start, end - 1, label] for start, end, label in spans]
            annotated = {} if text.annotated is None else {"ner_labels": list(text.annotated)}
            yield {"tokenized_text": pieces, "ner": ner, **annotated}

    write_items(items(), stream)
    return lost
