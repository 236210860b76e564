"""Chooses the labels that a training row is asked for, and their prompts."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from spacy_gliner_biomed.training.prompt_forms import vary_form
from spacy_gliner_biomed.training.prompt_variants import PROMPT_VARIANTS


@dataclass
class LabelSampler:
    """Chooses the labels of a training row and their prompts. Registered as
    `spacy-gliner-biomed.LabelSampler.v1`.

    max_labels (int): Maximum number of labels in one prompt; positives go first.
    negatives (int): Maximum number of annotated labels that the row lacks; the number is drawn
        uniformly from 0 on.
    all_negatives (float): Probability that all annotated labels that the row lacks are asked for
        instead.
    drop (float): Probability that a positive label is not asked for; its spans are no targets then.
    few (float): Probability that only one to four labels are asked for, half of the time only one,
        whether the row has them or not.
    vary (float): Probability that a label is asked for by another prompt or in another form (see
        `prompt_forms`).
    prompt_variants (Mapping[str, Sequence[str]]): Alternative prompts of each label.
    seed (int): Seed of the random choices.
    """

    max_labels: int = 24
    negatives: int = 8
    all_negatives: float = 0.3
    drop: float = 0.0
    few: float = 0.0
    vary: float = 0.3
    prompt_variants: Mapping[str, Sequence[str]] = field(default_factory=lambda: PROMPT_VARIANTS)
    seed: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def __call__(self, positives: Sequence[str], annotated: Sequence[str]) -> list[tuple[str, str]]:
        """Choose labels and prompts.

        positives (Sequence[str]): Labels that the row has.
        annotated (Sequence[str]): Labels that may be negatives.
        RETURNS (list[tuple[str, str]]): Pairs of label and prompt, in random order; not empty if
            there is any label at all, and no prompt twice.
        """
        if annotated and self.random.random() < self.few:
            return self._worded(self._few(positives, annotated))
        asked = [label for label in dict.fromkeys(positives) if self.random.random() >= self.drop]
        others = [label for label in dict.fromkeys(annotated) if label not in positives]
        self.random.shuffle(asked)
        self.random.shuffle(others)
        if self.random.random() >= self.all_negatives:
            others = others[: max(self.random.randint(0, self.negatives), not asked)]
        chosen = [*asked, *others][: self.max_labels] or list(positives)[:1]
        self.random.shuffle(chosen)
        return self._worded(chosen)

    def _few(self, positives: Sequence[str], annotated: Sequence[str]) -> list[str]:
        """Choose one to four labels, each as likely one that the row has as one that it lacks."""
        present = list(dict.fromkeys(positives))
        absent = [label for label in dict.fromkeys(annotated) if label not in positives]
        self.random.shuffle(present)
        self.random.shuffle(absent)
        chosen: list[str] = []
        for _ in range(self.random.choice((1, 1, 1, 2, 3, 4))):
            pools = [pool for pool in (present, absent) if pool]
            if pools:
                chosen.append(self.random.choice(pools).pop())
        return chosen

    def _worded(self, labels: Sequence[str]) -> list[tuple[str, str]]:
        prompts = {self._wording(label): label for label in labels}
        return [(label, prompt) for prompt, label in prompts.items()]

    def _wording(self, label: str) -> str:
        if self.random.random() >= self.vary:
            return label
        prompt = self.random.choice([label, *self.prompt_variants.get(label, [])])
        return vary_form(prompt, self.random)


class LabelMerger:
    """Finds one label for all whose prompts the network cannot tell apart, such as "Drug" and
    "DRUG": what one of them marks must not be a negative of another.

    prompts (Mapping[str, str]): The prompts of labels that have one.
    key (Callable[[str], bytes]): Returns what the network reads of a prompt.
    """

    def __init__(self, prompts: Mapping[str, str], key: Callable[[str], bytes]) -> None:
        self.prompts, self.key = prompts, key
        self.first: dict[bytes, str] = {}
        self.merged: dict[str, str] = {}
        for label in prompts:
            self(label)

    def __call__(self, label: str) -> str:
        """Return the first label with the prompt of a label."""
        if label not in self.merged:
            key = self.key(self.prompts.get(label, label))
            self.merged[label] = self.first.setdefault(key, label)
        return self.merged[label]


def with_own_prompts(
    pairs: Sequence[tuple[str, str]], prompts: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Replace the prompt of each label that was sampled unchanged by the label's own prompt.

    pairs (Sequence[tuple[str, str]]): Labels and prompts, see `LabelSampler`.
    prompts (Mapping[str, str]): The prompts of labels that have one.
    RETURNS (list[tuple[str, str]]): Labels and prompts, no prompt twice.
    """
    asked: dict[str, str] = {}
    for label, prompt in pairs:
        asked.setdefault(prompts.get(label, prompt) if prompt == label else prompt, label)
    return [(label, prompt) for prompt, label in asked.items()]


def make_label_sampler(
    max_labels: int = 24,
    negatives: int = 8,
    all_negatives: float = 0.3,
    drop: float = 0.0,
    few: float = 0.0,
    vary: float = 0.3,
    wordings: dict[str, list[str]] | None = None,
    seed: int = 0,
) -> LabelSampler:
    """Make a `LabelSampler`; arguments as `LabelSampler`.

    wordings (dict[str, list[str]] | None): Alternative prompts by label, added to those of
        `prompt_variants.PROMPT_VARIANTS`; they replace those of a label that is in both.
    """
    table = {**PROMPT_VARIANTS, **(wordings or {})}
    return LabelSampler(max_labels, negatives, all_negatives, drop, few, vary, table, seed)
