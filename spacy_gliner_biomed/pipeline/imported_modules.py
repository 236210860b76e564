"""Import the packages whose components a config uses, if they declare no entry points."""

from collections.abc import Callable, Sequence
from importlib import import_module

from spacy.language import Language

from spacy_gliner_biomed.errors import Errors


def make_import_modules(modules: Sequence[str]) -> Callable[[type[Language]], type[Language]]:
    """Make a callback for `[nlp.before_creation]` that imports modules, so that their components
    are registered. negspaCy and medspaCy need it: with it, a saved pipeline loads everywhere.

    Registered as `spacy-gliner-biomed.import_modules.v1`.

    modules (Sequence[str]): Modules, such as "negspacy.negation".
    RETURNS (Callable): The callback.
    RAISES (ImportError): When a pipeline is made, if a package is not installed.
    """

    def import_modules(lang_cls: type[Language]) -> type[Language]:
        for module in modules:
            try:
                import_module(module)
            except ImportError as error:
                package = module.partition(".")[0]
                message = Errors.E226.format(module=module, package=package, error=error)
                raise ImportError(message) from error
        return lang_cls

    return import_modules
