"""From a text to its entities: asks for each piece, reads the answers, verifies every quote."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from spacy_gliner_biomed.silver.answers import Answer, AnswerEntity, read_answer
from spacy_gliner_biomed.silver.failures import MALFORMED, TOO_LONG, Failure
from spacy_gliner_biomed.silver.llm_prompts import LlmRequest, PromptBuilder
from spacy_gliner_biomed.silver.quotes import CharSpan, QuotedText
from spacy_gliner_biomed.silver.reply_cache import Reply, ReplyCache, key_of
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.text_pieces import SHORTEST, cut, halve
from spacy_gliner_biomed.silver.type_names import TypeNames

Entity = tuple[int, int, str]


class LanguageModel(Protocol):
    """Whatever answers requests, from several threads.

    name (str): For people.
    identity (str): All that decides its answers besides the request.
    """

    name: str
    identity: str

    def ask(self, request: LlmRequest) -> Reply:
        """Answer a request.

        RAISES (Failure): If it cannot be answered.
        RAISES (ValueError): If no request can be.
        """


@dataclass
class Annotation:
    """What was found in a text.

    entities (dict[Entity, None]): Start, end and type; each once, in the order of the answers.
    relations (list[dict[str, Any]]): {"type", "head", "tail"}, these as {"text", "label",
        "spans"}.
    counts (Counter[str]): Names as in `RunCounts`.
    """

    entities: dict[Entity, None] = field(default_factory=dict)
    relations: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class TextAnnotator:
    """Finds entities in texts; safe to use from several threads.

    model (LanguageModel): Asked.
    cache (ReplyCache): Asked before it.
    prompt (PromptBuilder): Makes the requests.
    names (TypeNames): Says how types are written.
    counts (RunCounts): Counts replies and their tokens, whatever becomes of them.
    most (int): Characters of a piece.
    similarity (float): See `QuotedText`.
    attempts (int): How often a piece is asked for whose answers make no sense.
    """

    model: LanguageModel
    cache: ReplyCache
    prompt: PromptBuilder
    names: TypeNames
    counts: RunCounts
    most: int = 4000
    similarity: float = 0.9
    attempts: int = 2
    _asked: dict[str, Lock] = field(default_factory=dict)
    _guard: Any = field(default_factory=Lock)

    def annotate(self, text: str, candidates: Sequence[CharSpan] = ()) -> Annotation:
        """Annotate a text of any length.

        candidates (Sequence[CharSpan]): Places that are offered to the model as entities.
        RAISES (Failure): If a part of the text cannot be annotated.
        RAISES (ValueError): If no text can be.
        """
        found = Annotation()
        pieces = list(cut(text, self.most))
        found.counts["texts:cut"] += len(pieces) > 1
        for start, end in pieces:
            self._annotate_piece(text, start, end, candidates, found)
        return found

    def _annotate_piece(
        self, text: str, start: int, end: int, candidates: Sequence[CharSpan], found: Annotation
    ) -> None:
        """Annotate a piece; if it is too long, or its answer would be, its halves."""
        piece = text[start:end]
        phrases = [text[a:b] for a, b in candidates if start <= a and b <= end]
        try:
            answer = self._ask(piece, list(dict.fromkeys(phrases)))
        except Failure as failure:
            if failure.kind != TOO_LONG or len(piece) < SHORTEST:
                raise
        else:
            self._add(piece, start, answer, found)
            return
        found.counts["pieces:halved"] += 1
        for first, last in halve(piece):
            self._annotate_piece(text, start + first, start + last, candidates, found)

    def _ask(self, piece: str, phrases: Sequence[str]) -> Answer:
        """The answer for a piece.

        RAISES (Failure): If it, or its answer, is too long, or all attempts failed.
        """
        last = Failure(MALFORMED, "not asked")
        for attempt in range(self.attempts):
            reply = self._reply(self.prompt.request(piece, phrases, attempt=attempt))
            if not reply.complete:
                self.counts.add("answers:cut off")
                most = self.prompt.max_tokens
                reason = f"the answer for {len(piece)} characters is cut off (--max-tokens {most})"
                raise Failure(TOO_LONG, reason)
            try:
                answer = read_answer(reply.content)
            except Failure as failure:
                self.counts.add("answers:malformed")
                last = failure
            else:
                self.counts.add("answers:read")
                return answer
        raise last

    def _reply(self, request: LlmRequest) -> Reply:
        """A reply from the cache, or from the model; the same is never asked twice at a time."""
        key = key_of(self.model.identity, request)
        with self._alone(key):
            reply = self.cache.get(key)
            origin = "cached" if reply is not None else "new"
            if reply is None:
                reply = self.model.ask(request)
                self.cache.put(key, reply)
        self.counts.update(_cost(reply, origin))
        return reply

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        with self._guard:
            lock = self._asked.setdefault(key, Lock())
        try:
            with lock:
                yield
        finally:
            with self._guard:
                self._asked.pop(key, None)

    def _add(self, piece: str, start: int, answer: Answer, found: Annotation) -> None:
        """Add what an answer says of a piece, as far as it stands there."""
        text = QuotedText(piece, least=self.similarity)
        entities: dict[int, list[Entity]] = {}
        found.counts["mentions:broken"] += answer.n_broken
        for mention in answer.mentions:
            places = self._places(text, mention, found.counts)
            here = [(start + a, start + b, type_) for a, b, type_ in places]
            if mention.id is not None and here:
                entities.setdefault(mention.id, here)
            for entity in here:
                found.counts["entities:repeated"] += entity in found.entities
                found.entities[entity] = None
        for link in answer.links:
            if link.head not in entities or link.tail not in entities:
                found.counts["relations:without their entities"] += 1
                continue
            found.counts["relations:kept"] += 1
            parts = [_described(entities[i], piece, start) for i in (link.head, link.tail)]
            type_ = " ".join(link.type.split())
            found.relations.append({"type": type_, "head": parts[0], "tail": parts[1]})

    def _places(
        self, text: QuotedText, mention: AnswerEntity, counts: Counter[str]
    ) -> list[Entity]:
        type_ = self.names.name(mention.type)
        if type_ is None:
            counts["mentions:of a type that is not allowed"] += 1
            return []
        found = text.find(mention.quote)
        counts[f"mentions:{found.how or 'not found'}"] += 1
        return [(start, end, type_) for start, end in found.places]


def _described(entities: Sequence[Entity], piece: str, offset: int) -> dict[str, Any]:
    start, end, label = entities[0]
    spans = [[a, b] for a, b, _ in entities]
    return {"text": piece[start - offset : end - offset], "label": label, "spans": spans}


def _cost(reply: Reply, origin: str) -> dict[str, int]:
    counts = {f"replies:{origin}": 1}
    if reply.prompt_tokens is None or reply.completion_tokens is None:
        counts[f"replies:{origin}, tokens not said"] = 1
    counts[f"tokens:{origin}, prompt"] = reply.prompt_tokens or 0
    counts[f"tokens:{origin}, completion"] = reply.completion_tokens or 0
    return counts
