"""Uses scispaCy from a config: its factories, its tokenizer, its linker with our knowledge bases.

scispaCy declares no entry points, so these functions import it when they are called. Entry points
of ours with the names of its factories would clash with an import of scispaCy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]
from spacy.tokens import Doc, Span

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.linking.entities import LinkWriter, spans_of
from spacy_gliner_biomed.linking.kb.candidates import Scope, find_candidates
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.view import KnowledgeBaseView
from spacy_gliner_biomed.linking.linker import check_distinct
from spacy_gliner_biomed.linking.loading import load_all

FACTORIES = ("abbreviation", "hyponym_detector", "linking", "custom_sentence_segmenter")


def make_use_scispacy() -> Callable[[type[Language]], type[Language]]:
    """Make a callback for `[nlp.before_creation]` that registers scispaCy's factories.

    Registered as `spacy-gliner-biomed.use_scispacy.v1`.
    """

    def use_scispacy(lang_cls: type[Language]) -> type[Language]:
        for name in FACTORIES:
            import_scispacy(name, "This pipeline")
        return lang_cls

    return use_scispacy


def make_scispacy_tokenizer() -> Callable[[Language], Tokenizer]:
    """Make scispaCy's tokenizer, for `[nlp.tokenizer]`. Registered as
    `spacy-gliner-biomed.scispacy_tokenizer.v1`.
    """

    def create_tokenizer(nlp: Language) -> Tokenizer:
        module = import_scispacy("custom_tokenizer", "scispaCy's tokenizer")
        # It reads a setting of the existing tokenizer.
        nlp.tokenizer = nlp.tokenizer if hasattr(nlp, "tokenizer") else _default_tokenizer(nlp)
        tokenizer: Tokenizer = module.combined_rule_tokenizer(nlp)
        return tokenizer

    return create_tokenizer


def make_candidate_generator(paths: list[Path]) -> Any:
    """Make a candidate generator for scispaCy's linker that needs no nmslib index.
    Registered as `spacy-gliner-biomed.CandidateGenerator.v1`.

    paths (list[Path]): See `linking.loading.make_knowledge_base`.
    RAISES (ImportError): If scispaCy is not installed.
    RAISES (ValueError): If a knowledge base cannot be read, or two share a name or an id.
    """
    module = import_scispacy("candidate_generation", "CandidateGenerator.v1")
    kbs = load_all(paths)
    check_distinct(kbs)

    class LocalCandidateGenerator(module.CandidateGenerator):  # type: ignore[misc, name-defined]
        """A subclass, because scispaCy checks the type."""

        def __init__(self) -> None:
            self.kb = KnowledgeBaseView(kbs)

        def __call__(self, mention_texts: list[str], k: int) -> list[list[Any]]:
            found = best_concepts(kbs, mention_texts, k)
            return [[module.MentionCandidate(*one) for one in candidates] for candidates in found]

    return LocalCandidateGenerator()


def best_concepts(
    kbs: list[KnowledgeBase], texts: list[str], k: int
) -> list[list[tuple[str, list[str], list[float]]]]:
    """Find the best concepts for names.

    kbs (list[KnowledgeBase]): The knowledge bases.
    texts (list[str]): Names to look up.
    k (int): Maximum number of concepts for each.
    RETURNS (list[list[tuple[str, list[str], list[float]]]]): For each name, best first: concept id,
        its canonical name and its score from 0 to 1, both in lists, as scispaCy's candidates.
    """
    found: list[list[tuple[float, str, str]]] = [[] for _ in texts]
    for kb in kbs:
        for scored, scores in zip(found, find_candidates(kb, texts, Scope()), strict=True):
            for number, score in scores.items():
                concept = kb.concept(number)
                scored.append((score, concept.concept_id, concept.canonical_name))
    best = [sorted(scored, key=lambda one: (-one[0], one[1]))[:k] for scored in found]
    return [[(id_, [name], [score]) for score, id_, name in one] for one in best]


@dataclass
class ScispacySpanLinker:
    """Runs scispaCy's linker on a span group, including overlapping spans.

    linker (Any): scispaCy's `EntityLinker`.
    spans_key (str): The span group.
    """

    linker: Any
    spans_key: str

    def __call__(self, doc: Doc) -> Doc:
        """Link the spans of a Doc: `kb_id_`, `Span._.kb_ents` and the group's attrs."""
        spans = spans_of(doc, self.spans_key)
        earlier = [span._.kb_ents for span in spans]
        self.linker(_SpansAsEnts(spans))
        found = [span._.kb_ents for span in spans]
        for span, candidates in zip(spans, earlier, strict=True):
            span._.kb_ents = candidates
        writer = LinkWriter(has_id=lambda concept_id: concept_id in self.linker.kb.cui_to_entity)
        writer.write(doc, found, self.spans_key)
        return doc


@dataclass(frozen=True)
class _SpansAsEnts:
    """The part of a Doc that scispaCy's linker reads."""

    ents: list[Span]


@Language.factory(
    "gliner_biomed_scispacy_linker",
    assigns=["doc.spans", "span._.kb_ents"],
    requires=["doc.spans"],
    default_config={
        "spans_key": "sc",
        "candidate_generator": None,
        "resolve_abbreviations": True,
        "k": 30,
        "threshold": 0.7,
        "no_definition_threshold": 0.95,
        "filter_for_definitions": True,
        "max_entities_per_mention": 5,
        "linker_name": None,
    },
)
def make_scispacy_span_linker(
    nlp: Language,
    name: str,
    spans_key: str,
    candidate_generator: Any,
    resolve_abbreviations: bool,
    k: int,
    threshold: float,
    no_definition_threshold: float,
    filter_for_definitions: bool,
    max_entities_per_mention: int,
    linker_name: str | None,
) -> ScispacySpanLinker:
    """Create the `scispacy_linker`, with its settings, for a span group instead of `doc.ents`.

    spans_key (str): The span group. The other arguments are those of scispaCy's `EntityLinker`.
    RETURNS (ScispacySpanLinker): The component.
    RAISES (ImportError): If scispaCy is not installed.
    """
    module = import_scispacy("linking", "gliner_biomed_scispacy_linker")
    linker = module.EntityLinker(
        nlp,
        name,
        candidate_generator,
        resolve_abbreviations,
        k,
        threshold,
        no_definition_threshold,
        filter_for_definitions,
        max_entities_per_mention,
        linker_name,
    )
    return ScispacySpanLinker(linker, spans_key)


def import_scispacy(module: str, what: str) -> Any:
    """Import a module of scispaCy.

    module (str): The module, without the package.
    what (str): The feature that needs it, for the message.
    RETURNS (Any): The module.
    RAISES (ImportError): If scispaCy is not installed, with the command that installs it.
    """
    hint = "scispaCy needs Python 3.12 or earlier."
    return import_optional(f"scispacy.{module}", what, extra="scispacy", hint=hint)


def _default_tokenizer(nlp: Language) -> Tokenizer:
    from spacy.util import registry

    create = registry.tokenizers.get("spacy.Tokenizer.v1")()
    tokenizer: Tokenizer = create(nlp)
    return tokenizer
