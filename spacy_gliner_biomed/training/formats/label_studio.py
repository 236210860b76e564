"""Read the JSON that Label Studio exports, in its full and its short form."""

from collections.abc import Mapping
from typing import Any

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.common.reporting import list_names
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.records import Entities, reads_records
from spacy_gliner_biomed.training.line_entities import CONCEPT_KEY
from spacy_gliner_biomed.training.record_checks import (
    FURTHER,
    NO_ENTITIES,
    NOT_ANNOTATED,
    REJECTED,
    SUGGESTED,
    Counts,
    check_keys,
    check_list,
)

PREDICTIONS = "predictions"
# The kinds of results that mark spans of a text, and the key of their labels.
SPAN_KINDS = {"labels": "labels", "hypertextlabels": "hypertextlabels"}


@reads_records
def read_label_studio(task: Any, options: ReadOptions, counts: Counts) -> AnnotatedText | None:
    """Read tasks: {"id", "data": {"text"}, "annotations": [{"result": [...]}]}, or the short form
    {"id", "text", "label": [{"start", "end", "labels"}]}.

    The labels of all label groups ("from_name") are read. Of several annotations, the ground truth
    or else the first is read; cancelled ones, tasks without any, and results of other kinds are
    counted. Of tasks to import, which have only "predictions", these are read and counted. The id
    of the data, as `annotate` writes it, is preferred to the number that Label Studio gives a task.
    """
    check_keys(task, ())
    results = _results(task, counts)
    if results is None and options.gold:
        counts[NOT_ANNOTATED] += 1
        return None
    found = Entities(_text(task, results or []), counts)
    for result in results or []:
        _add(result, found)
    own = _data(task).get("id")
    return found.annotated(task.get("id") if own is None else own)


def _results(task: Mapping[str, Any], counts: Counts) -> list[Any] | None:
    """Return the results of a task's annotation; None if it has none."""
    if "data" not in task:
        return _short_results(task)
    key = next((key for key in ("annotations", "completions") if key in task), PREDICTIONS)
    given = check_list(dict(task), key)
    for annotation in given:
        check_keys(annotation, ("result",))
    counts[SUGGESTED] += key == PREDICTIONS and bool(given)
    valid = [annotation for annotation in given if not annotation.get("was_cancelled")]
    counts[REJECTED] += len(given) - len(valid)
    if not valid:
        return None
    counts[FURTHER] += len(valid) - 1
    chosen = max(valid, key=lambda annotation: bool(annotation.get("ground_truth")))
    return check_list(chosen, "result")


def _short_results(task: Mapping[str, Any]) -> list[Any] | None:
    """Return the results of a task in the short form, which are under the name of their group."""
    groups = [
        (key, value)
        for key, value in task.items()
        if isinstance(value, list) and all(isinstance(x, dict) and "start" in x for x in value)
    ]
    if not groups:
        return None
    return [
        {"from_name": key, "type": "labels", "value": value}
        for key, values in groups
        for value in values
    ]


def _text(task: Mapping[str, Any], results: list[Any]) -> str:
    """Return the text of a task: what its results refer to, "text", or its only string.

    RAISES (ValueError): If it is not clear.
    """
    data = _data(task)
    strings = [key for key, value in data.items() if isinstance(value, str)]
    names = [str(result.get("to_name")) for result in results if isinstance(result, dict)]
    for key in [*dict.fromkeys(names), "text"]:
        if key in strings:
            return check_text(data[key])
    if len(strings) == 1:
        return check_text(data[strings[0]])
    raise ValueError(f"the task has no 'text'; the keys of its data are: {list_names(data)}")


def _data(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data of a task, which is the task itself in the short form."""
    data = task.get("data", task)
    check_keys(data, ())
    return data  # type: ignore[no-any-return]


def _add(result: Any, found: Entities) -> None:
    """Add the entities of a result; count a result of another kind.

    RAISES (ValueError): If it is not as it must be.
    """
    check_keys(result, ("type",))
    key = SPAN_KINDS.get(str(result["type"]))
    if key is None:
        found.counts[NO_ENTITIES] += 1
        return
    check_keys(result, ("value",))
    value, meta = result["value"], result.get("meta")
    check_keys(value, (key,))
    offsets = value.get("globalOffsets") or value
    check_keys(offsets, ("start", "end"))
    concept = meta.get(CONCEPT_KEY) if isinstance(meta, dict) else None
    for label in check_list(value, key):
        start, end = offsets["start"], offsets["end"]
        found.add(start, end, label, mention=value.get("text"), concept=concept)
