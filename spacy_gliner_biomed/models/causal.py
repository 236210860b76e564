"""Loads causal language models of transformers: folders, Hugging Face names, and GGUF files."""

from pathlib import Path
from typing import Any

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.common.reporting import has_code
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.nn.remote_code import NO_CODE, refuse_code

GGUF = ".gguf"
# What transformers and gguf raise for damaged or unsupported files.
BROKEN = (OSError, ValueError, RuntimeError, KeyError, IndexError, TypeError)


def load_causal_model(name: str, device: str) -> tuple[Any, Any]:
    """Load a causal language model and its tokenizer; no code of the model is run.

    The weights keep the type in which they are stored; those of a GGUF file become float32.

    name (str): Folder or Hugging Face name, with weights as safetensors, or a local GGUF file.
    device (str): Device, as torch names it.
    RETURNS (tuple[Any, Any]): The tokenizer, and the model, ready to evaluate.
    RAISES (ValueError): If the model cannot be found or read.
    RAISES (ImportError): If a GGUF file needs the package gguf.
    """
    try:
        load = _load_gguf if is_gguf(name) else _load_folder
        tokenizer, model = load(name)
        return tokenizer, model.to(device).eval()
    except BROKEN as error:
        if has_code(error):
            raise
        refuse_code(error, f"The language model {name!r}")
        shown = str(error).rstrip(".") or type(error).__name__
        raise ValueError(Errors.E111.format(name=name, error=f"{shown}.")) from error


def is_gguf(name: str) -> bool:
    """Return whether a name is that of a GGUF file, by its ending."""
    return name.lower().endswith(GGUF)


def _load_folder(name: str) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(name, **NO_CODE)
    options: dict[str, Any] = {"use_safetensors": True, "dtype": "auto", **NO_CODE}
    return tokenizer, AutoModelForCausalLM.from_pretrained(name, **options)


def _load_gguf(name: str) -> tuple[Any, Any]:
    path = Path(name)
    if not path.is_file():
        raise ValueError(Errors.E340.format(path=path))
    import_optional("gguf", "A GGUF file", extra="gguf")
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    folder = str(path.parent)
    options: dict[str, Any] = {"gguf_file": path.name, **NO_CODE}
    config = AutoConfig.from_pretrained(folder, **options)
    # not by AutoTokenizer, which reads the whole file once more
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, **options)
    _correct(tokenizer, config.eos_token_id)
    options |= {"config": config, "dtype": "float32"}
    return tokenizer, AutoModelForCausalLM.from_pretrained(folder, **options)


def _correct(tokenizer: Any, eos_token_id: int | None) -> None:
    """Correct what transformers (5.16) converts wrongly for models of the Llama kind.

    tokenizer (Any): The tokenizer of a GGUF file.
    eos_token_id (int | None): The token that ends a text, as the file says.
    """
    from tokenizers import decoders, pre_tokenizers

    if isinstance(eos_token_id, int):  # transformers takes the token that begins a text
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(eos_token_id)
    tokenizer.clean_up_tokenization_spaces = False  # it would remove spaces before punctuation
    backend = tokenizer.backend_tokenizer
    if isinstance(backend.pre_tokenizer, pre_tokenizers.ByteLevel):
        # The converted decoders make llguidance take the letter that stands for a space literally.
        backend.decoder = decoders.ByteLevel()
