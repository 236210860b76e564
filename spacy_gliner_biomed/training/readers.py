"""Registered corpus readers: one corpus as it is, or several mixed by weight."""

import json
import math
import random
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, islice
from pathlib import Path

from spacy.language import Language
from spacy.training import Example

from spacy_gliner_biomed.common.files import UTF8
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.training.augment import Mentions, collect_mentions, swap_mentions
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc, read_jsonl
from spacy_gliner_biomed.training.far_labels import FAR_LABELS
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.table import read_format
from spacy_gliner_biomed.training.gold import GoldSpan
from spacy_gliner_biomed.training.hierarchy import Hierarchy
from spacy_gliner_biomed.training.partial_labels import with_excluded, with_fine_labels
from spacy_gliner_biomed.training.text_layout import make_list, plain_mentions, wrap_lines

# Numbers of far labels that a window may be asked for: mostly few, beside those annotated.
N_FAR = (1, 1, 2, 3, 6, 12)

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


def make_file(
    path: Path,
    data_format: str | None = None,
    limit: int = 0,
    spans_key: str = "sc",
    encoding: str = UTF8,
    column: int | None = None,
) -> Reader:
    """Documents of one file or folder, registered as `spacy-gliner-biomed.File.v1`.

    path, data_format: See `training.formats.table.read_format`.
    limit (int): Documents, at most; 0 for all.
    spans_key (str): The group of gold spans.
    encoding, column: See `training.formats.options.ReadOptions`.
    """
    options = ReadOptions(encoding=encoding, column=column, spans_key=spans_key)

    def read(nlp: Language) -> Iterator[Example]:
        for text in islice(read_format(path, data_format, options), limit or None):
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
    wrap: float = 0.0,
    lists: float = 0.0,
    far: float = 0.0,
    excluded: float = 0.0,
    hierarchy: Path | None = None,
    fine: float = 0.0,
    general: list[str] | None = None,
    more: list[Path] | None = None,
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
    wrap (float): Share of windows whose lines are wrapped (`training.text_layout.wrap_lines`).
    lists (float): Share of windows that are lists of mentions (`training.text_layout.make_list`).
    far (float): Share of windows that may be asked for labels which none of them can hold
        (`training.far_labels`).
    excluded (float): Share of windows that are also asked for labels of other families than
        their mentions', which are negatives there (`training.families`).
    hierarchy (Path | None): A folder of ontologies (`training.hierarchy`) for...
    fine (float): ...the share of windows with concept ids that are also asked for fine labels.
    general (list[str] | None): Corpora of any subject: they are asked for none of these.
    more (list[Path] | None): Further folders, for corpora that `path` does not have.
    partial (bool): Each window carries the labels that its corpus annotates, and no other can
        be a negative in it. False takes the corpora as if each annotated all labels of all.
    seed (int): Of the order, the same in each run.
    """
    left_out = json.loads(Path(exclude).read_text(encoding="utf8")) if exclude else {}
    merged = merge_labels or {}
    tree = Hierarchy(hierarchy) if hierarchy else None

    folders = [Path(path), *map(Path, more or ())]

    def texts_of(corpus: str) -> list[AnnotatedText]:
        skipped = {split: {*left_out.get(corpus, {}).get(split, ())} for split in splits}
        folder = next((folder for folder in folders if (folder / corpus).exists()), folders[0])
        if hold_out:
            skipped.setdefault("dev", set()).update(_held_out(folder, corpus, hold_out))
        return read_corpus(folder, corpus, splits, merged.get(corpus), skipped)

    def stream_of(corpus: str) -> Iterator[AnnotatedText]:
        texts = texts_of(corpus)
        windows = _windows(texts, max_sentences, max_words, random.Random(seed))
        stream = _swapped(windows, collect_mentions(texts), swap, random.Random(seed))
        stream = _laid_out(stream, texts, wrap, lists, random.Random(seed))
        if corpus in (general or ()):
            return stream
        stream = _with_far_labels(stream, far, random.Random(seed))
        stream = with_excluded(stream, excluded, random.Random(seed))
        return with_fine_labels(stream, tree, fine, random.Random(seed)) if tree else stream

    def read(nlp: Language) -> Iterator[Example]:
        rng = random.Random(seed)
        streams: dict[str, Iterator[AnnotatedText]] = {}
        all_labels = [] if partial else _all_labels(map(texts_of, weights))
        while True:
            (corpus,) = rng.choices(list(weights), list(weights.values()))
            if corpus not in streams:  # read when it is drawn first: some take seconds
                streams[corpus] = stream_of(corpus)
            text = next(streams[corpus])
            known = text.annotated if partial else all_labels
            yield _example(nlp, replace(text, annotated=known), spans_key)

    return read


def _held_out(folder: Path, corpus: str, share: float) -> list[str]:
    """Ids of the first part of a corpus' dev split; none if it has no such split."""
    if not (folder / corpus / "dev.jsonl.gz").exists():
        return []
    dev = read_corpus(folder, corpus, ["dev"])
    return [text.name for text in dev[: math.ceil(share * len(dev))]]


def _all_labels(corpora: Iterable[Sequence[AnnotatedText]]) -> list[str]:
    return sorted({label for texts in corpora for text in texts for label in text.annotated or ()})


def read_corpus(
    path: Path,
    corpus: str,
    splits: Sequence[str],
    merge_into: str | None = None,
    left_out: Mapping[str, Collection[str]] | None = None,
) -> list[AnnotatedText]:
    """Return the documents of a corpus but for those whose ids `left_out` has, by split.

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
    borders = _outside(borders, text.spans)
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


def _outside(borders: Sequence[int], spans: Iterable[GoldSpan]) -> list[int]:
    """Return the borders that are inside no span."""
    ordered = sorted(spans)
    starts = [start for start, *_ in ordered]
    ends = list(accumulate((end for _, end, _ in ordered), max))
    befores = [(border, bisect_left(starts, border)) for border in borders]
    return [border for border, n in befores if n == 0 or ends[n - 1] <= border]


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


def _laid_out(
    windows: Iterator[AnnotatedText],
    texts: Sequence[AnnotatedText],
    wrap: float,
    lists: float,
    rng: random.Random,
) -> Iterator[AnnotatedText]:
    mentions = plain_mentions(texts) if lists else {}
    for text in windows:
        if mentions and rng.random() < lists:
            yield make_list(mentions, text.annotated, rng, text.corpus)
        elif rng.random() < wrap:
            yield wrap_lines(text, rng.randint(30, 90))
        else:
            yield text


def _with_far_labels(
    windows: Iterator[AnnotatedText], share: float, rng: random.Random
) -> Iterator[AnnotatedText]:
    for text in windows:
        if text.annotated is not None and rng.random() < share:
            far = rng.sample(FAR_LABELS, rng.choice(N_FAR))
            yield replace(text, annotated=[*text.annotated, *far])
        else:
            yield text


def _part(text: AnnotatedText, start: int, end: int) -> AnnotatedText:
    spans = [(a - start, b - start, label) for a, b, label in text.spans if start <= a and b <= end]
    concepts = [
        (a - start, b - start, label, ids)
        for a, b, label, ids in text.concepts
        if start <= a and b <= end
    ]
    part = text.text[start:end]
    return replace(text, text=part, spans=spans, sentences=[], concepts=concepts, passages=())


def _example(nlp: Language, text: AnnotatedText, spans_key: str) -> Example:
    return Example(nlp.make_doc(text.text), gold_doc(nlp, text, spans_key))
