"""Label Studio's exports, after its documentation."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.table import read_format, read_texts

TEXT = "Zinc for fever."


def read(path: Path, *tasks: Any) -> list[AnnotatedText]:
    path.write_text(json.dumps(tasks))
    return list(read_format(path, "labelstudio"))


def result(start: int, end: int, *labels: str, **values: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": TEXT[start:end], "labels": list(labels)}
    return {"type": "labels", "from_name": "label", "to_name": "text", "value": value, **values}


def task(*results: Any, **values: Any) -> dict[str, Any]:
    annotations = [{"id": 1, "result": list(results)}]
    return {"id": 4, "data": {"text": TEXT, "ward": "x"}, "annotations": annotations, **values}


def test_all_label_groups_and_several_labels_are_read(tmp_path: Path) -> None:
    results = [result(0, 4, "drug"), result(9, 14, "symptom", "sign", from_name="findings")]
    (text,) = read(tmp_path / "a.json", task(*results))
    spans = [(0, 4, "drug"), (9, 14, "symptom"), (9, 14, "sign")]
    assert (text.name, text.text, list(text.spans)) == ("4", TEXT, spans)


def test_results_of_other_kinds_are_counted(tmp_path: Path) -> None:
    choice = {"type": "choices", "from_name": "ok", "to_name": "text", "value": {"choices": ["y"]}}
    with pytest.warns(UserWarning, match=r"GB-W163\].* 1 "):
        (text,) = read(tmp_path / "a.json", task(result(0, 4, "drug"), choice))
    assert list(text.spans) == [(0, 4, "drug")]


def test_of_several_annotations_the_ground_truth_is_read(tmp_path: Path) -> None:
    given = [
        {"result": [result(0, 4, "wrong")], "was_cancelled": True},
        {"result": [result(0, 4, "first")]},
        {"result": [result(0, 4, "truth")], "ground_truth": True},
    ]
    with pytest.warns(UserWarning, match="GB-W20[01]") as warned:
        (text,) = read(tmp_path / "a.json", task(annotations=given))
    assert list(text.spans) == [(0, 4, "truth")]
    first, second = sorted(str(each.message) for each in warned)
    assert re.match(r"\[GB-W200\].* 1 example was", first)
    assert re.match(r"\[GB-W201\].* 1 annotation was", second)


def test_tasks_without_annotation_are_left_out_and_read_as_texts(tmp_path: Path) -> None:
    tasks = [task(), task(annotations=[]), task(annotations=[], predictions=[{"result": []}])]
    with pytest.warns(UserWarning, match=r"GB-W202\].* 2 tasks were"):
        (text,) = read(tmp_path / "a.json", *tasks)  # the first says that it has no entity
    assert list(text.spans) == []
    assert len(list(read_texts(tmp_path / "a.json", "labelstudio", ReadOptions()))) == 3


def test_the_short_form_and_offsets_of_html(tmp_path: Path) -> None:
    value = {"start": 0, "end": 4, "text": "Zinc", "labels": ["drug"]}
    (text,) = read(tmp_path / "a.json", {"id": 4, "text": TEXT, "label": [value]})
    assert list(text.spans) == [(0, 4, "drug")]
    html = result(0, 4)
    html["type"] = "hypertextlabels"
    html["value"] = {
        "start": "/p[1]/text()[1]",
        "globalOffsets": {"start": 9, "end": 14},
        "hypertextlabels": ["symptom"],
    }
    (text,) = read(tmp_path / "a.json", task(html))
    assert list(text.spans) == [(9, 14, "symptom")]


@pytest.mark.parametrize(
    "data", [{"note": TEXT}, {"text": TEXT, "title": "x"}, {"a": "x", "b": TEXT}]
)
def test_the_text_is_what_the_results_refer_to(tmp_path: Path, data: dict[str, str]) -> None:
    (text,) = read(tmp_path / "a.json", task(result(0, 4, "drug", to_name="b"), data=data))
    assert text.text == TEXT


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (task(data={"a": "x", "b": "y"}), "the task has no 'text'; .*: a, b"),
        (task(data=3), "found int"),
        (task(result(0, 99, "x")), "outside"),
        (
            task(result(0, 3, "x", value={"start": 0, "end": 3, "text": "Zinc", "labels": ["x"]})),
            "marked",
        ),
        (task({"value": {}}), "no 'type'"),
        (task({"type": "labels", "value": {"labels": ["x"]}}), "no 'start' and 'end'"),
        (task(annotations=[{"id": 3}]), "no 'result'"),
        (task(annotations=3), "'annotations' must be a list"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, broken: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=rf"GB-E060.*a\.json, item 2: .*{complaint}"):
        read(tmp_path / "a.json", task(), broken)
