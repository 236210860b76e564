"""The registered reader that mixes windows of several corpora."""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial as bind
from pathlib import Path

from spacy.language import Language
from spacy.training import Example

from spacy_gliner_biomed.common.json_files import read_json_object
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.hierarchy import Hierarchy
from spacy_gliner_biomed.training.readers import Reader, first_part, make_example, read_corpus
from spacy_gliner_biomed.training.text_windows import shuffled_windows
from spacy_gliner_biomed.training.window_changes import WindowChanges, change_windows


@dataclass(frozen=True)
class CorpusFolders:
    """The documents of several corpora, by corpus.

    folders (Sequence[Path]): Folders of corpora; the first one with a corpus counts.
    splits (Sequence[str]): The splits to read, where a corpus has them.
    merged (Mapping[str, str]): One label for all entities of a corpus, by corpus.
    left_out (Mapping[str, Mapping[str, Collection[str]]]): Ids of documents that are not read, by
        corpus and split.
    hold_out (float): The share of each dev split, from its start, that is not read.
    """

    folders: Sequence[Path]
    splits: Sequence[str]
    merged: Mapping[str, str]
    left_out: Mapping[str, Mapping[str, Collection[str]]]
    hold_out: float

    def read(self, corpus: str) -> list[AnnotatedText]:
        """Read the documents of a corpus."""
        folder = next((f for f in self.folders if (f / corpus).exists()), self.folders[0])
        ids = self.left_out.get(corpus, {})
        skipped = {split: {*ids.get(split, ())} for split in self.splits}
        if self.hold_out and (folder / corpus / "dev.jsonl.gz").exists():
            held_out = first_part(read_corpus(folder, corpus, ["dev"]), self.hold_out)
            skipped.setdefault("dev", set()).update(text.name for text in held_out)
        return read_corpus(folder, corpus, self.splits, self.merged.get(corpus), skipped)


@dataclass(frozen=True)
class MixedCorpus:
    """Windows of several corpora in random order, without end.

    corpora (CorpusFolders): The documents.
    weights (Mapping[str, float]): Relative number of windows, by corpus.
    max_sentences (int): Maximum number of sentences in a window; the number is drawn in each pass.
    max_words (int): A window ends before the sentence that would exceed about this many words.
    changes (WindowChanges): How windows are changed.
    general (Collection[str]): Corpora of any subject, whose windows get no far, excluded or fine
        labels.
    partial (bool): Only the labels that a window's corpus annotates can be negatives in it. If
        False, each corpus counts as annotated with the labels of all corpora.
    seed (int): The random seed; the same seed gives the same windows.
    spans_key (str): The group of gold spans.
    """

    corpora: CorpusFolders
    weights: Mapping[str, float]
    max_sentences: int
    max_words: int
    changes: WindowChanges
    general: Collection[str]
    partial: bool
    seed: int
    spans_key: str

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield training examples.

        nlp (Language): The pipeline, whose tokenizer is used.
        YIELDS (Example): The examples.
        RAISES (ValueError): If a corpus is missing or cannot be read.
        """
        rng = random.Random(self.seed)
        streams: dict[str, Iterator[AnnotatedText]] = {}
        all_labels = [] if self.partial else self._all_labels()
        while True:
            (corpus,) = rng.choices(list(self.weights), list(self.weights.values()))
            if corpus not in streams:  # a corpus can take seconds to read: wait until it is drawn
                streams[corpus] = self._windows(corpus)
            text = next(streams[corpus])
            known = text.annotated if self.partial else all_labels
            yield make_example(nlp, replace(text, annotated=known), self.spans_key)

    def _windows(self, corpus: str) -> Iterator[AnnotatedText]:
        texts = self.corpora.read(corpus)
        new_rng = bind(random.Random, self.seed)
        windows = shuffled_windows(texts, self.max_sentences, self.max_words, new_rng())
        more_labels = corpus not in self.general
        return change_windows(
            windows, texts, self.changes, more_labels=more_labels, new_rng=new_rng
        )

    def _all_labels(self) -> list[str]:
        texts = (text for corpus in self.weights for text in self.corpora.read(corpus))
        return sorted({label for text in texts for label in text.annotated or ()})


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
    """Make a reader that mixes windows of several corpora at random, without end; use it with
    `max_epochs = -1`. Registered as `spacy-gliner-biomed.MixedCorpus.v1`.

    path, merge_labels, spans_key: See `readers.make_corpus`.
    splits (list[str]): The splits to read, where a corpus has them.
    weights (dict[str, float]): Relative number of windows, by corpus.
    exclude (Path | None): JSON file with documents to leave out: {corpus: {split: {id: ...}}}.
    hold_out (float): The share of each dev split, from its start, that is left out for evaluation.
    max_sentences, max_words, general, partial, seed: See `MixedCorpus`.
    swap, wrap, lists, far, excluded, fine: Shares of windows, see `window_changes.WindowChanges`.
    hierarchy (Path | None): A folder of ontologies (see `hierarchy`); needed for `fine`.
    more (list[Path] | None): Further folders, for corpora that `path` does not have.
    RETURNS (Reader): The reader.
    RAISES (ValueError): If `exclude` cannot be read.
    """
    corpora = CorpusFolders(
        folders=[Path(path), *map(Path, more or ())],
        splits=splits,
        merged=merge_labels or {},
        left_out=read_json_object(Path(exclude)) if exclude else {},
        hold_out=hold_out,
    )
    tree = Hierarchy(hierarchy) if hierarchy else None
    changes = WindowChanges(
        swap=swap, wrap=wrap, lists=lists, far=far, excluded=excluded, fine=fine, hierarchy=tree
    )
    return MixedCorpus(
        corpora=corpora,
        weights=weights,
        max_sentences=max_sentences,
        max_words=max_words,
        changes=changes,
        general=general or (),
        partial=partial,
        seed=seed,
        spans_key=spans_key,
    )
