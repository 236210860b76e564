"""The component's parts: settings, labels and weights, and how they are saved."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spacy import util
from spacy.pipeline import TrainablePipe
from spacy.vocab import Vocab

from spacy_gliner_biomed.common.saving import (
    PipelineConfig,
    SavedSettings,
    read_parts,
    reading,
)
from spacy_gliner_biomed.common.settings_dict import Setting
from spacy_gliner_biomed.models.gliner import GlinerModel, network_shim
from spacy_gliner_biomed.models.tuning import Tuning
from spacy_gliner_biomed.pipeline.annotation import EntsFilter, add_strings
from spacy_gliner_biomed.pipeline.labels import keep_prompts, parse_labels
from spacy_gliner_biomed.pipeline.relation_annotation import add_relations_extension
from spacy_gliner_biomed.pipeline.reports import Reports
from spacy_gliner_biomed.pipeline.settings import Settings, check_cfg
from spacy_gliner_biomed.pipeline.span_scores import add_score_extension
from spacy_gliner_biomed.training.loss import FocalLoss
from spacy_gliner_biomed.training.relation_sampling import RelationSampler
from spacy_gliner_biomed.training.training_rows import Sampler


class GlinerPipe(SavedSettings, TrainablePipe):
    """The parts of the component; what it does with them is in `component.GlinerBiomed`.

    vocab (Vocab): The pipeline's vocab.
    model (GlinerModel): From rows to logits; its weights are loaded when first needed.
    name (str): The component's name in the pipeline.
    cfg (Mapping[str, Any]): The settings, see `pipeline.factory.make_gliner_biomed`.
    ents_filter (EntsFilter): Chooses the entities for `doc.ents`.
    scorer (Callable | None): Scores predicted against gold Docs.
    loss (FocalLoss): Loss and gradient of a training row.
    label_sampler (Sampler): Chooses the labels of a training row.
    tuning (Tuning): Selects the weights to train.
    relation_loss (FocalLoss | None): As `loss`, for relations; None to use `loss` for them, too.
    relation_sampler (RelationSampler | None): Chooses relations and pairs of a training row.
    pipeline_config (PipelineConfig | None): Tells which settings of a saved config were edited.
    RAISES (ValueError): If a setting is not allowed.
    """

    threshold = Setting()
    spans_key = Setting()
    annotate_ents = Setting()
    overwrite = Setting()
    overlap = Setting()
    multi_label = Setting()
    alignment = Setting()
    window = Setting()
    stride = Setting()
    batch_subtokens = Setting()
    device = Setting()
    precision = Setting()
    relations = Setting()

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
        relation_loss: FocalLoss | None = None,
        relation_sampler: RelationSampler | None = None,
        pipeline_config: PipelineConfig | None = None,
    ) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.configured = dict(cfg)
        self.pipeline_config = pipeline_config or PipelineConfig()
        self.ents_filter = ents_filter
        self.scorer = scorer
        self.loss = loss
        self.label_sampler = label_sampler
        self.tuning = tuning
        self.relation_loss = relation_loss or loss
        self.relation_sampler = relation_sampler or RelationSampler()
        self.reports = Reports()
        self.cfg = cfg  # type: ignore[assignment]
        add_strings(vocab, self.labels)
        add_score_extension()
        add_relations_extension()

    @staticmethod
    def check_cfg(values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Check all settings.

        RAISES (ValueError): For a value that is not allowed.
        """
        return check_cfg(values)

    @property
    def stats(self) -> Counter[str]:
        """Counts of Docs, windows, entities, moved and left-out spans, and more."""
        return self.reports.counts

    @property
    def labels(self) -> tuple[str, ...]:  # type: ignore[override]
        """The labels that are written on Docs. When you set them, a string that names an existing
        label keeps the label's prompts and thresholds; a dict replaces them.
        """
        specs = parse_labels(self.cfg["labels"])
        return tuple(dict.fromkeys(spec.label for spec in specs))

    @labels.setter
    def labels(self, labels: Sequence[str | Mapping[str, Any]]) -> None:
        self.cfg["labels"] = keep_prompts(labels, self.cfg["labels"])
        add_strings(self.vocab, self.labels)

    @property
    def label_data(self) -> list[Any]:  # type: ignore[override]
        """The labels with their prompts and thresholds, as `initialize` takes them."""
        return list(self.cfg["labels"])

    def add_label(self, label: str | Mapping[str, Any]) -> int:
        """Add a label.

        label (str | Mapping): A string, or a dict as in the setting `labels`.
        RETURNS (int): 0 if the label was there already, otherwise 1.
        """
        if label in self.cfg["labels"] or label in self.labels:
            return 0
        self.labels = [*self.cfg["labels"], label]
        return 1

    @property
    def default_threshold(self) -> float:
        """The threshold of labels without their own: the setting or, if it is null, the
        checkpoint's, which is then loaded.
        """
        threshold: float | None = self.cfg["threshold"]
        if threshold is not None:
            return threshold
        return network_shim(self.model).checkpoint.calibration.threshold

    def settings(self, **options: Any) -> Settings:
        """Return the checked settings, with some changed for one call.

        options: See `pipeline.settings.CALL_OPTIONS`.
        RETURNS (Settings): The settings.
        RAISES (ValueError): If an option is unknown, or a value is not allowed.
        """
        return Settings.from_cfg(self.cfg, **options)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize everything, weights and tokenizer included."""
        serialize = {
            "cfg": self._dump,
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": network_shim(self.model).to_bytes,
        }
        content: bytes = util.to_bytes(serialize, exclude)
        return content

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "GlinerPipe":
        """Load what `to_bytes` returned, settings included. Needs no network.

        RAISES (ValueError): If it is damaged.
        """
        readers = {
            "cfg": lambda b: self._restore(b, exclude),
            "vocab": lambda b: self.vocab.from_bytes(b, exclude=exclude),
            "model": lambda b: network_shim(self.model).from_bytes(b),
        }
        with self._unchanged_by_errors():
            read_parts(bytes_data, readers, exclude)
        add_strings(self.vocab, self.labels)  # reading a vocab empties the string store
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save everything. The folder `model` in it is a GLiNER checkpoint."""
        serialize = {
            "cfg": lambda p: p.write_bytes(self._dump(p.parent)),
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": lambda p: network_shim(self.model).to_disk(p),
        }
        util.to_disk(path, serialize, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "GlinerPipe":
        """Load what `to_disk` saved, settings included. Needs no network.

        RAISES (ValueError): If it is damaged.
        """
        readers: dict[str, Callable[[Path], Any]] = {
            "cfg": lambda p: self._restore(p.read_bytes(), exclude),
            "vocab": lambda p: self.vocab.from_disk(p, exclude=exclude),
            "model": lambda p: network_shim(self.model).from_disk(p),
        }
        with reading(f"{path}, a saved component,"), self._unchanged_by_errors():
            util.from_disk(path, readers, exclude)
        add_strings(self.vocab, self.labels)
        return self

    def _place(self, settings: Settings) -> None:
        shim = network_shim(self.model)
        shim.move_to_device(settings.device, settings.precision)
        shim.checkpoint  # noqa: B018  loads it

    @contextmanager
    def _unchanged_by_errors(self) -> Iterator[None]:
        """Keep the settings if reading fails; a network that cannot be read replaces none."""
        before = dict(self.cfg)
        try:
            yield
        except BaseException:
            self.cfg.update(before)
            raise
