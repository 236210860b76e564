"""The labels that a checkpoint was trained with, stored beside its weights."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from spacy_gliner_biomed.common.json_files import read_json_object
from spacy_gliner_biomed.errors import Errors


@dataclass(frozen=True)
class TrainedLabel:
    """A label of the training data.

    label (str): The label.
    family (str): A broader category, for overviews.
    prompt_variants (Sequence[str]): Other prompts with the same meaning.
    examples (Sequence[str]): Mentions from training texts.
    mentions (int): Number of annotated mentions in the training data.
    f1 (float | None): Strict F1 in percent on held-out documents; None if not measured.
    """

    label: str
    family: str = ""
    prompt_variants: Sequence[str] = ()
    examples: Sequence[str] = ()
    mentions: int = 0
    f1: float | None = None


@dataclass(frozen=True)
class Catalogue:
    """All labels that a checkpoint was trained with; empty if they are not known.

    labels (Sequence[TrainedLabel]): The labels, in the order of overviews.
    """

    labels: Sequence[TrainedLabel] = ()

    @cached_property
    def _known(self) -> dict[str, str]:
        """The label of each normalized prompt."""
        variants = {
            normalize(prompt): trained.label
            for trained in reversed(self.labels)
            for prompt in trained.prompt_variants
        }
        return {**variants, **{normalize(row.label): row.label for row in self.labels}}

    @cached_property
    def _spellings(self) -> dict[str, str]:
        """The prompt of training, as it was written, of each normalized prompt."""
        prompts = [prompt for row in self.labels for prompt in row.prompt_variants]
        prompts += [row.label for row in self.labels]
        return {normalize(prompt): prompt for prompt in prompts}

    def familiar(self, prompt: str) -> str | None:
        """Return the trained label with the same meaning as a prompt, or None."""
        return self._known.get(normalize(prompt))

    def as_trained(self, prompt: str) -> str | None:
        """Return a prompt as training wrote it, if it differs in its form alone: "Lab tests" gives
        "lab test". None if training had no such prompt.
        """
        return self._spellings.get(normalize(prompt))

    def nearest(self, prompt: str, count: int = 3) -> list[str]:
        """Return the trained labels that are most similar to a prompt.

        prompt (str): The prompt.
        count (int): Maximum number of labels.
        RETURNS (list[str]): The labels, the most similar first; may be empty.
        """
        normal = normalize(prompt)
        words = {word for word in normal.split() if len(word) > 3}
        shared = [name for name in self._known if words & {*name.split()}]
        # Without a word in common, only what is spelled alike is meant.
        names, cutoff = (shared, 0.3) if shared else (list(self._known), 0.75)
        close = get_close_matches(normal, names, n=2 * count, cutoff=cutoff)
        return list(dict.fromkeys(self._known[name] for name in close))[:count]

    def with_labels(self, added: Iterable[TrainedLabel]) -> "Catalogue":
        """Return a catalogue with more labels at its end, except those that are familiar."""
        new = [trained for trained in added if self.familiar(trained.label) is None]
        return Catalogue((*self.labels, *new)) if new else self


NO_LABELS = Catalogue()

# Of words in labels that the rules do not know.
SINGULAR = {"species": "species", "viruses": "virus", "diagnoses": "diagnosis"}
SINGULAR |= {"analyses": "analysis", "prognoses": "prognosis", "metastases": "metastasis"}


def normalize(prompt: str) -> str:
    """Return a prompt in lower case and singular: "GeneOrProteins" gives "gene or protein"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", prompt)
    words = re.split(r"[\W_]+", spaced.lower())
    return " ".join(_singular(word) for word in words if word)


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue.

    path (Path): A file written by `write_catalogue`.
    RETURNS (Catalogue): The catalogue; empty if the file does not exist.
    RAISES (ValueError): If the file is damaged.
    """
    if not path.exists():
        return Catalogue()
    values = read_json_object(path, Errors.E016)
    try:
        return Catalogue(tuple(TrainedLabel(**row) for row in values["labels"]))
    except (KeyError, TypeError) as error:
        raise ValueError(Errors.E016.format(path=path, error=repr(error)[:200])) from error


def write_catalogue(labels: Iterable[TrainedLabel], path: Path) -> None:
    """Write a catalogue, one label per line."""
    rows = ",\n".join(json.dumps(asdict(label), ensure_ascii=False) for label in labels)
    path.write_text(f'{{"labels": [\n{rows}\n]}}\n', encoding="utf8")


def _singular(word: str) -> str:
    if word in SINGULAR:
        return SINGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if re.search(r"(x|tz|ch|sh|ss)es$", word):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
