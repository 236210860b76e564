"""What a row learns of relations: the spans, the pairs, and only what is annotated."""

import numpy as np

from spacy_gliner_biomed.training.relation_sampling import RelationSampler
from spacy_gliner_biomed.training.relation_targets import relation_targets

ENTITIES = [(4, 6, 1), (0, 1, 0), (4, 6, 0), (2, 3, 1)]
RELATED = [((0, 1), (4, 6), 1), ((0, 1), (4, 6), 0), ((2, 3), (0, 1), 1)]


def test_spans_are_once_and_in_order_and_pairs_have_their_relations() -> None:
    made = relation_targets(ENTITIES, RELATED, 2, RelationSampler(), repeated=False)
    spans = made.spans
    assert list(zip(spans.starts, spans.ends, strict=True)) == [(0, 1), (2, 3), (4, 6)]
    assert spans.repeats.tolist() == [1, 1, 1]
    pairs = list(zip(spans.heads.tolist(), spans.tails.tolist(), strict=True))
    wanted = {(0, 2): [1, 1], (1, 0): [0, 1]}
    assert made.targets.tolist() == [wanted.get(pair, [0, 0]) for pair in pairs]
    assert np.argwhere(made.related).tolist() == [[0, 2], [1, 0]]


def test_spans_of_tokens_count_once_for_each_label() -> None:
    made = relation_targets(ENTITIES, (), 1, RelationSampler(), repeated=True)
    assert made.spans.repeats.tolist() == [1, 1, 2]


def test_all_pairs_that_are_learned_may_count_as_related() -> None:
    sampler = RelationSampler(negative_pairs=1.0, related="pairs")
    made = relation_targets(ENTITIES, RELATED[:1], 2, sampler, repeated=False)
    assert np.argwhere(made.related).tolist() == [[0, 2], [2, 0]]
    assert made.targets.tolist() == [[0, 1], [0, 0]]


def test_without_relations_or_entities_there_are_no_pairs() -> None:
    for entities, n_relations in ((ENTITIES, 0), ((), 2), (ENTITIES[:1], 2)):
        made = relation_targets(entities, (), n_relations, RelationSampler(), repeated=False)
        assert made.targets.shape == (0, n_relations)
        assert made.spans.heads.shape == (0,)
        assert made.related.shape == (len({words[:2] for words in entities}),) * 2


def test_a_span_is_not_related_to_itself() -> None:
    made = relation_targets(ENTITIES, [((0, 1), (0, 1), 0)], 1, RelationSampler(), repeated=False)
    assert not made.targets.any()
    assert not made.related.any()
