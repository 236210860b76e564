"""Runs a causal language model of transformers in this process, one text at a time.

llguidance allows only tokens that continue an answer that follows the schema.
"""

from pathlib import Path
from threading import Lock
from typing import Any

from spacy_gliner_biomed.common.optional import import_optional
from spacy_gliner_biomed.errors import Errors
from spacy_gliner_biomed.models.causal import load_causal_model
from spacy_gliner_biomed.silver.answers import Schema
from spacy_gliner_biomed.silver.failures import TOO_LONG, Failure
from spacy_gliner_biomed.silver.llm_prompts import LlmRequest, Messages
from spacy_gliner_biomed.silver.reply_cache import Reply
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_settings import LocalSettings


class LocalModel:
    """A language model in this process.

    settings (LocalSettings): The model, with weights as safetensors or as a GGUF file, and its
        device.
    counts (RunCounts): Counts requests.
    RAISES (ValueError): If there is no such model, or its tokenizer cannot be used.
    RAISES (ImportError): If llguidance is not installed, or gguf for a GGUF file.
    """

    def __init__(self, settings: LocalSettings, counts: RunCounts) -> None:
        what = "A model in this process (--local)"
        name = settings.model
        self.grammar = import_optional("llguidance", what, extra="llm").LLMatcher
        from_tokenizer = import_optional("llguidance.hf", what, extra="llm").from_tokenizer
        self.counts = counts
        self.name = name
        self.identity = name + _version(Path(name))
        self.tokenizer, self.model = load_causal_model(name, settings.device)
        try:
            if self.tokenizer.eos_token_id is None:
                raise ValueError("its tokenizer has no token for the end of a text")
            size = self.model.config.vocab_size
            self.vocabulary = from_tokenizer(self.tokenizer, n_vocab=size)
        except (ValueError, RuntimeError) as error:
            raise ValueError(Errors.E111.format(name=name, error=f"{error}.")) from error
        self.max_length = getattr(self.model.config, "max_position_embeddings", None)
        self._lock = Lock()

    def ask(self, request: LlmRequest) -> Reply:
        """Answer a request.

        request (LlmRequest): The request.
        RETURNS (Reply): The model's answer.
        RAISES (Failure): If the request leaves no room for an answer.
        """
        with self._lock:
            return self._generate(request)

    def close(self) -> None:
        """Do nothing: the model is freed with this object."""

    def _generate(self, request: LlmRequest) -> Reply:
        import torch

        ids = torch.tensor([self._encode(request.messages)], device=self.model.device)
        length = ids.size(1)
        room = request.max_tokens if self.max_length is None else self.max_length - length
        if room < min(request.max_tokens, 32):
            reason = (
                f"task, examples and text have {length} tokens; the model reads {self.max_length}"
            )
            raise Failure(TOO_LONG, reason)
        self.counts.add("requests:sent")
        sampling: dict[str, Any] = {"do_sample": request.temperature > 0}
        if request.temperature > 0:
            sampling["temperature"] = request.temperature
            torch.manual_seed(request.seed)
        with torch.inference_mode():
            output = self.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=min(room, request.max_tokens),
                pad_token_id=self.tokenizer.eos_token_id,
                logits_processor=[self._constrain(request.schema, length)],
                **sampling,
            )
        made = output[0, length:].tolist()
        complete = made[-1] == self.vocabulary.eos_token
        content = self.tokenizer.decode(made, skip_special_tokens=True)
        return Reply(content, complete, length, len(made))

    def _encode(self, messages: Messages) -> list[int]:
        if self.tokenizer.chat_template:
            prompt = self.tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
            ids = self.tokenizer(prompt, add_special_tokens=False).input_ids
        else:
            turns = [f"{message['role'].title()}: {message['content']}" for message in messages]
            ids = self.tokenizer("\n\n".join([*turns, "Assistant: "])).input_ids
        return list(ids)

    def _constrain(self, schema: Schema, length: int) -> "_Constraint":
        # Flexible white space would let a model write for ever without coming to an end.
        options = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
        grammar = self.grammar.grammar_from_json_schema(schema, overrides=options)
        matcher = self.grammar(self.vocabulary, grammar)
        if matcher.is_error():
            raise ValueError(Errors.E111.format(name=self.name, error=matcher.get_error() + "."))
        return _Constraint(matcher, length)


class _Constraint:
    """Forbids all tokens that cannot continue an answer. Each answer needs its own.

    matcher (LLMatcher): llguidance's matcher for the schema.
    length (int): Number of tokens before the answer.
    """

    def __init__(self, matcher: Any, length: int) -> None:
        self.matcher = matcher
        self.length = length

    def __call__(self, ids: Any, scores: Any) -> Any:
        """Set the logits of forbidden tokens to minus infinity.

        ids (LongTensor): All tokens so far. # (1, S)
        scores (FloatTensor): Logits of the next token, V in the vocabulary. # (1, V)
        RETURNS (FloatTensor): The constrained logits. # (1, V)
        """
        import numpy as np
        import torch

        if ids.size(1) > self.length:
            self.matcher.consume_token(int(ids[0, -1]))
        mask = np.frombuffer(self.matcher.compute_bitmask(), dtype=np.uint8)
        allowed = np.unpackbits(mask, bitorder="little", count=scores.size(1)).astype(bool)
        forbidden = torch.from_numpy(~allowed).to(scores.device)
        return scores.masked_fill(forbidden, float("-inf"))


def _version(path: Path) -> str:
    """Tell weights in a folder or file from earlier ones, so that the cache does not mix them."""
    files = [path] if path.is_file() else path.glob("*.safetensors")
    times = [file.stat().st_mtime_ns for file in files]
    return f"@{max(times)}" if times else ""
