"""Makes what a run asks: the language model and its prompt, from the settings."""

from threading import Event

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.silver.llm_prompts import PromptBuilder
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_settings import PromptSettings, ServerSettings, SilverSettings
from spacy_gliner_biomed.silver.text_annotator import LanguageModel
from spacy_gliner_biomed.silver.type_names import TypeNames, read_synonyms
from spacy_gliner_biomed.silver.worked_examples import EXAMPLES, read_examples


def make_prompt(settings: PromptSettings) -> tuple[PromptBuilder, TypeNames]:
    """Make the prompt, and the mapping of types.

    settings (PromptSettings): What to ask for.
    RETURNS (tuple[PromptBuilder, TypeNames]): The prompt, and how types are written.
    RAISES (ValueError): If synonyms or examples cannot be read.
    """
    synonyms = read_synonyms(settings.synonyms) if settings.synonyms else None
    names = TypeNames(settings.types, synonyms)
    if settings.examples:
        examples = read_examples(settings.examples)
    else:
        examples = [] if names.allowed else list(EXAMPLES)
    prompt = PromptBuilder(
        names.allowed, examples, settings.relations, settings.bounded, settings.max_tokens
    )
    return prompt, names


def make_language_model(
    settings: SilverSettings, counts: RunCounts, stopped: Event
) -> LanguageModel:
    """Make the language model that a run asks.

    settings (SilverSettings): `server` and `local` are used; exactly one must name a model.
    counts (RunCounts): Counts requests and faults.
    stopped (Event): Ends waiting for a server when it is set.
    RETURNS (LanguageModel): The model.
    RAISES (ValueError): If not exactly one model is named, or it cannot be used.
    RAISES (ImportError): If a package of the extra `llm` is needed and not installed.
    """
    server, local = settings.server, settings.local
    if server.url and local.model:
        raise ValueError(Errors.E126.format(found="--url and --local are both given"))
    if local.model:
        from spacy_gliner_biomed.silver.local_model import LocalModel

        return LocalModel(local, counts)
    _check_server(server)
    for package in ("httpx", "tenacity"):
        import_optional(package, "Asking a server (--url)", extra="llm")
    from spacy_gliner_biomed.silver.chat_server import ChatServer

    return ChatServer(server, counts, stopped)


def _check_server(server: ServerSettings) -> None:
    """RAISES (ValueError): If the settings do not name a model on a server."""
    if not (server.url and server.model):
        missing = "--model" if server.url else "--url" if server.model else "A language model"
        raise ValueError(Errors.E126.format(found=f"{missing} is not given"))
    if not server.url.startswith(("http://", "https://")):
        allowed = "an address that begins with http:// or https://"
        raise ValueError(Errors.E030.format(name="url", allowed=allowed, found=server.url))
