"""The page of registered names, made of the entry points in `setup.cfg`."""

from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from pkgutil import resolve_name

from scripts.docs.reference import summary

SETUP = Path(__file__).parents[2] / "setup.cfg"

# Each group of entry points: its heading, and how a config or the code names what is in it.
GROUPS = {
    "spacy_factories": ("Components", 'nlp.add_pipe("...")` or `factory = "...'),
    "spacy_architectures": ("Models", '@architectures = "...'),
    "thinc_losses": ("Losses", '@losses = "...'),
    "thinc_optimizers": ("Optimizers", '@optimizers = "...'),
    "thinc_schedules": ("Schedules", '@schedules = "...'),
    "spacy_readers": ("Corpus readers", '@readers = "...'),
    "spacy_scorers": ("Scorers", '@scorers = "...'),
    "spacy_tokenizers": ("Tokenizers", '@tokenizers = "...'),
    "spacy_callbacks": ("Callbacks", '@callbacks = "...'),
    "spacy_misc": ("Other functions", '@misc = "...'),
}
# What documents the settings to which the docstring of a registered function points.
SETTINGS = {
    "gliner_biomed": ["pipeline.settings.Settings"],
    "gliner_biomed_linker": ["linking.linker_settings.LinkerSettings"],
    "spacy-gliner-biomed.NewGLiNER.v1": ["models.fresh.new_checkpoint"],
    "spacy-gliner-biomed.FocalLoss.v1": ["training.loss.FocalLoss"],
    "spacy-gliner-biomed.MixedCorpus.v1": [
        "training.mixed_corpus.MixedCorpus",
        "training.window_changes.WindowChanges",
    ],
    "spacy-gliner-biomed.LabelSampler.v1": ["training.sampling.LabelSampler"],
    "spacy-gliner-biomed.RelationSampler.v1": ["training.relation_sampling.RelationSampler"],
    "spacy-gliner-biomed.Tuning.v1": ["models.tuning.Tuning"],
}
# Found by spaCy itself: a command and colours.
NOT_IN_CONFIGS = {"spacy_cli", "spacy_displacy_colors"}
INTRODUCTION = """# Registered names

spaCy finds these names when the package is installed; you need no import. The part `.v1` is the
version of a function's arguments and results; see
[the version policy](../../CONTRIBUTING.md#versions-of-registered-names).
"""


def entry_points() -> dict[str, dict[str, str]]:
    """Return the target, `module:name`, of each registered name, by group."""
    parser = ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case
    parser.read(SETUP, encoding="utf8")
    groups = parser["options.entry_points"].items()
    return {
        group: dict(map(str.strip, line.split("=")) for line in lines.strip().splitlines())
        for group, lines in groups
    }


def registered_page() -> str:
    """Return the page as Markdown: signature and docstring of each name.

    RAISES (KeyError): For a group of entry points that has no heading in `GROUPS`.
    """
    return INTRODUCTION + "\n" + "\n".join(_parts())


def _parts() -> Iterator[str]:
    for group, names in entry_points().items():
        if group in NOT_IN_CONFIGS:
            continue
        heading, usage = GROUPS[group]
        yield f"## {heading}\n"
        yield f'In a config: `{usage}"`.' + "\n"
        for name, target in names.items():
            yield f"### {name}\n\n{summary(resolve_name(target))}\n"
            for settings in SETTINGS.get(name, ()):
                path = f"spacy_gliner_biomed.{settings}"
                yield f"#### {path}\n\n{summary(resolve_name(path))}\n"
