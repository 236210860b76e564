"""`python -m spacy gliner annotate-llm`: silver annotations by a large language model."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.errors import Errors

if TYPE_CHECKING:
    from spacy_gliner_biomed.silver.llm_prompts import PromptBuilder
    from spacy_gliner_biomed.silver.quotes import CharSpan
    from spacy_gliner_biomed.silver.run_counts import RunCounts
    from spacy_gliner_biomed.silver.text_annotator import LanguageModel

Option = typer.Option
INCOMPLETE = 3  # exit status: the run is done, and some documents failed


@gliner_cli.command("annotate-llm", no_args_is_help=True)
def annotate_llm_cli(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Files .txt (a document each), .jsonl, .spacy, or folders of these."),
    ],
    output: Annotated[
        Path, Option("--output", "-o", help="A file .spacy, or .jsonl, which needs no memory.")
    ],
    url: Annotated[
        str | None, Option(help="Of an OpenAI-compatible server: http://127.0.0.1:8000/v1")
    ] = None,
    model: Annotated[str, Option(help="The model's name on the server.")] = "",
    local: Annotated[
        str | None, Option(help="Instead: folder or Hugging Face name of a causal model.")
    ] = None,
    device: Annotated[str, Option(help="Of a local model: cpu, cuda, cuda:1, mps.")] = "cpu",
    types: Annotated[
        str | None, Option("--types", "-t", help="Words separated by commas; default: free.")
    ] = None,
    synonyms: Annotated[
        Path | None, Option(help='JSON: {"disease": ["disorder", "illness"], ...}')
    ] = None,
    examples: Annotated[
        Path | None, Option(help="Worked examples, JSON lines; default: four, for free types.")
    ] = None,
    relations: Annotated[bool, Option(help="Ask for relations, too.")] = True,
    candidates: Annotated[
        str | None, Option(help="A spaCy pipeline with a parser; its noun phrases are offered.")
    ] = None,
    similarity: Annotated[
        float, Option(min=0.5, max=1, help="Least similarity of a quote; 1: no changed letters.")
    ] = 0.9,
    max_characters: Annotated[
        int, Option(min=200, help="A longer text is cut at sentence ends.")
    ] = 4000,
    max_tokens: Annotated[int, Option(min=1, help="Of an answer.")] = 2048,
    bounded: Annotated[
        bool, Option(help="Bound lengths in the schema, which some servers do not take.")
    ] = True,
    constraint: Annotated[
        str, Option(help="json_schema, json_object or none: what the server is asked to keep to.")
    ] = "json_schema",
    body: Annotated[
        str, Option(help='More fields of each request, as JSON; null removes one: {"seed": null}')
    ] = "{}",
    api_key_env: Annotated[
        str, Option(help="The environment variable that holds the key, if there is one.")
    ] = "OPENAI_API_KEY",
    workers: Annotated[int, Option(min=1, help="Requests in flight.")] = 4,
    requests_per_minute: Annotated[float | None, Option(min=0.001)] = None,
    tokens_per_minute: Annotated[float | None, Option(min=1)] = None,
    timeout: Annotated[float, Option(min=0.01, help="Seconds for one answer.")] = 120,
    retries: Annotated[int, Option(min=0, help="Further tries where a fault may pass.")] = 5,
    backoff: Annotated[
        float, Option(min=0, help="Seconds before the first retry; doubled each time.")
    ] = 1.0,
    attempts: Annotated[
        int, Option(min=1, help="How often a text with malformed answers is asked for.")
    ] = 2,
    patience: Annotated[
        int, Option(min=1, help="The run stops if the server fails so many documents in a row.")
    ] = 20,
    price_prompt: Annotated[float | None, Option(min=0, help="Of a million tokens.")] = None,
    price_completion: Annotated[float | None, Option(min=0, help="Of a million tokens.")] = None,
    cache: Annotated[
        Path | None, Option(help="File of paid answers; default: OUTPUT.cache.")
    ] = None,
    failures: Annotated[
        Path | None, Option(help="Documents that failed; default: OUTPUT.failures.jsonl.")
    ] = None,
    report: Annotated[Path | None, Option(help="JSON file for the counts.")] = None,
    spans_key: Annotated[str, Option(help="The group in doc.spans.")] = "sc",
    lang: Annotated[str, Option(help="Language of the tokenizer.")] = "en",
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress bar, no summary.")] = False,
) -> None:
    """Let a large language model mark entities, as training data for a small one.

    Every quote is verified in the text; what does not stand there is counted and not written.
    Kill the run at any moment and run the same command again: answers are kept in the cache.
    The exit status is 3 if documents failed, 1 if the run did.
    """
    from spacy_gliner_biomed.cli.silver_run import Places, annotate_files
    from spacy_gliner_biomed.silver.quotes import check_similarity
    from spacy_gliner_biomed.silver.run_counts import RunCounts
    from spacy_gliner_biomed.silver.run_report import Prices

    with reported():
        places = Places.beside(output, cache, failures, report)
        check_similarity(similarity)
        counts, stopped = RunCounts(), Event()
        access = {
            "url": url or "",
            "key": os.environ.get(api_key_env, ""),
            "constraint": constraint,
            "body": _parse_body(body),
            "timeout": timeout,
            "retries": retries,
            "backoff": backoff,
            "requests_per_minute": requests_per_minute,
            "tokens_per_minute": tokens_per_minute,
        }
        prompt, names = make_prompt(
            types, synonyms, examples, relations=relations, bounded=bounded, max_tokens=max_tokens
        )
        settings = {
            "prompt": prompt,
            "names": names,
            "counts": counts,
            "most": max_characters,
            "similarity": similarity,
            "attempts": attempts,
        }
        counts = annotate_files(
            inputs,
            places,
            lambda: make_model(model, local, device, access, counts, stopped),
            settings,
            stopped=stopped,
            find=_make_finder(candidates),
            workers=1 if local else workers,
            patience=patience,
            prices=Prices(price_prompt, price_completion),
            spans_key=spans_key,
            lang=lang,
            quiet=quiet,
        )
    if counts["failed"]:
        raise typer.Exit(INCOMPLETE)


def make_prompt(
    types: str | None,
    synonyms: Path | None,
    examples: Path | None,
    *,
    relations: bool,
    bounded: bool,
    max_tokens: int,
) -> tuple["PromptBuilder", Any]:
    """The prompt, and how types are written.

    RAISES (ValueError): If types, synonyms or examples cannot be read.
    """
    from spacy_gliner_biomed.silver.llm_prompts import PromptBuilder
    from spacy_gliner_biomed.silver.type_names import TypeNames, read_synonyms
    from spacy_gliner_biomed.silver.worked_examples import EXAMPLES, read_examples

    allowed = [name.strip() for name in (types or "").split(",") if name.strip()]
    if types is not None and not allowed:
        raise ValueError(Errors.E054)
    names = TypeNames(allowed, read_synonyms(synonyms) if synonyms else None)
    shown = read_examples(examples) if examples else () if allowed else EXAMPLES
    prompt = PromptBuilder(names.allowed, shown, relations, bounded, max_tokens)
    return prompt, names


def make_model(
    name: str,
    local: str | None,
    device: str,
    access: dict[str, Any],
    counts: "RunCounts",
    stopped: Event,
) -> "LanguageModel":
    """The language model that is asked.

    name (str): On the server.
    local (str | None): Or in this process, on the device.
    access (dict[str, Any]): See `Access`.
    RAISES (ValueError): If not exactly one is named, or access to it is not possible.
    """
    from spacy_gliner_biomed.silver.chat_server import CONSTRAINTS, Access, ChatServer
    from spacy_gliner_biomed.silver.local_model import LocalModel

    url, constraint = access["url"], access["constraint"]
    if constraint not in CONSTRAINTS:
        allowed = "one of " + ", ".join(CONSTRAINTS)
        raise ValueError(Errors.E030.format(name="constraint", allowed=allowed, found=constraint))
    if url and local:
        raise ValueError(Errors.E126.format(found="--url and --local are both given"))
    if local:
        return LocalModel(local, device, counts)
    if not (url and name):
        missing = "--model" if url else "--url" if name else "no language model"
        raise ValueError(Errors.E126.format(found=f"{missing} is not given"))
    if not url.startswith(("http://", "https://")):
        allowed = "an address that begins with http:// or https://"
        raise ValueError(Errors.E030.format(name="url", allowed=allowed, found=url))
    return ChatServer(name, Access(**access), counts, stopped)


def _make_finder(pipeline: str | None) -> Callable[[str], Sequence["CharSpan"]]:
    if pipeline is None:
        return lambda text: ()
    from spacy_gliner_biomed.silver.noun_phrases import make_candidates

    return make_candidates(pipeline)


def _parse_body(body: str) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError as error:
        fields = error
    if not isinstance(fields, dict):
        raise ValueError(Errors.E030.format(name="body", allowed="a JSON object", found=body))
    return fields
