import gzip
import json
from pathlib import Path

import pytest
import spacy

from spacy_gliner_biomed.linking.linked_corpus import make_linked_corpus

ENTITIES = [
    {"start": 0, "end": 7, "label": "Disease", "id": "D:1|D:2"},
    {"start": 3, "end": 7, "label": "Disease"},
    {"start": 9, "end": 12, "label": "Disease", "id": "-1"},
]


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "meta.json").write_text('{"labels": {"Disease": "disease or symptom"}}')
    line = json.dumps({"id": "1", "text": "flu-ish, bad", "entities": ENTITIES}) + "\n"
    (folder / "train.jsonl.gz").write_bytes(gzip.compress((line * 2).encode()))
    return tmp_path


def test_gold_spans_carry_their_ids(corpora: Path) -> None:
    examples = list(make_linked_corpus(corpora, ["train", "dev"], ["small"])(spacy.blank("en")))
    assert len(examples) == 2
    doc = examples[0].reference
    found = [(span.text, span.label_, span.kb_id_) for span in doc.spans["sc"]]
    label = "disease or symptom"
    assert found == [("flu-ish", label, "D:1|D:2"), ("-ish", label, ""), ("bad", label, "-1")]
    assert [(ent.text, ent.kb_id_) for ent in doc.ents] == [("flu-ish", "D:1|D:2"), ("bad", "-1")]
    assert doc.spans["sc"].attrs["annotated_labels"] == [label]
    assert not examples[0].predicted.ents


def test_predicted_docs_may_have_the_gold_entities_without_ids(corpora: Path) -> None:
    read = make_linked_corpus(
        corpora, ["train"], ["small"], {"small": "x"}, gold_mentions=True, limit=1
    )
    (example,) = read(spacy.blank("en"))
    doc = example.predicted
    assert [(ent.text, ent.label_, ent.kb_id_) for ent in doc.ents] == [
        ("flu-ish", "x", ""),
        ("bad", "x", ""),
    ]
    assert len(doc.spans["sc"]) == 3


def test_a_corpus_that_is_not_there_is_named(corpora: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E061.*small.*test\.jsonl\.gz"):
        list(make_linked_corpus(corpora, ["test"], ["small"])(spacy.blank("en")))


def test_marks_blank_lines_and_spaces_lose_no_id(corpora: Path) -> None:
    folder = corpora / "small"
    (folder / "meta.json").write_bytes(b'\xef\xbb\xbf{"labels": {"Disease": "disease"}}')
    entity = {"start": 0, "end": 4, "label": "Disease", "id": "D:1"}
    line = json.dumps({"text": "flu ", "entities": [entity]})
    content = f"\ufeff\n{line}\n\n{line}\n".encode()
    (folder / "train.jsonl.gz").write_bytes(gzip.compress(content))
    with pytest.warns(UserWarning, match="GB-W"):
        examples = list(make_linked_corpus(corpora, ["train"], ["small"])(spacy.blank("en")))
    assert [[(e.text, e.kb_id_) for e in x.reference.ents] for x in examples] == [
        [("flu", "D:1")]
    ] * 2


def test_an_entity_that_is_repeated_keeps_all_its_ids(corpora: Path) -> None:
    entities = [{**ENTITIES[0], "id": name} for name in ("D:1", "D:2", "D:1")]
    line = json.dumps({"text": "flu-ish", "entities": entities})
    (corpora / "small" / "train.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    (example,) = make_linked_corpus(corpora, ["train"], ["small"])(spacy.blank("en"))
    assert [ent.kb_id_ for ent in example.reference.ents] == ["D:1,D:2"]


@pytest.mark.parametrize("content", ["[]", "{}", '{"labels": []}'])
def test_a_meta_file_of_another_form_is_named(corpora: Path, content: str) -> None:
    (corpora / "small" / "meta.json").write_text(content)
    with pytest.raises(ValueError, match=r"GB-E182.*meta\.json.*(labels|list)"):
        list(make_linked_corpus(corpora, ["train"], ["small"])(spacy.blank("en")))
