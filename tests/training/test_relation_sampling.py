"""The relations that a row is asked for, and its pairs."""

from collections import Counter

from spacy_gliner_biomed.training.relation_sampling import RelationSampler

POSITIVES = [(0, 1), (2, 0)]


def test_all_pairs_of_different_entities_by_default() -> None:
    assert RelationSampler().pairs(3, POSITIVES) == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
    assert RelationSampler().pairs(1, []) == []


def test_negative_pairs_are_a_multiple_and_the_reversed_come_first() -> None:
    for seed in range(5):
        pairs = RelationSampler(negative_pairs=1.0, seed=seed).pairs(6, POSITIVES)
        assert pairs == sorted([*POSITIVES, (1, 0), (0, 2)])
        more = RelationSampler(negative_pairs=2.5, seed=seed).pairs(6, POSITIVES)
        assert len(more) == len(set(more)) == 2 + 5
        assert {*POSITIVES, (1, 0), (0, 2)} <= set(more)


def test_a_row_without_relations_has_one_negative_pair() -> None:
    drawn = {tuple(RelationSampler(negative_pairs=3.0, seed=x).pairs(4, [])) for x in range(30)}
    assert all(len(pairs) == 1 for pairs in drawn)
    assert len(drawn) > 5


def test_which_pairs_count_as_related() -> None:
    positives, pairs = RelationSampler(), RelationSampler(related="pairs")
    assert [positives.counts_as_related(x) for x in (True, False)] == [True, False]
    assert [pairs.counts_as_related(x) for x in (True, False)] == [True, True]


def test_only_annotated_relations_are_asked_for_beside_those_of_the_row() -> None:
    sampler = RelationSampler(all_negatives=0.0, negatives=2)
    counts: Counter[str] = Counter()
    for _ in range(200):
        asked = sampler(["treats"], ["treats", "causes", "prevents"])
        assert all(label == prompt for label, prompt in asked)
        counts.update(label for label, _ in asked)
    assert counts["treats"] == 200
    assert counts.keys() == {"treats", "causes", "prevents"}
    assert 60 < counts["causes"] < 140
    assert sampler([], []) == []


def test_a_seed_decides() -> None:
    one, same, other = (RelationSampler(negative_pairs=1.0, seed=x) for x in (1, 1, 2))
    drawn = [[x.pairs(9, POSITIVES[:1]) for _ in range(9)] for x in (one, same, other)]
    assert drawn[0] == drawn[1]
    assert one.random.getstate() == same.random.getstate() != other.random.getstate()
