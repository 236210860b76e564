"""The pipeline component: spaCy's contract around prediction and annotation."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Optimizer, set_dropout_rate

from spacy_gliner_biomed.common.batches import batches
from spacy_gliner_biomed.errors import Errors, Warnings
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.trainer import AdamW, make_adamw
from spacy_gliner_biomed.pipeline.annotation import add_strings, annotate
from spacy_gliner_biomed.pipeline.base import GlinerPipe
from spacy_gliner_biomed.pipeline.gold_checks import (
    check_gold,
    check_score_weights,
    describe_lost,
    is_dummy,
)
from spacy_gliner_biomed.pipeline.gold_label_checks import check_labels, report_other_labels
from spacy_gliner_biomed.pipeline.label_reports import report_labels
from spacy_gliner_biomed.pipeline.prediction import Predictor
from spacy_gliner_biomed.pipeline.relation_annotation import annotate_relations, replaces_relations
from spacy_gliner_biomed.pipeline.relation_training import Outputs, begin_rows, choose_relations
from spacy_gliner_biomed.pipeline.row_making import row_maker, widest_entity
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.pipeline.trained_labels import add_trained_labels
from spacy_gliner_biomed.tokenization.rows import length_batches
from spacy_gliner_biomed.training.gold import Gold, gold_labels, read_gold
from spacy_gliner_biomed.training.gold_relations import with_relations
from spacy_gliner_biomed.training.joint_loss import JointLoss
from spacy_gliner_biomed.training.prompt_forms import with_words
from spacy_gliner_biomed.training.training_rows import TrainingRow
from spacy_gliner_biomed.types import Prediction

# Higher rates destroy a pretrained network; spaCy's default is Adam at 1e-3.
MAX_LEARN_RATE = 5e-4


class GlinerBiomed(GlinerPipe):
    """Open named-entity recognition with a GLiNER network; arguments as `base.GlinerPipe`."""

    def __call__(self, doc: Doc, *, batch_size: int | None = None, **options: Any) -> Doc:
        """Annotate one Doc.

        doc (Doc): Changed in place.
        batch_size (int | None): Ignored. `nlp.pipe` adds it to the caller's `component_cfg`, which
            may later be used for `nlp(text)`.
        options: `labels`, `relations`, `threshold`, `overlap`, `multi_label` or `alignment` for
            this call.
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
        batch_size (int): Docs that are processed together. `batch_subtokens` bounds the memory,
            whatever their number and length.
        options: As for `__call__`.
        YIELDS (Doc): The Docs. A Doc that fails goes to the error handler by itself.
        """
        settings = self.settings(**options)
        error_handler = self.get_error_handler()
        for docs in batches(stream, batch_size):
            try:
                predictions: Sequence[Prediction | None] = self._find_entities(docs, settings)
            except Exception:
                predictions = [None] * len(docs)  # a Doc failed: run each alone to find it
            for doc, prediction in zip(docs, predictions, strict=True):
                try:
                    self._annotate(doc, settings, prediction)
                except Exception as error:
                    error_handler(self.name, self, [doc], error)
                else:
                    yield doc

    def predict(self, docs: Iterable[Doc], **options: Any) -> list[Prediction]:
        """Find entities without changing a Doc.

        docs (Iterable[Doc]): The Docs.
        options: As for `__call__`.
        RETURNS (list[Prediction]): For each Doc its entities, in characters of its text.
        """
        return self._find_entities(list(docs), self.settings(**options))

    def set_annotations(
        self, docs: Iterable[Doc], scores: Sequence[Prediction], **options: Any
    ) -> None:
        """Write predictions on Docs.

        docs (Iterable[Doc]): Changed in place.
        scores (Sequence[Prediction]): From `predict`, one for each Doc.
        options: As for `__call__`.
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

        Gold entities are read from `doc.spans[spans_key]`, or else from `doc.ents`, and relations
        from `Doc._.relations`, if the checkpoint finds some. What the Doc's corpus does not
        annotate is never a negative (see `training.gold` and `training.gold_relations`).

        examples (Iterable[Example]): Gold Docs.
        drop (float): Dropout rate of all dropout layers.
        sgd (Optimizer | None): Takes a step; without it, gradients accumulate. An error removes
            them.
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
        try:
            for batch in length_batches([len(row.row) for row in rows], settings.batch_subtokens):
                chosen = [rows[i] for i in batch]
                outputs, backprop = begin_rows(self.model, chosen)
                loss, gradients = self.get_loss(examples, (chosen, outputs))
                backprop(gradients)
                losses[self.name] += loss
        except BaseException:  # gradients of a part of the rows must not go into the next step
            network_shim(self.model).clear_gradients()
            raise
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def finish_update(self, sgd: Optimizer) -> None:
        """Take a step with the accumulated gradients. Warn about a learning rate that is too high,
        such as that of spaCy's default optimizer.
        """
        if sgd.use_radam or not sgd.b2:
            raise ValueError(Errors.E416.format(component=self.name))
        rate = float(sgd.learn_rate)
        if not isinstance(sgd, AdamW) and rate > MAX_LEARN_RATE:
            self.reports.warn_once("optimizer", Warnings.W143.format(rate=rate))
        super().finish_update(sgd)

    def create_optimizer(self) -> Optimizer:
        """Make an optimizer for a pretrained network; spaCy's default would destroy it."""
        return make_adamw(5e-5)

    def get_loss(
        self, examples: Iterable[Example], scores: tuple[Sequence[TrainingRow], Outputs]
    ) -> tuple[float, Outputs]:
        """Compute the loss of rows and its gradients.

        examples (Iterable[Example]): Ignored: the rows have the targets of the sampled labels.
        scores: The rows with their targets, and their logits.
        RETURNS (tuple[float, Outputs]): The loss, and its gradient for each row.
        """
        config = network_shim(self.model).checkpoint.config
        compute = JointLoss(self.loss, self.relation_loss, config)
        found = [compute(output, row) for row, output in zip(*scores, strict=True)]
        return sum(loss for loss, _ in found), [gradient for _, gradient in found]  # type: ignore[return-value]

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str | Mapping[str, Any]] | None = None,
        labels_as_words: bool = True,
    ) -> None:
        """Load the weights, set the labels, and report gold entities that cannot be learned.

        Weights that were trained since they were loaded are loaded again, so that each training
        starts from the same ones; `nlp.resume_training()` continues instead.

        get_examples (Callable): The training data; spaCy gives the first 100 of a stream, and one
            example without gold if `nlp.initialize()` is called without data.
        nlp (Language | None): The pipeline.
        labels (Sequence | None): As written by `spacy init labels`. Without them, the config's
            labels stay; if it has none (`labels = []`), the labels of the training data are used.
        labels_as_words (bool): Whether the model is asked for labels of the training data such as
            "GENE_OR_PROTEIN" in words, "gene or protein". Docs get them as they are written.
        RAISES (ValueError): If the checkpoint cannot be found or read, or the training data has no
            gold, no labels, or none of the component's labels.
        """
        if labels is not None:
            self.labels = labels
        if not network_shim(self.model).restart():
            self.reports.warn_once("trained", Warnings.W416.format(component=self.name))
        self._place(self.settings())
        docs = [example.reference for example in get_examples()]
        if is_dummy(docs):
            return
        golds = [with_relations(read_gold(doc, self.spans_key), doc) for doc in docs]
        check_gold(docs, golds, self.name, self.spans_key, self.reports)
        if not self.labels:
            found = gold_labels(golds)
            self.labels = [with_words(x) for x in found] if labels_as_words else found
        if not self.labels:
            raise ValueError(Errors.E147.format(component=self.name, n=len(docs)))
        is_sample = nlp is not None and nlp.config["training"]["max_epochs"] == -1
        check_labels(golds, self.settings().labels, self.name, self.reports, is_sample=is_sample)
        self.relations = choose_relations(
            golds,
            self.relations,
            trainable=bool(network_shim(self.model).checkpoint.config.relations_layer),
            component=self.name,
            reports=self.reports,
        )
        if nlp is not None:
            check_score_weights(nlp, self.spans_key)
        texts = [(doc.text, gold) for doc, gold in zip(docs, golds, strict=True)]
        add_trained_labels(network_shim(self.model).checkpoint, texts, self.settings().labels)
        self._report_lost(texts)

    def training_state(self) -> dict[str, Any]:
        """Return all that the next training step depends on, as tensors and plain values."""
        rng = getattr(self.label_sampler, "random", None)
        return {
            "trainer": network_shim(self.model).begin_training(self.tuning).state(),
            "sampler": rng and rng.getstate(),
            "relation_sampler": self.relation_sampler.random.getstate(),
            "stats": dict(self.stats),
        }

    def restore_training_state(self, state: Mapping[str, Any]) -> None:
        """Restore a `training_state`, in a component of the same config."""
        network_shim(self.model).begin_training(self.tuning).restore(state["trainer"])
        if state["sampler"]:
            self.label_sampler.random.setstate(state["sampler"])  # type: ignore[attr-defined]
        if "relation_sampler" in state:  # older versions saved none
            self.relation_sampler.random.setstate(state["relation_sampler"])
        self.reports.counts = Counter(state["stats"])

    def _annotate(self, doc: Doc, settings: Settings, prediction: Prediction | None = None) -> None:
        try:
            found = [prediction] if prediction else self._find_entities([doc], settings)
            self._write([doc], found, settings)
        except KeyError as error:  # spaCy would read it as "not initialized" (E109)
            raise RuntimeError(f"KeyError: {error}") from error

    def _find_entities(self, docs: Sequence[Doc], settings: Settings) -> list[Prediction]:
        if not settings.labels:
            return [Prediction(counts={"docs": 1, "without_labels": 1}) for _ in docs]
        if not any(len(doc) for doc in docs):
            return [Prediction(counts={"docs": 1}) for _ in docs]
        self._place(settings)
        report_labels(self.reports, settings, network_shim(self.model).checkpoint)
        return Predictor(self.model, settings).find_entities(docs)

    def _training_rows(self, examples: Iterable[Example], settings: Settings) -> list[TrainingRow]:
        make = row_maker(self.model, settings, self.label_sampler, self.relation_sampler)
        labels, rows, golds = list(self.labels), [], []
        relations = [spec.label for spec in settings.relations]
        for example in examples:
            doc = example.reference
            golds.append(with_relations(read_gold(doc, settings.spans_key), doc))
            rows += make(doc.text, golds[-1], labels, relations)
        n_other = report_other_labels(golds, settings.labels, self.name, self.reports)
        self._count({**make.counts, "gold_other_labels": n_other}, settings)
        return rows

    def _report_lost(self, golds: Sequence[tuple[str, Gold]]) -> None:
        config = network_shim(self.model).checkpoint.config
        message = describe_lost(golds, config.words_splitter_type, widest_entity(config))
        if message:
            self.reports.warn_once("gold_lost", message)

    def _write(
        self, docs: Iterable[Doc], predictions: Sequence[Prediction], settings: Settings
    ) -> None:
        for doc, prediction in zip(docs, predictions, strict=True):
            if doc.vocab is not self.vocab:  # of a pipeline that shares the component
                add_strings(doc.vocab, self.labels)
            counts = annotate(doc, prediction.spans, settings, self.ents_filter)
            if settings.relations or replaces_relations(self.model, settings):
                counts |= annotate_relations(doc, prediction.relations, settings)
            self._count({**prediction.counts, **counts}, settings)

    def _count(self, counts: Mapping[str, int], settings: Settings) -> None:
        values = {"component": self.name, "key": settings.spans_key}
        self.reports.add(counts, alignment=settings.alignment, **values)
