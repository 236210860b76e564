"""The settings of `annotate-llm`: four groups, read from a config file and the command line."""

import configparser
import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from thinc.api import Config

from spacy_gliner_biomed.common.files import read_text
from spacy_gliner_biomed.common.json_text import parse_json_object
from spacy_gliner_biomed.common.reporting import shorten
from spacy_gliner_biomed.common.settings_dict import check_names
from spacy_gliner_biomed.errors import Errors

COMMAND = "annotate-llm"
CHECKS = ConfigDict(coerce_numbers_to_str=True, str_strip_whitespace=True)

Name = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, kw_only=True, config=CHECKS)
class ServerSettings:
    """An OpenAI-compatible server and how to send requests to it; section [server]."""

    url: str = Field(
        default="", description="Base URL of the server, such as http://127.0.0.1:8000/v1."
    )
    model: str = Field(default="", description="Name of the model on the server.")
    api_key_env: str = Field(
        default="OPENAI_API_KEY",
        description="Environment variable with the API key, if the server needs a key.",
    )
    constraint: Literal["json_schema", "json_object", "none"] = Field(
        default="json_schema",
        description="Response format to request: json_schema, json_object or none.",
    )
    body: dict[str, Any] = Field(
        default_factory=dict,
        description='More fields for each request; null removes a field: {"seed": null}.',
    )
    requests_per_minute: float | None = Field(
        default=None,
        ge=0.001,
        description="Maximum number of requests per minute; null for no limit.",
    )
    tokens_per_minute: float | None = Field(
        default=None, ge=1, description="Maximum number of tokens per minute; null for no limit."
    )
    timeout: float = Field(default=120.0, ge=0.01, description="Seconds to wait for an answer.")
    retries: int = Field(default=5, ge=0, description="Number of retries after a temporary error.")
    backoff: float = Field(
        default=1.0,
        ge=0,
        description="Seconds before the first retry; doubled for each further one.",
    )

    @property
    def api_key(self) -> str:
        """The API key; empty if the environment has none.

        RAISES (ValueError): If the key has characters that an HTTP header cannot hold. The
            message does not show the key.
        """
        key = os.environ.get(self.api_key_env, "").strip()
        if not (key.isascii() and key.isprintable()):
            allowed = "a variable whose value is printable ASCII"
            name, found = "server.api_key_env", self.api_key_env
            raise ValueError(Errors.E030.format(name=name, allowed=allowed, found=found))
        return key


@dataclass(frozen=True, kw_only=True, config=CHECKS)
class LocalSettings:
    """A causal language model in this process, instead of a server; section [local]."""

    model: str = Field(
        default="", description="Folder, Hugging Face name or GGUF file of a causal language model."
    )
    device: str = Field(
        default="cpu", description="Device of the local model: cpu, cuda, cuda:1 or mps."
    )


@dataclass(frozen=True, kw_only=True, config=CHECKS)
class PromptSettings:
    """What the language model is asked for; section [prompt]."""

    types: list[Name] = Field(
        default_factory=list, description="Entity types to find; an empty list allows any type."
    )
    synonyms: Path | None = Field(
        default=None, description='JSON file with other names of types: {"disease": ["disorder"]}.'
    )
    examples: Path | None = Field(
        default=None,
        description="JSON lines with worked examples; null for four built-in ones if any type is "
        "allowed, otherwise none.",
    )
    relations: bool = Field(default=True, description="Ask for relations between entities as well.")
    candidates: str | None = Field(
        default=None,
        description="spaCy pipeline with a parser; its noun phrases are suggested as entities.",
    )
    max_tokens: int = Field(
        default=2048, ge=1, description="Maximum number of tokens in an answer."
    )
    bounded: bool = Field(
        default=True,
        description="Limit lengths in the JSON schema; some servers reject such a schema.",
    )


@dataclass(frozen=True, kw_only=True, config=CHECKS)
class RunSettings:
    """How documents are processed and where results go; section [run]."""

    workers: int = Field(
        default=4, ge=1, description="Number of documents that are sent to the server at a time."
    )
    similarity: float = Field(
        default=0.9,
        ge=0.5,
        le=1,
        description="Minimum similarity of a quote to the text; 1 allows no changed characters.",
    )
    max_characters: int = Field(
        default=4000,
        ge=200,
        description="Maximum size of a request's text; longer ones are split at sentence ends.",
    )
    attempts: int = Field(
        default=2,
        ge=1,
        description="Number of times a text is sent while its answers are malformed.",
    )
    patience: int = Field(
        default=20,
        ge=1,
        description="Stop after this many documents in a row fail because of the server.",
    )
    price_prompt: float | None = Field(
        default=None, ge=0, description="Price of a million prompt tokens."
    )
    price_completion: float | None = Field(
        default=None, ge=0, description="Price of a million completion tokens."
    )
    cache: Path | None = Field(
        default=None, description="File for paid answers; null for OUTPUT.cache."
    )
    failures: Path | None = Field(
        default=None, description="File for documents that failed; null for OUTPUT.failures.jsonl."
    )
    report: Path | None = Field(
        default=None, description="JSON file for the counts; null for OUTPUT.report.json."
    )
    spans_key: Name = Field(
        default="sc", description="Span group in doc.spans that entities are written to."
    )
    lang: Name = Field(default="en", description="Language of the tokenizer.")


@dataclass(frozen=True, kw_only=True, config=CHECKS)
class SilverSettings:
    """All settings of a run.

    server (ServerSettings): The server to ask, unless `local` names a model.
    local (LocalSettings): The model in this process to ask instead.
    prompt (PromptSettings): What to ask for.
    run (RunSettings): How to process documents.
    """

    server: ServerSettings = Field(default_factory=ServerSettings)
    local: LocalSettings = Field(default_factory=LocalSettings)
    prompt: PromptSettings = Field(default_factory=PromptSettings)
    run: RunSettings = Field(default_factory=RunSettings)


SECTIONS: dict[str, Any] = {
    "server": ServerSettings,
    "local": LocalSettings,
    "prompt": PromptSettings,
    "run": RunSettings,
}


@dataclasses.dataclass(frozen=True)
class SettingHelp:
    """What the help says about a setting.

    name (str): Dotted name, such as "server.timeout".
    default (Any): Default value.
    text (str): What it sets.
    """

    name: str
    default: Any
    text: str


def list_settings() -> Iterator[SettingHelp]:
    """List all settings.

    YIELDS (SettingHelp): Name, default value and help text.
    """
    for section, group in SECTIONS.items():
        for name, info in group.__pydantic_fields__.items():
            default = info.get_default(call_default_factory=True)
            yield SettingHelp(f"{section}.{name}", default, info.description or "")


def load_settings(path: Path | None, overrides: Mapping[str, Any]) -> SilverSettings:
    """Load the settings of a run.

    path (Path | None): A .cfg or .json file; None for the defaults.
    overrides (Mapping[str, Any]): Values by dotted name, such as {"server.timeout": 30}. They
        replace those of the file.
    RETURNS (SilverSettings): The settings, checked.
    RAISES (ValueError): If the file cannot be read, a name is unknown, or a value is not allowed.
    """
    values = {**(_read_file(path) if path is not None else {}), **overrides}
    check_names(values, [setting.name for setting in list_settings()], COMMAND)
    groups: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for name, value in values.items():
        section, _, key = name.partition(".")
        groups[section][key] = value
    try:
        return TypeAdapter(SilverSettings).validate_python(groups)
    except ValidationError as error:
        raise _setting_error(error) from error


def _read_file(path: Path) -> dict[str, Any]:
    """Return the values of a file by dotted name.

    RAISES (ValueError): If there is no such file, or it is no config.
    """
    if not path.is_file():
        raise ValueError(Errors.E050.format(path=path))
    try:
        is_json = path.suffix == ".json"
        sections = parse_json_object(read_text(path)) if is_json else Config().from_disk(path)
        return {
            f"{section}.{key}": value
            for section, values in sections.items()
            for key, value in values.items()
        }
    except (ValueError, AttributeError, configparser.Error) as error:
        raise ValueError(Errors.E128.format(path=path, error=shorten(error, 300))) from error


def _setting_error(error: ValidationError) -> ValueError:
    """Return the first problem that pydantic found, as one of our messages."""
    problem = error.errors()[0]
    name = ".".join(map(str, problem["loc"][:2]))
    allowed = problem["msg"].removeprefix("Input should be ").removeprefix("String should have ")
    found = shorten(problem["input"])
    return ValueError(Errors.E030.format(name=name, allowed=allowed, found=found))
