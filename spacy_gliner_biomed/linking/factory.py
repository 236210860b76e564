"""The factory of `nlp.add_pipe("gliner_biomed_linker")`, with its defaults as config text."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Config

from spacy_gliner_biomed.common.saving import PipelineConfig
from spacy_gliner_biomed.linking.component import GlinerBiomedLinker
from spacy_gliner_biomed.linking.linker_settings import LinkerSettings
from spacy_gliner_biomed.linking.loading import Loader
from spacy_gliner_biomed.models.gliner import GlinerModel

DEFAULT_CONFIG = """
[gliner_biomed_linker]
kb = null
spans_key = null
labels = []
threshold = 0.7
candidate_threshold = null
k = 5
abbreviations = true
memory = true
memory_weight = 2.0
encoder = null
vector_weight = 0.6
scorer = {"@scorers": "spacy-gliner-biomed.link_scorer.v1"}
"""


@Language.factory(
    "gliner_biomed_linker",
    assigns=["token.ent_kb_id", "span._.kb_ents", "doc.spans"],
    requires=["doc.ents", "token.ent_iob", "token.ent_type"],  # or a span group
    default_config=Config().from_str(DEFAULT_CONFIG)["gliner_biomed_linker"],
    default_score_weights={
        "link_f": 1.0,
        "link_p": 0.0,
        "link_r": 0.0,
        "link_near_f": 0.0,
        "link_acc1": 0.0,
        "link_acc5": 0.0,
        "nel_micro_f": 0.0,
        "nel_micro_r": 0.0,
        "nel_micro_p": 0.0,
    },
)
def make_gliner_biomed_linker(
    nlp: Language,
    name: str,
    kb: Loader | None,
    spans_key: str | None,
    labels: list[dict[str, Any]],
    threshold: float,
    candidate_threshold: float | None,
    k: int,
    abbreviations: bool,
    memory: bool,
    memory_weight: float,
    encoder: GlinerModel | None,
    vector_weight: float,
    scorer: Callable[..., dict[str, Any]] | None,
) -> GlinerBiomedLinker:
    """Make the component.

    kb (Loader | None): Loads the knowledge bases, see `linking.loading.make_knowledge_base`; None
        if `[initialize]` or a saved pipeline provides them.
    labels (list[dict[str, Any]]): Rules for what each label may be linked to: {"label", "types",
        "sources"}. "types" lists concept types ("" for concepts without one), "sources" names of
        knowledge bases; both are optional. The label "*" stands for all other labels. Labels
        without a rule are not linked. Without any rules, every label can be linked to every
        concept.
    spans_key, threshold, candidate_threshold, k: See `linking.linker_settings.LinkerSettings`.
    abbreviations, memory, memory_weight, vector_weight: See `LinkerSettings`, too.
    encoder (GlinerModel | None): Encodes names, to rank candidates by vectors as well as by
        letters. Give a checkpoint (`spacy-gliner-biomed.GLiNER.v1`; a bi-encoder's label encoder
        is used) or a pretrained encoder (`spacy-gliner-biomed.NewGLiNER.v1`). The encoder and the
        vectors of all names are saved with the pipeline. None to rank by letters alone.
    scorer (Callable | None): Used by `nlp.evaluate`.
    RETURNS (GlinerBiomedLinker): The component.
    RAISES (ValueError): If a value is not allowed.
    """
    given = locals()  # the settings have the names of the arguments
    return GlinerBiomedLinker(
        nlp.vocab,
        name,
        cfg={setting: given[setting] for setting in LinkerSettings.__dataclass_fields__},
        kb=kb,
        scorer=scorer,
        encoder=encoder,
        pipeline_config=PipelineConfig(nlp),
    )
