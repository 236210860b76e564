"""Label sampling: positives are asked, only annotated labels are negatives."""

from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.training.sampling import (
    LabelMerger,
    LabelSampler,
    make_label_sampler,
    with_own_prompts,
)

LABELS = st.lists(st.sampled_from("abcdefghij"), unique=True)


@given(positives=LABELS, annotated=LABELS, seed=st.integers(0, 10))
def test_asks_all_positives_and_annotated_labels_only(
    positives: list[str], annotated: list[str], seed: int
) -> None:
    sampled = LabelSampler(vary=0, seed=seed)(positives, annotated)
    labels = [label for label, _ in sampled]
    assert set(positives) <= set(labels) <= {*positives, *annotated}
    assert len(labels) == len(set(labels))
    assert bool(labels) == bool(positives or annotated)


@given(positives=LABELS, seed=st.integers(0, 10))
def test_positives_go_first_where_room_is_short(positives: list[str], seed: int) -> None:
    sampled = LabelSampler(max_labels=3, vary=0, seed=seed)(positives, list("klmnopq"))
    labels = {label for label, _ in sampled}
    assert len(labels) <= 3
    assert len(labels & set(positives)) == min(3, len(positives))


def test_prompts_differ_even_if_wordings_coincide() -> None:
    sampler = make_label_sampler(vary=1.0, wordings={"a": ["same"], "b": ["same"]})
    for _ in range(50):
        prompts = [prompt for _, prompt in sampler(["a", "b"], [])]
        assert len(prompts) == len(set(prompts))


def test_the_same_seed_gives_the_same_samples() -> None:
    def run() -> list[list[tuple[str, str]]]:
        sampler = LabelSampler(seed=3)
        return [sampler(["disease"], ["chemical", "species", "cell"]) for _ in range(20)]

    assert run() == run()


def test_wordings_and_dropped_labels_happen() -> None:
    sampler = LabelSampler(vary=1.0, drop=0.5)
    samples = [sampler(["disease", "chemical"], []) for _ in range(100)]
    assert any(prompt != label for sample in samples for label, prompt in sample)
    assert {len(sample) for sample in samples} == {1, 2}


@given(positives=LABELS, annotated=LABELS, seed=st.integers(0, 10))
def test_few_labels_are_at_most_four_of_those_that_may_be_asked(
    positives: list[str], annotated: list[str], seed: int
) -> None:
    sampled = LabelSampler(few=1.0, vary=0, seed=seed)(positives, annotated)
    labels = [label for label, _ in sampled]
    assert len(labels) == len(set(labels))
    assert set(labels) <= {*positives, *annotated}
    if annotated:
        assert 1 <= len(labels) <= 4


def test_a_label_alone_is_as_often_absent_as_present() -> None:
    sampler = LabelSampler(few=1.0, vary=0)
    samples = [sampler(["disease"], ["disease", "chemical", "species"]) for _ in range(400)]
    alone = [labels[0][0] for labels in samples if len(labels) == 1]
    assert 150 < len(alone) < 250
    assert 0.4 < sum(label == "disease" for label in alone) / len(alone) < 0.6


def test_a_label_is_asked_for_by_its_own_prompt_unless_it_was_worded() -> None:
    prompts = {"CHEM": "chemical", "Drug": "chemical"}
    pairs = [("CHEM", "CHEM"), ("Drug", "Drug"), ("gene", "gene"), ("CHEM", "compound")]
    assert with_own_prompts(pairs, prompts) == [
        ("CHEM", "chemical"),
        ("gene", "gene"),
        ("CHEM", "compound"),
    ]


def test_labels_with_one_prompt_are_merged_into_the_first() -> None:
    merge = LabelMerger({"RX": "drug", "x": "y"}, lambda prompt: prompt.lower().encode())
    assert list(map(merge, ["Drug", "DRUG", "RX", "x", "Y", "z"])) == ["RX"] * 3 + ["x"] * 2 + ["z"]
