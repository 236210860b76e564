"""Registered corpus readers: one corpus as it is, or several mixed by weight."""

import json
import math
import random
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from spacy.language import Language
from spacy.training import Example

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.augment import Mentions, collect_mentions, swap_mentions
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc, read_jsonl
from spacy_gliner_biomed.training.formats import read_format

Reader = Callable[[Language], Iterable[Example]]


def make_corpus(
    path: Path,
    split: str,
    corpora: list[str],
    merge_labels: dict[str, str] | None = None,
    share: float = 1.0,
    limit: int = 0,
    spans_key: str = "sc",
) -> Reader:
    """Whole documents of some corpora, in order, registered as
    `spacy-gliner-biomed.Corpus.v1`.

    path (Path): A folder of folders `<corpus>`, each with `meta.json` and `<split>.jsonl.gz`.
    split (str): "train", "dev" or "test".
    corpora (list[str]): Names of the folders.
    merge_labels (dict[str, str] | None): One label for all of a corpus, by corpus.
    share (float): The first part of each corpus that is read, 0 to 1.
    limit (int): Documents of each corpus, at most; 0 for all.
    spans_key (str): The group of gold spans.
    """

    def read(nlp: Language) -> Iterator[Example]:
        for corpus in corpora:
            texts = read_corpus(path, corpus, [split], (merge_labels or {}).get(corpus))
            part = texts[: math.ceil(share * len(texts))]
            for text in part[: limit or None]:
                yield _example(nlp, text, spans_key)

    return read


def make_file(path: Path, data_format: str, limit: int = 0, spans_key: str = "sc") -> Reader:
    """Documents of one file or folder, registered as `spacy-gliner-biomed.File.v1`.

    path, data_format: See `training.formats.read_format`.
    limit (int): Documents, at most; 0 for all.
    spans_key (str): The group of gold spans.
    """

    def read(nlp: Language) -> Iterator[Example]:
        for text in islice(read_format(path, data_format), limit or None):
            yield _example(nlp, text, spans_key)

    return read


def make_mixed_corpus(
    path: Path,
    splits: list[str],
    weights: dict[str, float],
    merge_labels: dict[str, str] | None = None,
    exclude: Path | None = None,
    hold_out: float = 0.0,
    max_sentences: int = 4,
    max_words: int = 150,
    swap: float = 0.0,
    partial: bool = True,
    seed: int = 0,
    spans_key: str = "sc",
) -> Reader:
    """Windows of a few sentences of several corpora, without end, in random order: for
    `max_epochs = -1`. Registered as `spacy-gliner-biomed.MixedCorpus.v1`.

    path, merge_labels, spans_key: As `make_corpus`.
    splits (list[str]): Splits that are used, where a corpus has them.
    weights (dict[str, float]): Relative numbers of windows, by corpus.
    exclude (Path | None): JSON of documents to leave out: {corpus: {split: {id: ...}}}.
    hold_out (float): The first part of each dev split that is left out, to choose by.
    max_sentences (int): Sentences in a window: 1 to this many, anew in each pass.
    max_words (int): A window takes no further sentence beyond about this many words.
    swap (float): Share of windows whose mentions are swapped for others of the same corpus and
        label (`training.augment.swap_mentions`).
    partial (bool): Each window carries the labels that its corpus annotates, and no other can
        be a negative in it. False takes the corpora as if each annotated all labels of all.
    seed (int): Of the order, the same in each run.
    """

    def read(nlp: Language) -> Iterator[Example]:
        left_out = json.loads(Path(exclude).read_text(encoding="utf8")) if exclude else {}
        rng = random.Random(seed)
        streams = []
        all_labels: set[str] = set()
        for corpus in weights:
            merged = (merge_labels or {}).get(corpus)
            skipped = {split: {*left_out.get(corpus, {}).get(split, ())} for split in splits}
            if hold_out and (Path(path) / corpus / "dev.jsonl.gz").exists():
                dev = read_corpus(path, corpus, ["dev"])
                held = dev[: math.ceil(hold_out * len(dev))]
                skipped.setdefault("dev", set()).update(text.name for text in held)
            texts = read_corpus(path, corpus, splits, merged, skipped)
            windows = _windows(texts, max_sentences, max_words, random.Random(seed))
            streams.append(_swapped(windows, collect_mentions(texts), swap, random.Random(seed)))
            all_labels |= set(texts[0].annotated or ())
        while True:
            stream = rng.choices(streams, list(weights.values()))[0]
            text = next(stream)
            known = text.annotated if partial else sorted(all_labels)
            yield _example(nlp, replace(text, annotated=known), spans_key)

    return read


def read_corpus(
    path: Path,
    corpus: str,
    splits: Sequence[str],
    merge_into: str | None = None,
    left_out: Mapping[str, Collection[str]] | None = None,
) -> list[AnnotatedText]:
    """The documents of a corpus but for those whose ids `left_out` has, by split.

    RAISES (ValueError): If there are none, or one cannot be read.
    """
    folder = Path(path) / corpus
    files = [folder / f"{split}.jsonl.gz" for split in splits]
    found = [file for file in files if file.exists()]
    if not found:
        raise ValueError(Errors.E061.format(folder=folder, files=", ".join(f.name for f in files)))
    labels = json.loads((folder / "meta.json").read_text(encoding="utf8"))["labels"]
    texts = []
    for file in found:
        skip = (left_out or {}).get(file.name.split(".")[0], {})
        texts += [
            text
            for text in read_jsonl(file, labels, merge_into=merge_into, corpus=corpus)
            if text.name not in skip
        ]
    return texts


def cut_sentences(
    text: AnnotatedText, max_sentences: int, max_words: int, rng: random.Random
) -> Iterator[AnnotatedText]:
    """Cut a text into windows of 1 to `max_sentences` sentences that cut no entity."""
    borders = [start for start, _ in text.sentences[1:]]
    borders = [b for b in borders if not any(start < b < end for start, end, _ in text.spans)]
    starts = [0, *borders]
    ends = [*borders, len(text.text)]
    i = 0
    while i < len(starts):
        n_sentences, j = rng.randint(1, max_sentences), i + 1
        while j < min(i + n_sentences, len(starts)):
            if (ends[j] - starts[i]) > 6 * max_words:  # a word is about six characters
                break
            j += 1
        yield _part(text, starts[i], ends[j - 1])
        i = j


def _windows(
    texts: Sequence[AnnotatedText], max_sentences: int, max_words: int, rng: random.Random
) -> Iterator[AnnotatedText]:
    while True:
        cut = [
            part for text in texts for part in cut_sentences(text, max_sentences, max_words, rng)
        ]
        rng.shuffle(cut)
        yield from (part for part in cut if part.text.strip())


def _swapped(
    windows: Iterator[AnnotatedText], mentions: Mentions, share: float, rng: random.Random
) -> Iterator[AnnotatedText]:
    for text in windows:
        yield swap_mentions(text, mentions, rng) if rng.random() < share else text


def _part(text: AnnotatedText, start: int, end: int) -> AnnotatedText:
    spans = [(a - start, b - start, label) for a, b, label in text.spans if start <= a and b <= end]
    return replace(text, text=text.text[start:end], spans=spans, sentences=[])


def _example(nlp: Language, text: AnnotatedText, spans_key: str) -> Example:
    return Example(nlp.make_doc(text.text), gold_doc(nlp, text, spans_key))
