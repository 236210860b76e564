"""The pipeline component: spaCy's contract around prediction and annotation."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy import util
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Optimizer, set_dropout_rate

from spacy_gliner_biomed.errors import Warnings
from spacy_gliner_biomed.models.gliner import GlinerModel, network_shim
from spacy_gliner_biomed.models.tuning import Tuning
from spacy_gliner_biomed.pipeline.annotation import EntsFilter, annotate
from spacy_gliner_biomed.pipeline.labels import parse_labels, unique_labels
from spacy_gliner_biomed.pipeline.prediction import Predictor, row_maker, widest_entity
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.reporting import warn
from spacy_gliner_biomed.saving import dump_settings, restore_settings
from spacy_gliner_biomed.tokenization.rows import length_batches
from spacy_gliner_biomed.training.gold import Gold, count_lost, gold_labels, read_gold
from spacy_gliner_biomed.training.loss import FocalLoss
from spacy_gliner_biomed.training.rows import Sampler, TrainingRow
from spacy_gliner_biomed.types import FloatArray, Prediction

# What is reported once if it happens; what is only counted is not here.
REPORTED = {
    "moved": Warnings.W001,
    "left_out": Warnings.W002,
    "merged": Warnings.W003,
    "shortened_words": Warnings.W004,
    "unknown_words": Warnings.W005,
    "not_in_ents": Warnings.W006,
    "gold_lost": Warnings.W009,
}


class GlinerBiomed(TrainablePipe):
    """Open named-entity recognition with a GLiNER network.

    vocab (Vocab): The pipeline's.
    model (GlinerModel): From rows to logits; its weights are loaded when first needed.
    name (str): The component's name in the pipeline.
    cfg (Mapping[str, Any]): The settings, see `pipeline.factory.make_gliner_biomed`.
    ents_filter (EntsFilter): Chooses the entities for `doc.ents`.
    scorer (Callable | None): Scores predicted against gold Docs.
    loss (FocalLoss): Loss and gradient of a training row.
    label_sampler (Sampler): Chooses the labels of a training row.
    tuning (Tuning): Which weights learn.
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
        loss: FocalLoss,
        label_sampler: Sampler,
        tuning: Tuning,
    ) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.cfg: dict[str, Any] = {**cfg, "labels": unique_labels(cfg["labels"])}
        self.configured = dict(cfg)
        self.ents_filter = ents_filter
        self.scorer = scorer
        self.loss = loss
        self.label_sampler = label_sampler
        self.tuning = tuning
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
        self.cfg["labels"] = unique_labels(labels)

    @property
    def label_data(self) -> list[Any]:  # type: ignore[override]
        """The labels with their prompts and thresholds, as `initialize` takes them."""
        return list(self.cfg["labels"])

    def add_label(self, label: str | Mapping[str, Any]) -> int:
        """Add a label to those that are asked for.

        RETURNS (int): 0 if the label was there already, otherwise 1.
        """
        if label in self.cfg["labels"] or label in self.labels:
            return 0
        self.labels = [*self.cfg["labels"], label]
        return 1

    def settings(self, **options: Any) -> Settings:
        """The settings, checked, with some changed for one call.

        RAISES (ValueError): For an option that is unknown, or a value that is not allowed.
        """
        return Settings.from_cfg(self.cfg, **options)

    def __call__(self, doc: Doc, *, batch_size: int | None = None, **options: Any) -> Doc:
        """Annotate one Doc.

        doc (Doc): Changed in place.
        batch_size (int | None): Not read; `nlp.pipe` leaves it in the caller's `component_cfg`.
        options: `labels`, `threshold`, `overlap`, `multi_label` or `alignment` for this call.
        RETURNS (Doc): The same Doc.
        """
        settings = self.settings(**options)
        try:
            self._annotate(doc, settings)
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
                predictions: Sequence[Prediction | None] = self._predict(docs, settings)
            except Exception:
                predictions = [None] * len(docs)  # one is bad: each by itself tells which
            for doc, prediction in zip(docs, predictions, strict=True):
                try:
                    self._annotate(doc, settings, prediction)
                except Exception as error:
                    error_handler(self.name, self, [doc], error)
                else:
                    yield doc

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
        """Learn from a batch.

        Gold entities are read from `doc.spans[spans_key]`, or else from `doc.ents`; labels that
        the Doc's corpus does not annotate are never negatives (see `training.gold`).

        examples (Iterable[Example]): Gold Docs.
        drop (float): Dropout rate, in all layers that have dropout.
        sgd (Optimizer | None): Takes a step if given; otherwise gradients accumulate.
        losses (dict[str, float] | None): The loss is added under the component's name.
        RETURNS (dict[str, float]): The losses.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        settings = self.settings()
        self._place(settings)
        network_shim(self.model).begin_training(self.tuning)
        set_dropout_rate(self.model, drop)
        rows = self._training_rows(examples, settings)
        for batch in length_batches([len(row.row) for row in rows], settings.batch_subtokens):
            chosen = [rows[i] for i in batch]
            logits, backprop = self.model.begin_update([row.row for row in chosen])
            loss, gradients = self.get_loss(examples, (chosen, logits))
            backprop(gradients)
            losses[self.name] += loss
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def get_loss(
        self, examples: Iterable[Example], scores: tuple[Sequence[TrainingRow], list[FloatArray]]
    ) -> tuple[float, list[FloatArray]]:
        """The loss of rows and its gradients.

        examples (Iterable[Example]): Not read: which labels a row was asked for is sampled.
        scores: The rows with their targets, and their logits.
        RETURNS (tuple[float, list[FloatArray]]): Loss, and its gradient for each row.
        """
        pairs = [self.loss(logits, row.targets) for row, logits in zip(*scores, strict=True)]
        return sum(loss for loss, _ in pairs), [gradient for _, gradient in pairs]

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str | Mapping[str, Any]] | None = None,
    ) -> None:
        """Load the weights, take labels, and say which gold entities cannot be learnt.

        get_examples (Callable): The training data; spaCy gives the first 100 of a stream.
        nlp (Language | None): The pipeline.
        labels (Sequence | None): As written by `spacy init labels`. Without them, those of the
            config stay; if it has none (`labels = []`), those of the training data are taken.
        RAISES (ValueError): If the checkpoint cannot be found or read.
        """
        if labels is not None:
            self.labels = labels
        if self.cfg["spans_key"] != "sc":
            warn(Warnings.W008.format(found=self.cfg["spans_key"]))
        self._place(self.settings())
        docs = [example.reference for example in get_examples()]
        golds = [(doc.text, read_gold(doc, self.cfg["spans_key"])) for doc in docs]
        if not self.labels:
            self.labels = gold_labels(gold for _, gold in golds)
        self._report_lost(golds)

    def training_state(self) -> dict[str, Any]:
        """All that the next step of a training depends on, as tensors and plain values."""
        rng = getattr(self.label_sampler, "random", None)
        return {
            "trainer": network_shim(self.model).begin_training(self.tuning).state(),
            "sampler": rng and rng.getstate(),
            "stats": dict(self.stats),
        }

    def restore_training_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `training_state`, in a component of the same config."""
        network_shim(self.model).begin_training(self.tuning).restore(state["trainer"])
        if state["sampler"]:
            self.label_sampler.random.setstate(state["sampler"])  # type: ignore[attr-defined]
        self.stats = Counter(state["stats"])

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Everything, weights and tokenizer included, as bytes."""
        serialize = {
            "cfg": lambda: dump_settings(self.configured, self.cfg),
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": network_shim(self.model).to_bytes,
        }
        content: bytes = util.to_bytes(serialize, exclude)
        return content

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "GlinerBiomed":
        """Load what `to_bytes` gave; needs no network."""
        deserialize = {
            "cfg": self._restore,
            "vocab": lambda b: self.vocab.from_bytes(b, exclude=exclude),
            "model": lambda b: network_shim(self.model).from_bytes(b),
        }
        util.from_bytes(bytes_data, deserialize, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save everything; its folder `model` is a GLiNER checkpoint."""
        serialize = {
            "cfg": lambda p: p.write_bytes(dump_settings(self.configured, self.cfg)),
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": lambda p: network_shim(self.model).to_disk(p),
        }
        util.to_disk(path, serialize, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "GlinerBiomed":
        """Load what `to_disk` saved; needs no network."""
        deserialize: dict[str, Callable[[Path], Any]] = {
            "cfg": lambda p: self._restore(p.read_bytes()),
            "vocab": lambda p: self.vocab.from_disk(p, exclude=exclude),
            "model": lambda p: network_shim(self.model).from_disk(p),
        }
        util.from_disk(path, deserialize, exclude)
        return self

    def _annotate(self, doc: Doc, settings: Settings, prediction: Prediction | None = None) -> None:
        try:
            found = [prediction] if prediction else self._predict([doc], settings)
            self._write([doc], found, settings)
        except KeyError as error:  # spaCy would read it as "not initialized" (E109)
            raise RuntimeError(f"KeyError: {error}") from error

    def _predict(self, docs: Sequence[Doc], settings: Settings) -> list[Prediction]:
        if not settings.labels or not any(len(doc) for doc in docs):
            return [Prediction(counts={"docs": 1}) for _ in docs]
        self._place(settings)
        return Predictor(self.model, settings).predict(docs)

    def _training_rows(self, examples: Iterable[Example], settings: Settings) -> list[TrainingRow]:
        make = row_maker(self.model, settings, self.label_sampler)
        labels, rows = list(self.labels), []
        for example in examples:
            doc = example.reference
            rows += make(doc.text, read_gold(doc, settings.spans_key), labels)
        self.stats.update(make.counts)
        self._report(make.counts, settings)
        return rows

    def _report_lost(self, golds: Sequence[tuple[str, Gold]]) -> None:
        config = network_shim(self.model).checkpoint.config
        width = widest_entity(config)
        counts = count_lost(golds, config.words_splitter_type, width)
        found = [f"{name or 'corpus'} {n} of {of}" for name, (n, of) in counts.items() if n]
        if found:
            self.reported.add("gold_lost")
            message = Warnings.W010.format(found=", ".join(found), width=width)
            warn(message)

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
                warn(message)

    def _place(self, settings: Settings) -> None:
        shim = network_shim(self.model)
        shim.place(settings.device, settings.precision)
        shim.checkpoint  # noqa: B018  loads it

    def _restore(self, saved: bytes) -> None:
        restore_settings(saved, self.configured, self.cfg)
