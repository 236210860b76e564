"""Makes training rows for a model and the settings of its component."""

from collections.abc import Sequence

from spacy_gliner_biomed.models.checkpoints import Checkpoint
from spacy_gliner_biomed.models.gliner import GlinerModel, network_shim
from spacy_gliner_biomed.nn.config import NetworkConfig
from spacy_gliner_biomed.pipeline.label_groups import encode_labels, prompt_keys
from spacy_gliner_biomed.pipeline.settings import Settings
from spacy_gliner_biomed.tokenization.prompts import Prompt
from spacy_gliner_biomed.tokenization.windows import NO_LIMIT
from spacy_gliner_biomed.training.relation_sampling import RelationSampler
from spacy_gliner_biomed.training.sampling import LabelMerger, with_own_prompts
from spacy_gliner_biomed.training.span_samples import SpanSampler
from spacy_gliner_biomed.training.training_rows import RowMaker, Sampler

# The prompts of a row may be longer than the component's by a quarter and this many subtokens.
SPARE = 16


def row_maker(
    model: GlinerModel,
    settings: Settings,
    sampler: Sampler,
    relations: RelationSampler | None = None,
) -> RowMaker:
    """Make a maker of training rows for a model.

    model (GlinerModel): The component's.
    settings (Settings): Checked settings.
    sampler (Sampler): Chooses the labels of a row.
    relations (RelationSampler | None): Chooses its relations; None for rows without relations.
    RETURNS (RowMaker): The maker.
    """
    checkpoint = network_shim(model).checkpoint
    config, subtokens = checkpoint.config, checkpoint.subtokens
    max_subtokens = min(subtokens.max_length or NO_LIMIT, settings.batch_subtokens)
    special = len(subtokens.prefix) + len(subtokens.suffix)
    budget, text_subtokens = max_subtokens // 2 - special, None
    if relations is not None and config.relations_layer:
        budget = min(budget, _room_for_prompts(checkpoint, settings, budget))
        text_subtokens = max_subtokens - special - budget

    prompts = {spec.label: spec.prompt for spec in reversed(settings.labels)}

    def encode_prompt(texts: Sequence[str], of_relations: Sequence[str] = ()) -> Prompt:
        return encode_labels(texts, checkpoint, budget, of_relations)[0]

    def sample(positives: Sequence[str], annotated: Sequence[str]) -> list[tuple[str, str]]:
        return with_own_prompts(sampler(positives, annotated), prompts)

    merge = LabelMerger(prompts, lambda prompt: prompt_keys([prompt], checkpoint)[0])
    return RowMaker(
        subtokens=subtokens,
        encode_prompt=encode_prompt,
        sampler=sample,
        splitter=config.words_splitter_type,
        max_width=widest_entity(config),
        tokens=config.token_level,
        spans_again=(
            SpanSampler(config.max_width, config.neg_spans_ratio)
            if config.represent_spans
            else None
        ),
        max_words=settings.window or config.max_len,
        max_subtokens=max_subtokens,
        text_subtokens=text_subtokens,
        relations=relations if config.relations_layer else None,
        merge=merge,
        relation_prompts={spec.label: spec.prompt for spec in reversed(settings.relations)},
    )


def _room_for_prompts(checkpoint: Checkpoint, settings: Settings, limit: int) -> int:
    """Return the subtokens to leave for prompts. More than these and `SPARE` would only make the
    windows of text shorter, and separate the entities of more relations.

    checkpoint (Checkpoint): The checkpoint.
    settings (Settings): The labels and relations.
    limit (int): Maximum number of subtokens.
    RETURNS (int): At most the limit.
    RAISES (ValueError): If the relations do not fit.
    """
    labels = [spec.prompt for spec in settings.labels]
    if not labels:
        return limit
    n_labels = sum(len(x.input_ids) for x in encode_labels(labels, checkpoint, limit))
    relations = [spec.prompt for spec in settings.relations]
    n_both = len(encode_labels(labels[:1], checkpoint, limit, relations)[0].input_ids)
    return min(limit, SPARE + int(1.25 * max(n_labels + n_both, 2 * n_both)))


def widest_entity(config: NetworkConfig) -> int:
    """Return the number of words in the widest entity that can be learned: K, or for a token model
    the longest window.
    """
    return config.max_len if config.token_level else config.max_width
