"""Scores difficulty for a causal language model that writes entities as JSON (BioSelectTune).

A document is an instruction with its labels and text, and the answer is a JSON list of
{"entity": label, "name": mention} in the order of the text. Difficulty is the perplexity of the
answer after the instruction over that of the answer alone (Superfiltering, arXiv 2402.00530).
"""

from collections.abc import Iterable, Iterator
from typing import Any

from spacy_gliner_biomed.curation.difficulty import NO_HELP, preference
from spacy_gliner_biomed.curation.selection import Score, Scorer
from spacy_gliner_biomed.models.causal import load_causal_model
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.exchange import entities_as_json, instruction_of

FORM = "{instruction}\n\nText: {text}\n\nAnswer: "
TOO_LONG = "not scored: longer than the language model reads"


def make_language_model_difficulty(
    model: str, device: str | None = None, form: str = FORM, prefer: str = "difficult"
) -> Scorer:
    """Return a scorer by difficulty for a causal language model of transformers:
    `spacy-gliner-biomed.LanguageModelDifficulty.v1`. Documents with a difficulty of 1 or
    more are dropped.

    model (str): Folder or Hugging Face name of the model, with weights as safetensors, or a local
        GGUF file (extra `gguf`).
    device (str | None): Device, as torch names it; None for the CPU.
    form (str): The text before the answer, with {instruction} and {text}.
    prefer (str): "difficult" keeps difficult documents first, as the papers do; "easy" keeps
        those first whose answer the model expects, to leave out noise.
    RETURNS (Scorer): The scorer. It raises ValueError if the model cannot be loaded.
    RAISES (ValueError): If `prefer` is neither.
    """
    sign = preference(prefer)

    def score(texts: Iterable[AnnotatedText]) -> Iterator[Score]:
        answers = _AnswerScorer(model, device or "cpu")
        for text in texts:
            before = form.format(instruction=instruction_of(text), text=text.text)
            difficulty = answers.difficulty(before, entities_as_json(text))
            if difficulty is None:
                yield Score(-1.0, TOO_LONG)
            else:
                yield Score(sign * difficulty, NO_HELP if difficulty >= 1 else "")

    return score


class _AnswerScorer:
    """Computes how surprising an answer is for a causal language model."""

    def __init__(self, name: str, device: str) -> None:
        self.tokenizer, self.model = load_causal_model(name, device)
        self.max_length = getattr(self.model.config, "max_position_embeddings", None)

    def difficulty(self, instruction: str, answer: str) -> float | None:
        """Return the perplexity of an answer after its instruction over that of the answer alone.

        instruction (str): The text before the answer.
        answer (str): The answer.
        RETURNS (float | None): The ratio; None if the model cannot read so many tokens.
        """
        import torch

        before = self.tokenizer(instruction).input_ids
        ids = self.tokenizer(answer, add_special_tokens=False).input_ids
        if self.max_length is not None and len(before) + len(ids) > self.max_length:
            return None
        with torch.inference_mode():
            after, alone = self._surprise(before, ids), self._surprise([], ids)
        return float(torch.exp(after - alone))

    def _surprise(self, before: list[int], ids: list[int]) -> Any:
        """Return the mean negative log-likelihood of the answer's tokens. The first token is left
        out: without an instruction, nothing predicts it.
        """
        import torch

        tokens = torch.tensor([[*before, *ids]], device=self.model.device)
        logits = self.model(tokens).logits[0, len(before) : -1].float()
        return torch.nn.functional.cross_entropy(logits, tokens[0, len(before) + 1 :])
