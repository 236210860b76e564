"""Find a checkpoint in the package, in a folder, or on the Hugging Face hub."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_gliner_biomed.common.json_files import read_json_object
from spacy_gliner_biomed.common.reporting import list_names, shorten
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.nn.checkpoint_tensors import PICKLE_NAME, SAFETENSORS_NAME
from spacy_gliner_biomed.nn.remote_code import refuse_code

CONFIG_NAME = "gliner_config.json"
TOKENIZER_NAME = "tokenizer.json"
TOKENIZER_CONFIG_NAME = "tokenizer_config.json"
LABEL_TOKENIZER_FOLDER = "labels_tokenizer"  # since GLiNER 0.2.29
# Holds values for which GLiNER's files have no key. Only this package writes it.
EXTRAS_NAME = "spacy_gliner_biomed.json"
# The labels that a checkpoint was trained with, see `models.catalogue`.
LABELS_NAME = "labels.json"

# All files that a saved checkpoint can have.
SAVED_FILES = (
    CONFIG_NAME,
    SAFETENSORS_NAME,
    EXTRAS_NAME,
    LABELS_NAME,
    TOKENIZER_NAME,
    TOKENIZER_CONFIG_NAME,
    f"{LABEL_TOKENIZER_FOLDER}/{TOKENIZER_NAME}",
    f"{LABEL_TOKENIZER_FOLDER}/{TOKENIZER_CONFIG_NAME}",
)

PACKAGED = "packaged"
PACKAGED_FOLDER = Path(__file__).parent.parent / "packaged"

# GLiNER2's config, by which its checkpoints are known.
OTHER_CONFIG_NAME = "config.json"
GLINER2_TYPE = "extractor"

# All files besides the weights, for any type of tokenizer.
SMALL_FILES = (
    CONFIG_NAME,
    OTHER_CONFIG_NAME,
    EXTRAS_NAME,
    LABELS_NAME,
    TOKENIZER_NAME,
    TOKENIZER_CONFIG_NAME,
    "special_tokens_map.json",
    "added_tokens.json",
    "spm.model",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    f"{LABEL_TOKENIZER_FOLDER}/*",
)


def find_checkpoint(checkpoint: str, revision: str | None) -> Path:
    """Return the local folder of a checkpoint; download it if it is the name of a repository.

    checkpoint (str): "packaged", a folder, or a Hugging Face repository name.
    revision (str | None): Commit, branch or tag of the repository.
    RETURNS (Path): A folder with a `gliner_config.json`.
    RAISES (ValueError): If there is none.
    """
    if checkpoint == PACKAGED:
        folder = PACKAGED_FOLDER
        if not (folder / CONFIG_NAME).exists():
            raise ValueError(Errors.E019.format(folder=folder))
        return folder
    folder = Path(checkpoint).expanduser()
    if not folder.is_dir():
        folder = _download(checkpoint, revision)
    if not (folder / CONFIG_NAME).exists():
        raise _other_format(folder)
    return folder


def _other_format(folder: Path) -> ValueError:
    """Return the error for a folder that has no GLiNER checkpoint."""
    if (folder / OTHER_CONFIG_NAME).exists():
        values = read_json_object(folder / OTHER_CONFIG_NAME, Errors.E016)
        if values.get("model_type") == GLINER2_TYPE:
            architecture = shorten(values.get("architecture") or "span")
            return ValueError(Errors.E261.format(folder=folder, found=architecture))
    found = list_names(entry.name for entry in folder.iterdir())
    return ValueError(Errors.E015.format(folder=folder, found=found))


def _download(name: str, revision: str | None) -> Path:
    """Get config, tokenizer and one file of weights from the hub or from its cache."""
    from huggingface_hub import snapshot_download

    def fetch(*names: str) -> Path:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(names)))

    with hub_errors(name, f"The checkpoint {name!r}"):
        folder = fetch(*SMALL_FILES)
        for weights in (SAFETENSORS_NAME, PICKLE_NAME):
            # Do not download the weights of a repository in another format.
            if (folder / CONFIG_NAME).exists() and not (folder / SAFETENSORS_NAME).exists():
                folder = fetch(weights)
    return folder


@contextmanager
def hub_errors(name: str, what: str) -> Iterator[None]:
    """Turn any error of the hub's client into one message with advice.

    name (str): Repository or folder.
    what (str): The object to load, as the subject of the message.
    RAISES (ValueError): For any exception inside.
    """
    try:
        yield
    except Exception as error:  # the exception depends on the version of the hub's client
        refuse_code(error, what)
        reason = shorten(error) or type(error).__name__
        message = Errors.E017.format(what=what, error=reason, name=name, cwd=Path.cwd())
        raise ValueError(message) from error
