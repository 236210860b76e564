"""`python -m spacy gliner serve`: an HTTP service, and a page to try it."""

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from spacy_gliner_biomed.cli.app import gliner_cli, reported
from spacy_gliner_biomed.cli.pipeline_options import LangOption, RevisionOption
from spacy_gliner_biomed.cli.relation_option import RelationsOption
from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.common.terminal import echo
from spacy_gliner_biomed.errors import Warnings

Option = typer.Option


@gliner_cli.command("serve")
def serve_cli(
    pipeline: Annotated[
        str | None,
        Option("--pipeline", "-p", help="A saved spaCy pipeline; default: the packaged model."),
    ] = None,
    checkpoint: Annotated[
        str | None, Option(help="Folder or Hugging Face name, instead of --pipeline.")
    ] = None,
    revision: RevisionOption = None,
    lang: LangOption = "en",
    host: Annotated[str, Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    labels: Annotated[
        list[str] | None,
        Option(
            "--labels",
            "-l",
            help="Default labels: separated by commas or repeated, or a JSON list.",
        ),
    ] = None,
    relations: RelationsOption = None,
    threshold: Annotated[float | None, Option(help="Default minimum score, 0 to 1.")] = None,
    max_characters: Annotated[int, Option(min=1, help="Maximum characters of a text.")] = 100_000,
    max_texts: Annotated[int, Option(min=1, help="Maximum texts of a request.")] = 256,
    max_labels: Annotated[int, Option(min=1, help="Maximum labels of a request.")] = 200,
    max_bytes: Annotated[
        int, Option(min=1, help="Maximum bytes of a request body, or of a line of a stream.")
    ] = 16 * 2**20,
    timeout: Annotated[
        float, Option(min=0.001, help="Seconds for a body to arrive, and for the answer to follow.")
    ] = 60.0,
    queue: Annotated[
        int, Option(min=1, help="Documents that may wait; further requests get status 503.")
    ] = 512,
    batch_size: Annotated[int, Option(min=1, help="Maximum documents per batch.")] = 64,
    batch_wait: Annotated[
        float, Option(min=0, help="Milliseconds that a document waits for others.")
    ] = 5.0,
    token_file: Annotated[
        Path | None, Option(help="File with a token that clients have to send.")
    ] = None,
    device: Annotated[str | None, Option(help="cpu, cuda, cuda:1, mps.")] = None,
    precision: Annotated[str | None, Option(help="auto, float32, bfloat16 or float16.")] = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Do not log each request.")] = False,
) -> None:
    """Serve entities over HTTP, and a page to try it in the browser.

    POST /annotate, POST /annotate/stream, GET /labels, /labels/lookup, /health, /ready, /metrics
    and /openapi.json; the page is at /. Requests with the same labels and settings share batches.
    Texts are never logged. On SIGTERM, the server answers the requests that it has accepted, then
    ends.

    Example: python -m spacy gliner serve --labels "disease,drug" --port 8080
    """
    with reported():
        _import_packages()
        from spacy_gliner_biomed.documents.pipelines import (
            configure,
            get_pipeline,
            parse_relations,
        )
        from spacy_gliner_biomed.service.annotator import Annotator
        from spacy_gliner_biomed.service.limits import Limits
        from spacy_gliner_biomed.service.server import open_socket, read_token, run_server
        from spacy_gliner_biomed.service.service import Service

        token = None if token_file is None else read_token(token_file)
        listening = open_socket(host, port)
        nlp = get_pipeline(pipeline, lang=lang, checkpoint=checkpoint, revision=revision)
        settings: dict[str, Any] = {"threshold": threshold, "device": device}
        settings |= {"precision": precision, "relations": parse_relations(relations)}
        configure(nlp, {"labels": _default_labels(nlp, labels), **settings})
        limits = Limits(
            max_characters=max_characters,
            max_texts=max_texts,
            max_labels=max_labels,
            max_bytes=max_bytes,
            timeout=timeout,
            queue=queue,
            batch_documents=batch_size,
            batch_wait=batch_wait / 1000,
        )
        source: Any = "pipeline" if pipeline else "checkpoint" if checkpoint else "packaged"
        name = Path(pipeline or checkpoint or "packaged").name
        service = Service(Annotator(nlp), limits, source, name)
        _report_address(listening, token)
        # Clients get these warnings in their answers; the log must not hold the labels they send.
        warnings.filterwarnings("ignore", message=r"\[GB-W(180|282|390)\]")
        run_server(service, listening, token=token, quiet=quiet)


def _import_packages() -> None:
    """RAISES (ImportError): If a package of the extra is missing."""
    for package in ("fastapi", "uvicorn", "prometheus_client"):
        import_optional(package, "spacy gliner serve", extra="serve")


def _default_labels(nlp: Any, option: list[str] | None) -> Any:
    """Return the labels of the option, or of the pipeline, or those of `add_pipe`."""
    from spacy_gliner_biomed.documents.pipelines import find_component, parse_labels
    from spacy_gliner_biomed.pipeline.labels import DEFAULT_LABELS

    return parse_labels(option) or find_component(nlp).cfg["labels"] or DEFAULT_LABELS


def _report_address(listening: Any, token: str | None) -> None:
    """Print the address; warn if it is open to everybody."""
    from spacy_gliner_biomed.service.server import is_loopback, url_of

    if token is None and not is_loopback(listening):
        host = listening.getsockname()[0]
        echo(Warnings.W240.format(host=host), color=typer.colors.YELLOW)
    echo(f"Serving on {url_of(listening)} (Ctrl+C ends it)")
