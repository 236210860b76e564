"""The factory that `nlp.add_pipe("gliner_biomed_linker")` calls; its defaults are config text."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Config

from spacy_gliner_biomed.common.saving import PipelineConfig
from spacy_gliner_biomed.linking.component import GlinerBiomedLinker
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
    default_config=Config().from_str(DEFAULT_CONFIG)["gliner_biomed_linker"],
    default_score_weights={
        "link_f": 1.0,
        "link_p": 0.0,
        "link_r": 0.0,
        "link_near_f": 0.0,
        "link_acc1": 0.0,
        "link_acc5": 0.0,
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

    kb: Loads the terminologies, see `linking.loading.make_knowledge_base`; None if
        `[initialize]` or a saved pipeline gives them.
    spans_key (str | None): The span group to link; None for `doc.ents`.
    labels: What each label may be linked to: {"label", "types", "sources"}, with types of
        concepts ("" for those that have none) and names of terminologies, both optional; the
        label "*" stands for all others. Labels without a rule are not linked; with no rule at
        all, each label is linked to anything.
    threshold (float): A link needs at least this score, from 0 to 1; 1 is an equal name. An
        entity without such a candidate gets no link.
    candidate_threshold (float | None): The score that the other candidates in `Span._.kb_ents`
        need; None for the threshold.
    k (int): Candidates in `Span._.kb_ents`, at most.
    abbreviations (bool): Link short forms by the long forms that the text gives.
    memory (bool): Remember the gold mentions of the training data in `initialize`.
    memory_weight (float): Of the votes of remembered mentions; an equal name has 1.
    encoder: Ranks names by vectors as well as by letters: a checkpoint
        (`spacy-gliner-biomed.GLiNER.v1`), of a bi-encoder its label encoder, or a pretrained
        encoder (`spacy-gliner-biomed.NewGLiNER.v1`). It and the vectors of all names are saved
        with the pipeline. None for letters alone.
    vector_weight (float): Of the cosine of vectors, from 0 to 1; the rest is of letters.
    scorer: Used by `nlp.evaluate`.
    RAISES (ValueError): For a value that is not allowed.
    """
    cfg = {
        "spans_key": spans_key,
        "labels": labels,
        "threshold": threshold,
        "candidate_threshold": candidate_threshold,
        "k": k,
        "abbreviations": abbreviations,
        "memory": memory,
        "memory_weight": memory_weight,
        "vector_weight": vector_weight,
    }
    return GlinerBiomedLinker(
        nlp.vocab,
        name,
        cfg=cfg,
        kb=kb,
        scorer=scorer,
        encoder=encoder,
        pipeline_config=PipelineConfig(nlp),
    )
