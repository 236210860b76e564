"""From a request to documents and settings, with limits and clear errors."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pydantic import ValidationError

from spacy_gliner_biomed.common.json_text import check_text
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.documents.pipelines import parse_labels, parse_relations
from spacy_gliner_biomed.documents.writing.attributes import check_attributes, parse_attributes
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.service.annotator import Annotator, CallSettings
from spacy_gliner_biomed.service.entities import OWN_KEYS, Shape
from spacy_gliner_biomed.service.limits import Limits
from spacy_gliner_biomed.service.schema import (
    AnnotateRequest,
    CallOptions,
    LabelSetting,
    RelationSetting,
)
from spacy_gliner_biomed.service.service_error import ServiceError
from spacy_gliner_biomed.service.validation import validation_error

LISTS: Mapping[str, Callable[[str], Sequence[Any] | None]] = {
    "labels": parse_labels,
    "relations": parse_relations,
    "attributes": parse_attributes,
}
SETTINGS = ("labels", "relations", "threshold", "overlap", "multi_label", "alignment")


@dataclass(frozen=True)
class Call:
    """The checked settings of a request, and what it wants of entities."""

    settings: CallSettings
    shape: Shape


def read_call(options: CallOptions, annotator: Annotator, limits: Limits) -> Call:
    """Check the settings of a request.

    options (CallOptions): The request.
    annotator (Annotator): Its component checks the values.
    limits (Limits): The limits.
    RETURNS (Call): The settings.
    RAISES (ServiceError, ValueError): If a value is not allowed.
    """
    check_labels(options.labels or [], limits)
    check_labels(options.relations or [], limits, "relations")
    if taken := OWN_KEYS.intersection(options.attributes):
        raise ValueError(Errors.E221.format(name=min(taken), option="'attributes'"))
    check_attributes(options.attributes, "'attributes'")
    values = options.model_dump(include={*SETTINGS})
    settings = annotator.call_settings(values)
    return Call(settings, Shape(options.utf16, tuple(options.attributes)))


def read_query(query: Sequence[tuple[str, str]]) -> CallOptions:
    """Read settings from the query of a URL, where lists are separated by commas or repeated.

    query (Sequence[tuple[str, str]]): Names and values.
    RETURNS (CallOptions): The settings.
    RAISES (ServiceError, ValueError): If one is unknown, not allowed, or repeated and no list.
    """
    given: dict[str, list[str]] = defaultdict(list)
    for name, value in query:
        given[name].append(value)
    values = {name: _read_setting(name, found) for name, found in given.items()}
    try:
        return CallOptions.model_validate(values, strict=False)
    except ValidationError as error:
        raise validation_error(error.errors(), CallOptions) from None


def _read_setting(name: str, found: Sequence[str]) -> Any:
    """Return the value of a setting of the query, of which a list may come in parts."""
    if name in LISTS:
        return list(chain.from_iterable(_read_list(name, part) for part in found))
    if len(found) > 1 and name in CallOptions.model_fields:
        error = f"it is given {len(found)} times; give it once"
        raise ServiceError(422, Errors.E243.format(where=name, error=error))
    return found[-1]


def _read_list(name: str, part: str) -> Sequence[Any]:
    """RAISES (ServiceError): If a list cannot be read; parsers name options of the command."""
    try:
        return LISTS[name](part) or []
    except ValueError as error:
        reason = str(error.__cause__ or "it is no list of words and no JSON list")
        message = Errors.E426.format(where=name, found=shorten(part), error=shorten(reason, 300))
        raise ServiceError(422, message) from error


def texts_of(request: AnnotateRequest, limits: Limits) -> list[Any]:
    """Return the texts of a request, which are not checked.

    RAISES (ServiceError): If there is none, both one and several, or too many.
    """
    if (request.text is None) == (request.texts is None):
        found = "neither is there" if request.text is None else "both are there"
        message = Errors.E243.format(where="text", error=f"give 'text' or 'texts'; {found}")
        raise ServiceError(422, message)
    texts: list[Any] = [request.text] if request.texts is None else request.texts
    if len(texts) > limits.max_texts:
        message = Errors.E245.format(n=len(texts), what="texts", limit=limits.max_texts)
        raise ServiceError(413, message)
    return texts


def check_document(text: Any, limits: Limits) -> str:
    """Return a text that can be annotated.

    RAISES (ServiceError): If it is no string, too long, or holds half of a surrogate pair.
    """
    if not isinstance(text, str):
        error = f"it must be a string, found {type(text).__name__}"
        raise ServiceError(422, Errors.E243.format(where="text", error=error))
    if len(text) > limits.max_characters:
        message = Errors.E244.format(n=len(text), limit=limits.max_characters)
        raise ServiceError(413, message)
    try:
        return check_text(text)
    except ValueError as error:
        raise ServiceError(422, Errors.E251.format(error=str(error).capitalize())) from None


def check_labels(
    labels: Sequence[str | LabelSetting | RelationSetting], limits: Limits, what: str = "labels"
) -> None:
    """Check the number and the length of labels or relations.

    labels (Sequence): The labels or relations.
    limits (Limits): The limits; those of labels hold for relations, too.
    what (str): "labels" or "relations", for the message.
    RAISES (ServiceError): If there are too many, or one is too long.
    """
    if len(labels) > limits.max_labels:
        message = Errors.E245.format(n=len(labels), what=what, limit=limits.max_labels)
        raise ServiceError(422, message)
    for label in labels:
        texts = [label] if isinstance(label, str) else _texts(label)
        longest = max(map(len, texts))
        if longest > limits.max_label_characters:
            allowed = (
                f"a label has {longest} characters; the limit is {limits.max_label_characters}"
            )
            raise ServiceError(422, Errors.E243.format(where=what, error=allowed))


def _texts(setting: LabelSetting | RelationSetting) -> list[str]:
    """Return the texts of a label; of a relation, with the labels of its ends."""
    if isinstance(setting, LabelSetting):
        return [setting.label, setting.prompt or ""]
    ends = [[end] if isinstance(end, str) else end or [] for end in (setting.head, setting.tail)]
    return [setting.relation, setting.prompt or "", *chain.from_iterable(ends)]
