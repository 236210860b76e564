"""Says what is wrong with a request of another shape: where, what was found, what is allowed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from spacy_gliner_biomed.common.reporting import list_names, shorten
from spacy_gliner_biomed.common.settings_dict import hint_at
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.service.schema import LabelSetting, RelationSetting
from spacy_gliner_biomed.service.service_error import CODE, ServiceError

Error = Mapping[str, Any]  # of pydantic

NESTED = {model.__name__: model for model in (LabelSetting, RelationSetting)}
ALTERNATIVES = {"str", "list[str]", *NESTED}  # parts of a place that name no key
TEXTS = {"text", "texts"}  # are not quoted
# What pydantic's kinds of errors ask for.
WANTED = {
    "string_type": "a string",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def validation_error(errors: Sequence[Error], model: type[BaseModel]) -> ServiceError:
    """Return the error of a request that has the wrong shape.

    errors (Sequence[Error]): Of pydantic. Texts among their inputs are not shown.
    model (type[BaseModel]): What the request should be.
    RETURNS (ServiceError): The error.
    """
    if unknown := [error for error in errors if error["type"] == "extra_forbidden"]:
        return _unknown_keys(unknown, model)
    if any(error["type"] == "string_unicode" for error in errors):
        problem = "A key or setting holds half of a surrogate pair"
        return ServiceError(422, Errors.E251.format(error=problem))
    first = _place(errors[0])
    if not first:
        return ServiceError(400, Errors.E241.format(error="it is not a JSON object"))
    # Of several forms that a value may have, the one that fits best fails in its depth.
    inner = [error for error in errors if _place(error)[: len(first)] == first]
    place = max(map(_place, inner), key=len)
    here = [error for error in inner if _place(error) == place]
    where = ".".join(place)
    if here[0]["type"] == "missing":
        return ServiceError(422, Errors.E427.format(where=where))
    wanted = " or ".join(dict.fromkeys(map(_wanted, here)))
    found = _found(here[0]["input"], is_text=place[0] in TEXTS)
    problem = f"it must be {wanted}; found {found}"
    return ServiceError(422, Errors.E243.format(where=where, error=problem))


def _unknown_keys(errors: Sequence[Error], model: type[BaseModel]) -> ServiceError:
    """Return the error of keys that are unknown where they are, with what is allowed there."""
    by_model: dict[type[BaseModel], dict[str, None]] = {model: {}}  # outer keys first
    for error in errors:
        names = [part for part in error["loc"][:-1] if part in NESTED]
        owner = NESTED[names[-1]] if names else model
        by_model.setdefault(owner, {})[str(error["loc"][-1])] = None
    messages = []
    for owner, unknown in by_model.items():
        if unknown:
            allowed = list(owner.model_fields)
            found, hint = list_names(map(repr, unknown)), hint_at(unknown, allowed)
            message = Errors.E242.format(found=found, hint=hint, allowed=", ".join(allowed))
            messages.append(message)
    first, *others = messages
    return ServiceError(422, " ".join([first, *(CODE.sub("", other) for other in others)]))


def _place(error: Error) -> tuple[str, ...]:
    """Return the keys and numbers that lead to the value, without the body or query itself."""
    return tuple(str(part) for part in error["loc"] if part not in {"body", "query", *ALTERNATIVES})


def _wanted(error: Error) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "too_short":
        return f"a list with at least {context['min_length']} item"
    return WANTED.get(kind, str(error["msg"]))


def _found(value: Any, *, is_text: bool) -> str:
    """Describe a value in the words of JSON."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, str) and is_text:
        return "a string"
    return shorten(repr(value))


def check_query(given: Iterable[str], allowed: Sequence[str], endpoint: str) -> None:
    """Check the names of the parameters in the query of a URL.

    given (Iterable[str]): Their names.
    allowed (Sequence[str]): Those that the endpoint takes.
    endpoint (str): Its method and path, for the message.
    RAISES (ServiceError): If there is another one.
    """
    unknown = [name for name in dict.fromkeys(given) if name not in allowed]
    if unknown:
        message = Errors.E425.format(
            endpoint=endpoint,
            found=list_names(map(repr, unknown)),
            hint=hint_at(unknown, allowed),
            allowed=", ".join(allowed) or "none",
        )
        raise ServiceError(422, message)
