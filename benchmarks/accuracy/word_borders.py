"""Share of gold entities that begin and end at word borders, by how a text is cut into words.

    python -m benchmarks.accuracy.word_borders --corpora FOLDER --output FILE

A model can only find spans of whole words, so the share is an upper bound of its recall. Needs
scispacy.
"""

from collections.abc import Callable, Iterable, Sequence

import spacy
from scispacy.custom_tokenizer import combined_rule_tokenizer
from spacy.language import Language

from benchmarks.common import make_parser, markdown, write_results
from spacy_gliner_biomed.tokenization.words import split_words
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.readers import read_corpus

CORPORA = ["bc5cdr", "ncbi_disease", "bionlp13cg", "craft", "anatem"]
Splitter = Callable[[str], tuple[set[int], set[int]]]


def share_at_borders(texts: Iterable[AnnotatedText], split: Splitter) -> float:
    """Return the percentage of entities whose first and last characters are those of words.

    texts (Iterable[AnnotatedText]): Texts with gold entities.
    split (Splitter): Returns the first characters of a text's words, and those after the last.
    RETURNS (float): The percentage; 0 without an entity.
    """
    right = total = 0
    for text in texts:
        starts, ends = split(text.text)
        total += len(text.spans)
        right += sum(start in starts and end in ends for start, end, _ in text.spans)
    return 100 * right / max(total, 1)


def tokens_of(nlp: Language) -> Splitter:
    """Return a splitter that cuts as the tokenizer of a pipeline does."""

    def split(text: str) -> tuple[set[int], set[int]]:
        tokens = nlp.make_doc(text)
        return {token.idx for token in tokens}, {token.idx + len(token) for token in tokens}

    return split


def words_of(splitter: str) -> Splitter:
    """Return a splitter that cuts as models with a splitter do."""

    def split(text: str) -> tuple[set[int], set[int]]:
        words = split_words(text, splitter)
        return set(words.starts.tolist()), set(words.ends.tolist())

    return split


def splitters() -> dict[str, Splitter]:
    """Return the splitters by name."""
    scientific = spacy.blank("en")
    scientific.tokenizer = combined_rule_tokenizer(scientific)
    return {
        "GLiNER's pattern": words_of("whitespace"),
        "spaCy's English tokenizer": tokens_of(spacy.blank("en")),
        "scispaCy's tokenizer": tokens_of(scientific),
        "packaged model": words_of("fine"),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, count, print the table and write JSON."""
    parser = make_parser(__doc__)
    parser.add_argument("--names", nargs="+", default=CORPORA, help="the corpora")
    arguments = parser.parse_args(argv)
    texts = {name: list(read_corpus(arguments.corpora, name, ["test"])) for name in arguments.names}
    rows = {
        words: {name: round(share_at_borders(found, split), 1) for name, found in texts.items()}
        for words, split in splitters().items()
    }
    print(markdown(["words", *texts], [[w, *map(str, r.values())] for w, r in rows.items()]))
    write_results(arguments.output, rows, arguments)


if __name__ == "__main__":
    main()
