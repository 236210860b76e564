import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.silver.answers import (
    Answer,
    AnswerEntity,
    AnswerRelation,
    answer_schema,
    read_answer,
)
from spacy_gliner_biomed.silver.failures import MALFORMED, Failure

GOOD = {
    "entities": [{"id": 0, "text": " BRCA1 ", "type": "gene"}, {"id": 1, "text": "x", "type": "y"}],
    "relations": [{"head": 0, "type": "is", "tail": 1}],
}
READ = Answer(
    [AnswerEntity(0, "BRCA1", "gene"), AnswerEntity(1, "x", "y")], [AnswerRelation(0, "is", 1)]
)

# What a model may write: JSON of any form, with the right names here and there.
NAMES = st.sampled_from(["entities", "relations", "id", "text", "type", "head", "tail"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "form",
    ["{}", "Here it is:\n```json\n{}\n```\nBye {{", "<think>{{ no, [1</think>{}", "\n {} {{}}"],
)
def test_json_is_found_in_what_is_around_it(form: str) -> None:
    assert read_answer(form.format(json.dumps(GOOD))) == READ


ASPIRIN = '{"entities":[{"id":1,"text":"aspirin","type":"drug"}]}'


@pytest.mark.parametrize(
    "content",
    [
        f'thoughts {{"entities":[]}} ...\n</think>\n\n{ASPIRIN}',
        f'<think>a</think> {{"entities":[]}} and again </THINK>{ASPIRIN}',
        f'<thinking>{{"entities":[]}}</thinking>{ASPIRIN}',
        f'A draft is {{"entities":[]}}, and the answer:\n```json\n{ASPIRIN}\n```',
        f'As in {{"entities": [{{"id": 0, "text": "...", "type": "..."}}]}}: {ASPIRIN}',
        f'{{"answer": {ASPIRIN}}}',
        f"[{ASPIRIN}]",
        f"See [1] and {{sic}}: {ASPIRIN}",
        f"{{'entities': []}} is wrong; {ASPIRIN} as in [2].",
        f"<think>{ASPIRIN}",
        f'{{"entities": [], "entities": []}}, or rather {ASPIRIN}',
        'As in [1]: [{"id": 1, "text": "aspirin", "type": "drug"}]',
    ],
)
def test_the_answer_is_found_after_reasoning_and_beside_drafts(content: str) -> None:
    assert read_answer(content) == Answer([AnswerEntity(1, "aspirin", "drug")], [])


@pytest.mark.parametrize(
    "content", ['{"entities": []}', "```json\n[]\n```", '<think>{"entities": []}', "</think>[]"]
)
def test_an_answer_without_entities_is_empty(content: str) -> None:
    assert read_answer(content) == Answer([], [])


def test_a_list_alone_is_one_of_entities() -> None:
    assert read_answer(json.dumps(GOOD["entities"])).entities == READ.entities


def test_parts_of_the_wrong_kind_are_left_out_and_counted() -> None:
    bad = [{"text": "x"}, {"type": "x"}, "x", {"text": "  ", "type": "x"}, None]
    bad_links = [{"head": "0", "type": "x", "tail": 1}, {"head": 0, "tail": 1}, 3]
    half = {"id": 3, "text": "x\ud800", "type": "y"}
    answer = read_answer(
        json.dumps(
            {
                "entities": [*GOOD["entities"], *bad, half],
                "relations": [*GOOD["relations"], *bad_links],
            }
        )
    )
    assert (answer.entities, answer.relations) == (READ.entities, READ.relations)
    assert answer.n_broken == len(bad) + len(bad_links) + 1


@pytest.mark.parametrize(("relations", "n_broken"), [(None, 0), ("treats", 1), ({"a": 1}, 1)])
def test_relations_of_another_form_leave_the_entities(relations: Any, n_broken: int) -> None:
    answer = read_answer(json.dumps({**GOOD, "relations": relations}))
    assert (answer.entities, answer.relations) == (READ.entities, [])
    assert answer.n_broken == n_broken


@pytest.mark.parametrize("content", ["", " \n", "<think>Hm.</think>\n"])
def test_an_answer_without_text_is_said(content: str) -> None:
    with pytest.raises(Failure, match="the answer has no text"):
        read_answer(content)


@pytest.mark.parametrize(
    "content",
    [
        *["", "nothing", '{"entities": [', '{"found": []}', '{"entities": {}}', "[" * 100_000, "5"],
        "see [1] and []",
        '{"entities": ["aspirin"]}',
        '["aspirin"]',
        '{"entities": [], "relations": [{"head": 0, "type": "is", "tail": 1}]}',
        '{"entities": [{"name": "aspirin"}]}',
        'A draft: {"entities": []}. Now: {"entities": [{"id": 0, "text": "aspirin", "ty',
        'A draft: {"entities": []}. Now: {"entities": [{"name": "aspirin"}]}',
        '<think>maybe {"entities": []} but wait',
        'thoughts {"entities": []} </think>',
        '{"entities": [{"id": 0, "text": "x", "type": "y"}], "relations": [',
        f'{ASPIRIN[:-1]}, "entities": []}}',
        f"{ASPIRIN[:-1]}, {ASPIRIN[1:]}",
        f'{{"answer": {ASPIRIN[:-1]}, "entities": []}}}}',
        f'A draft: {{"entities": []}}. Now: {ASPIRIN[:-1]}, "entities": []}}',
        '{"entities": [{"text": "aspirin", "text": "codeine", "type": "drug"}]}',
        '[{"text": "aspirin", "text": "codeine", "type": "drug"}]',
    ],
)
def test_what_is_no_answer_is_a_failure_that_shows_it(content: str) -> None:
    with pytest.raises(Failure) as raised:
        read_answer(content)
    assert raised.value.kind == MALFORMED
    assert repr(content[:10])[:-1] in raised.value.reason


@given(VALUES)
def test_any_json_is_read_or_refused(value: object) -> None:
    content = json.dumps(value)
    try:
        mentions = read_answer(content).entities
    except Failure:
        assert value not in ([], {"entities": []})
    else:
        assert all(mention.quote and mention.type for mention in mentions)
        assert mentions or json.dumps([]) in content


def test_schema_holds_types_and_bounds_only_where_they_are_wanted() -> None:
    fixed, free = (answer_schema(types, relations=True) for types in (["drug"], []))
    plain = json.dumps(answer_schema([], relations=False, bounded=False))
    item = fixed["properties"]["entities"]["items"]["properties"]
    assert item["type"] == {"type": "string", "enum": ["drug"]}
    assert free["properties"]["entities"]["items"]["properties"]["type"]["maxLength"] > 0
    assert not any(word in plain for word in ("max", "min", "relations"))
    assert fixed["required"] == ["entities", "relations"]
