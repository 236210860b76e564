import json
from pathlib import Path

import pytest

from spacy_gliner_biomed.silver.answers import read_answer
from spacy_gliner_biomed.silver.quotes import EXACT, QuotedText
from spacy_gliner_biomed.silver.worked_examples import EXAMPLES, WorkedExample, read_examples

LINE = {"text": "Aspirin for pain", "entities": [{"text": "Aspirin", "type": "drug"}]}


@pytest.mark.parametrize("example", EXAMPLES)
def test_our_examples_are_right(example: WorkedExample) -> None:
    answer = read_answer(example.answer(relations=True))
    assert answer.n_broken == 0
    text = QuotedText(example.text)
    assert all(text.find(entity.quote).how == EXACT for entity in answer.entities)
    ids = {entity.id for entity in answer.entities}
    assert {i for relation in answer.relations for i in (relation.head, relation.tail)} <= ids


def test_examples_are_read_as_answers_or_as_a_corpus(tmp_path: Path) -> None:
    corpus = {"text": LINE["text"], "entities": [{"start": 12, "end": 16, "label": "symptom"}]}
    related = {**LINE, "relations": [{"head": 0, "type": "is", "tail": 0}]}
    path = tmp_path / "examples.jsonl"
    path.write_text("\n\n".join(map(json.dumps, (corpus, related))))
    assert read_examples(path) == [
        WorkedExample("Aspirin for pain", [("pain", "symptom")], []),
        WorkedExample("Aspirin for pain", [("Aspirin", "drug")], [(0, "is", 0)]),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"text": 1, "entities": []}',
        '{"text": "a"}',
        '{"text": "a", "entities": [{"text": "b", "type": "x"}]}',
        '{"text": "a", "entities": [{"text": "a"}]}',
        '{"text": "a", "entities": [], "relations": [{"head": 0, "type": "x", "tail": 1}]}',
    ],
)
def test_a_wrong_example_is_named_by_file_and_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "examples.jsonl"
    path.write_text(f"{json.dumps(LINE)}\n{line}\n")
    with pytest.raises(ValueError, match=r"GB-E060.*examples\.jsonl, line 2"):
        read_examples(path)
