"""The pipeline component: spaCy's contract around prediction and annotation."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import srsly
from spacy import util
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Optimizer

from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.models.gliner import GlinerModel, network_shim
from spacy_gliner_biomed.pipeline.annotation import EntsFilter, annotate
from spacy_gliner_biomed.pipeline.labels import parse_labels
from spacy_gliner_biomed.pipeline.prediction import Predictor
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.types import Prediction

# What is reported once if it happens; what is only counted is not here.
REPORTED = {
    "moved": Warnings.W001,
    "left_out": Warnings.W002,
    "merged": Warnings.W003,
    "shortened_words": Warnings.W004,
    "unknown_words": Warnings.W005,
    "not_in_ents": Warnings.W006,
}


class GlinerBiomed(TrainablePipe):
    """Open named-entity recognition with a GLiNER network.

    vocab (Vocab): The pipeline's.
    model (GlinerModel): From rows to logits; its weights are loaded when first needed.
    name (str): The component's name in the pipeline.
    cfg (Mapping[str, Any]): The settings, see `pipeline.factory.make_gliner_biomed`.
    ents_filter (EntsFilter): Chooses the entities for `doc.ents`.
    scorer (Callable | None): Scores predicted against gold Docs.
    RAISES (ValueError): For a setting that is not allowed.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: GlinerModel,
        name: str = "gliner_biomed",
        *,
        cfg: Mapping[str, Any],
        ents_filter: EntsFilter,
        scorer: Callable[..., dict[str, Any]] | None,
    ) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.cfg: dict[str, Any] = dict(cfg)
        self.configured = dict(cfg)
        self.ents_filter = ents_filter
        self.scorer = scorer
        self.stats: Counter[str] = Counter()
        self.reported: set[str] = set()
        self.settings()

    @property
    def labels(self) -> tuple[str, ...]:  # type: ignore[override]
        """The labels that are written on Docs."""
        specs = parse_labels(self.cfg["labels"])
        return tuple(dict.fromkeys(spec.label for spec in specs))

    @labels.setter
    def labels(self, labels: Sequence[str | Mapping[str, Any]]) -> None:
        parse_labels(labels)
        self.cfg["labels"] = list(labels)

    @property
    def label_data(self) -> list[Any]:  # type: ignore[override]
        """The labels with their prompts and thresholds, as `initialize` takes them."""
        return list(self.cfg["labels"])

    def add_label(self, label: str | Mapping[str, Any]) -> int:
        """Add a label to those that are asked for.

        RETURNS (int): 0 if the label was there already, otherwise 1.
        """
        if label in self.cfg["labels"]:
            return 0
        self.labels = [*self.cfg["labels"], label]
        return 1

    def settings(self, **options: Any) -> Settings:
        """The settings, checked, with some changed for one call.

        RAISES (ValueError): For an option that is unknown, or a value that is not allowed.
        """
        return Settings.from_cfg(self.cfg, **options)

    def __call__(self, doc: Doc, **options: Any) -> Doc:
        """Annotate one Doc.

        doc (Doc): Changed in place.
        options: `labels`, `threshold`, `overlap`, `multi_label` or `alignment` for this call.
        RETURNS (Doc): The same Doc.
        """
        settings = self.settings(**options)
        try:
            self._annotate([doc], settings)
        except Exception as error:
            self.get_error_handler()(self.name, self, [doc], error)
        return doc

    def pipe(
        self, stream: Iterable[Doc], *, batch_size: int = 128, **options: Any
    ) -> Iterator[Doc]:
        """Annotate a stream of Docs in batches, in order.

        stream (Iterable[Doc]): The Docs; each is changed in place.
        batch_size (int): Docs that are worked on together; memory is bounded by
            `batch_subtokens`, whatever their number and length.
        options: As for `__call__`.
        YIELDS (Doc): The Docs. One that fails is given to the error handler, alone.
        """
        settings = self.settings(**options)
        error_handler = self.get_error_handler()
        for docs in util.minibatch(stream, size=batch_size):
            try:
                self._annotate(docs, settings)
                yield from docs
                continue
            except Exception as error:
                if len(docs) == 1:
                    error_handler(self.name, self, docs, error)
                    continue
            for doc in docs:
                try:
                    self._annotate([doc], settings)
                    yield doc
                except Exception as error:
                    error_handler(self.name, self, [doc], error)

    def predict(self, docs: Iterable[Doc], **options: Any) -> list[Prediction]:
        """Find entities; no Doc is changed.

        RETURNS (list[Prediction]): For each Doc its entities, in characters of its text.
        """
        return self._predict(list(docs), self.settings(**options))

    def set_annotations(
        self, docs: Iterable[Doc], scores: Sequence[Prediction], **options: Any
    ) -> None:
        """Write what `predict` found on the Docs.

        docs (Iterable[Doc]): Changed in place.
        scores (Sequence[Prediction]): One for each Doc.
        """
        self._write(docs, scores, self.settings(**options))

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Not yet: raises an error that says to freeze the component."""
        raise NotImplementedError(Errors.E040)

    def get_loss(self, examples: Any, scores: Any) -> Any:
        """Not yet, see `update`."""
        raise NotImplementedError(Errors.E040)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str | Mapping[str, Any]] | None = None,
    ) -> None:
        """Load the weights, and take labels from the `[initialize]` block.

        get_examples (Callable): A sample of the training data; not read.
        nlp (Language | None): The pipeline.
        labels (Sequence | None): As written by `spacy init labels`.
        RAISES (ValueError): If the checkpoint cannot be found or read.
        """
        if labels is not None:
            self.labels = list(labels)
        if self.cfg["spans_key"] != "sc":
            warnings.warn(Warnings.W008.format(found=self.cfg["spans_key"]), stacklevel=2)
        self._place(self.settings())

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Everything, weights and tokenizer included, as bytes."""
        serialize = {
            "cfg": lambda: srsly.json_dumps(self._state()),
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": network_shim(self.model).to_bytes,
        }
        content: bytes = util.to_bytes(serialize, exclude)
        return content

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "GlinerBiomed":
        """Load what `to_bytes` gave; needs no network."""
        deserialize = {
            "cfg": lambda b: self._restore(srsly.json_loads(b)),
            "vocab": lambda b: self.vocab.from_bytes(b, exclude=exclude),
            "model": lambda b: network_shim(self.model).from_bytes(b),
        }
        util.from_bytes(bytes_data, deserialize, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save everything; its folder `model` is a GLiNER checkpoint."""
        serialize = {
            "cfg": lambda p: srsly.write_json(p, self._state()),
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": lambda p: network_shim(self.model).to_disk(p),
        }
        util.to_disk(path, serialize, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "GlinerBiomed":
        """Load what `to_disk` saved; needs no network."""
        deserialize: dict[str, Callable[[Path], Any]] = {
            "cfg": lambda p: self._restore(srsly.read_json(p)),
            "vocab": lambda p: self.vocab.from_disk(p, exclude=exclude),
            "model": lambda p: network_shim(self.model).from_disk(p),
        }
        util.from_disk(path, deserialize, exclude)
        return self

    def _annotate(self, docs: Sequence[Doc], settings: Settings) -> None:
        try:
            self._write(docs, self._predict(docs, settings), settings)
        except KeyError as error:  # spaCy would read it as "not initialized" (E109)
            raise RuntimeError(f"KeyError: {error}") from error

    def _predict(self, docs: Sequence[Doc], settings: Settings) -> list[Prediction]:
        if not settings.labels or not any(len(doc) for doc in docs):
            return [Prediction(counts={"docs": 1}) for _ in docs]
        self._place(settings)
        return Predictor(self.model, settings).predict(docs)

    def _write(
        self, docs: Iterable[Doc], predictions: Sequence[Prediction], settings: Settings
    ) -> None:
        for doc, prediction in zip(docs, predictions, strict=True):
            counts = annotate(doc, prediction.spans, settings, self.ents_filter)
            self.stats.update({**prediction.counts, **counts})
            self._report({**prediction.counts, **counts}, settings)

    def _report(self, counts: Mapping[str, int], settings: Settings) -> None:
        for what in REPORTED.keys() - self.reported:
            if counts.get(what):
                self.reported.add(what)
                message = REPORTED[what].format(n=counts[what], alignment=settings.alignment)
                warnings.warn(message, stacklevel=4)

    def _place(self, settings: Settings) -> None:
        shim = network_shim(self.model)
        shim.place(settings.device, settings.precision)
        shim.checkpoint  # noqa: B018  loads it

    def _state(self) -> dict[str, Any]:
        return {"configured": self.configured, "current": self.cfg}

    def _restore(self, state: Mapping[str, Any]) -> None:
        """Take settings that were changed before saving, unless the config that this
        component was made from was changed after it: the newest word counts.
        """
        for key, value in state["current"].items():
            if key in self.cfg and state["configured"].get(key) == self.configured[key]:
                self.cfg[key] = value
