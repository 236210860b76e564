"""The options `--kb` and `--link`: a linker for a pipeline, without a config."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language

from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.linking.component import GlinerBiomedLinker
from spacy_gliner_biomed.linking.label_types import default_rules, parse_links
from spacy_gliner_biomed.linking.loading import describe, load_all
from spacy_gliner_biomed.linking.pipeline_checks import check_labels, entity_labels
from spacy_gliner_biomed.pipeline.components import find_components

FACTORY = "gliner_biomed_linker"


@dataclass(frozen=True)
class LinkerOptions:
    """What to link to.

    kbs (tuple[str, ...]): Files of `spacy gliner kb build`, or terminologies that it reads; empty
        for the pipeline's own linker.
    links (tuple[str, ...]): See `label_types.parse_links`; empty for the default rules.
    """

    kbs: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, kbs: Sequence[str | Path] | None, links: Sequence[str] | None
    ) -> "LinkerOptions | None":
        """Return the options of a command; None if it has neither."""
        return cls(tuple(map(str, kbs or ())), tuple(links or ())) if kbs or links else None

    def absolute(self) -> "LinkerOptions":
        """Return a copy whose paths are valid in any working directory."""
        return LinkerOptions(tuple(str(Path(path).resolve()) for path in self.kbs), self.links)

    def describe(self) -> dict[str, Any]:
        """Describe the options for a manifest: the checksums of the files, and the rules.

        RAISES (ValueError): If a file does not exist.
        """
        kbs = [describe(Path(path)) for path in self.kbs]
        return {"kbs": [[kb["file"], kb["sha256"]] for kb in kbs], "links": list(self.links)}


def add_linker(nlp: Language, options: LinkerOptions) -> GlinerBiomedLinker:
    """Add a linker at the end of a pipeline, or change the rules of the one that is there.

    It links the span group of the component `gliner_biomed`, or `doc.ents` without one.

    nlp (Language): The pipeline, which is changed.
    options (LinkerOptions): What to link to.
    RETURNS (GlinerBiomedLinker): The linker, whose rules are checked.
    RAISES (ValueError): If there are two linkers or none, a knowledge base cannot be read, or a
        rule names a label that no entity can have or a type that no concept has.
    """
    own = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, GlinerBiomedLinker)]
    if not options.kbs:
        if len(own) != 1:
            raise ValueError(Errors.E302.format(n=len(own)))
        linker = own[0]
        rules = parse_links(options.links, linker.loaded_kbs())
        check_labels((rule["label"] for rule in rules), nlp, linker.spans_key)
        linker.cfg["labels"] = rules
    else:
        if own:
            raise ValueError(Errors.E303.format(name=own[0].name))
        kbs = load_all([Path(path) for path in options.kbs])
        labels, key = _entities_of(nlp)
        rules = parse_links(options.links, kbs) if options.links else default_rules(labels, kbs)
        if options.links:
            check_labels((rule["label"] for rule in rules), nlp, key)
        added: Any = nlp.add_pipe(FACTORY, config={"spans_key": key, "labels": rules})
        linker = added
        linker.set_kbs(kbs)
    linker.linker  # noqa: B018  checks the rules
    return linker


def _entities_of(nlp: Language) -> tuple[list[str], str | None]:
    """Return the labels of a pipeline's entities, and the span group where they are."""
    found = find_components(nlp)
    if found:
        return list(found[0].labels), found[0].cfg["spans_key"]
    return entity_labels(nlp), None
