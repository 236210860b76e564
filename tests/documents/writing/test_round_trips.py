"""What our readers find in the files that the writers made."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.training.formats.options import DEFAULTS
from spacy_gliner_biomed.training.formats.table import find_format, read_format
from tests.documents.writing.samples import Written, documents, sample, write

# Words with spaces and line ends between them: readers cut white space off mentions.
WORDS = st.lists(st.sampled_from(["a", "Köln", "IL-2", "<b>", "🙂", '"c"', "&"]), min_size=1)
TEXTS = st.tuples(WORDS, st.sampled_from([" ", "\n", "\r\n"])).map(
    lambda pair: pair[1].join(pair[0])
)
LABELS = st.sampled_from(["drug", "gene or protein", "é"])
ACCEPTED = "labelstudio, accepted"  # as a person exports what we suggested
EXACT = ["jsonl", "bioc-xml", "bioc-json", "pubannotation", "prodigy", "labelstudio", ACCEPTED]
EXACT += ["brat"]
ENDINGS = dict.fromkeys(EXACT, ".json") | {"jsonl": ".jsonl", "prodigy": ".jsonl"}
ENDINGS |= {"bioc-xml": ".xml", "conll": ".conll", "brat": ".brat.zip"}


def clean(written: Written) -> Written:
    """A document whose entities have no white space at an end, each once."""
    doc, record, found = written
    kept = {(e.start, e.end, e.label): e for e in found if e.text == e.text.strip()}
    return doc, record, list(kept.values())


def save(folder: Path, format_: str, *written: Written) -> Path:
    path = folder / f"written{ENDINGS[format_]}"
    if format_ == ACCEPTED:
        path.write_text(json.dumps(accepted(json.loads(write("labelstudio", *written)))))
    else:
        path.write_bytes(write(format_, *written))
    return path


def accepted(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What Label Studio exports when a person has submitted all suggestions."""
    exported = []
    for number, task in enumerate(tasks, 41):
        (prediction,) = task["predictions"]
        result = [{**region, "origin": "prediction"} for region in prediction["result"]]
        annotation = {"id": number, "completed_by": 1, "result": result, "was_cancelled": False}
        annotation |= {"ground_truth": False, "lead_time": 3.5, "task": number}
        further = {"drafts": [], "predictions": [7], "meta": {}, "total_annotations": 1}
        exported.append(
            {"id": number, "annotations": [annotation], "data": task["data"], **further}
        )
    return exported


def name(format_: str) -> str:
    """The reader's name of a format."""
    return format_.partition(",")[0]


def label(format_: str, text: str) -> str:
    """A label as a format can write it."""
    return text.replace(" ", "_") if format_ in ("brat", "conll") else text


def spans(found: list[Entity], format_: str = "") -> list[tuple[int, int, str]]:
    return sorted((each.start, each.end, label(format_, each.label)) for each in found)


@pytest.mark.filterwarnings("ignore:.GB-W")  # of concepts and attributes that are not gold
@pytest.mark.parametrize("format_", EXACT)
@settings(max_examples=20)
@given(written=st.lists(documents(TEXTS, LABELS).map(clean), min_size=1, max_size=2))
def test_texts_ids_and_entities_are_read_back(
    format_: str, written: list[Written], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = save(tmp_path_factory.mktemp("round_trip"), format_, *written)
    back = list(read_format(path, name(format_)))
    if format_ == "brat":  # in the order of their names, of which no two are the same
        written.sort(key=lambda each: str(each[1].id))
        back.sort(key=lambda text: text.name.partition("~")[0])
    assert [text.text for text in back] == [doc.text for doc, *_ in written]
    assert [sorted(text.spans) for text in back] == [spans(found, format_) for *_, found in written]
    ids = [str(record.id) for _, record, _ in written]
    assert [text.name.partition("~")[0] for text in back] == ids
    concepts = {(*e[:3], e[3]) for text in back for e in text.concepts}
    assert concepts == {
        (e.start, e.end, label(format_, e.label), "".join(e.concept_id.split()))
        if format_ == "brat"
        else (e.start, e.end, e.label, e.concept_id)
        for *_, found in written
        for e in found
        if e.concept_id
    }


@pytest.mark.filterwarnings("ignore:.GB-W211", "ignore:.GB-W207")
@settings(max_examples=20)
@given(written=documents(TEXTS, LABELS).map(clean))
def test_tags_are_read_back_as_mentions(
    written: Written, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (text,) = read_format(save(tmp_path_factory.mktemp("conll"), "conll", written), "conll")
    doc, _, found = written
    mentions = {(" ".join(entity.text.split()), entity.label) for entity in found}
    read = {(text.text[start:end], label.replace("_", " ")) for start, end, label in text.spans}
    squeezed = {("".join(mention.split()), label) for mention, label in mentions}
    assert {("".join(mention.split()), label) for mention, label in read} <= squeezed
    assert bool(read) == bool(found)
    assert "".join(text.text.split()) == "".join(doc.text.split())


@pytest.mark.filterwarnings("ignore:.GB-W207")
@pytest.mark.parametrize("format_", [*EXACT, "conll"])
def test_the_format_is_detected(format_: str, tmp_path: Path) -> None:
    assert find_format(save(tmp_path, format_, sample()), None, DEFAULTS) == name(format_)


@pytest.mark.parametrize("format_", ["bioc-xml", "bioc-json"])
def test_passages_are_read_back(format_: str, tmp_path: Path) -> None:
    doc, record, found = sample()
    doc.user_data["passages"] = [
        {"start": 0, "end": 13, "infons": {"type": "title"}},
        {"start": 13, "end": len(doc.text), "infons": {"type": "abstract"}},
    ]
    (text,) = read_format(save(tmp_path, format_, (doc, record, found)), format_)
    assert text.text == doc.text
    assert sorted(text.spans) == spans(found)
    assert [(each["start"], each["end"], each["infons"]["type"]) for each in text.passages] == [
        (0, 13, "title"),
        (13, len(doc.text), "abstract"),
    ]
