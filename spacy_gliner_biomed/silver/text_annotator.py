"""Annotates one text: asks for each piece, reads the answers, verifies every quote."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from threading import Lock
from typing import Any, Protocol

from spacy_gliner_biomed.silver.answers import Answer, AnswerEntity, read_answer
from spacy_gliner_biomed.silver.failures import MALFORMED, TOO_LONG, Failure
from spacy_gliner_biomed.silver.llm_prompts import LlmRequest, PromptBuilder
from spacy_gliner_biomed.silver.quotes import QuotedText
from spacy_gliner_biomed.silver.reply_cache import Reply, ReplyCache, cache_key
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_settings import RunSettings
from spacy_gliner_biomed.silver.text_pieces import MIN_SIZE, CharSpan, halve_text, split_text
from spacy_gliner_biomed.silver.type_names import TypeNames
from spacy_gliner_biomed.training.gold import GoldRelation

Entity = tuple[int, int, str]


class LanguageModel(Protocol):
    """Answers requests, from several threads.

    name (str): Name for people.
    identity (str): Everything that decides its answers besides the request.
    """

    name: str
    identity: str

    def ask(self, request: LlmRequest) -> Reply:
        """Answer a request.

        RAISES (Failure): If this request cannot be answered.
        RAISES (ValueError): If no request can be answered.
        """

    def close(self) -> None:
        """Free what the model holds."""


@dataclass
class Annotation:
    """What was found in a text.

    entities (dict[Entity, None]): Start, end and type of each entity once, in the order of the
        answers.
    relations (dict[GoldRelation, None]): Head, tail and type of each relation once. The model
        relates quotes; all mentions of one are related to all mentions of the other.
    counts (Counter[str]): Counts of this text, with names as in `RunCounts`.
    """

    entities: dict[Entity, None] = field(default_factory=dict)
    relations: dict[GoldRelation, None] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class TextAnnotator:
    """Finds entities in texts; safe to use from several threads.

    model (LanguageModel): Answers the requests that the cache does not know.
    cache (ReplyCache): Keeps all replies.
    prompt (PromptBuilder): Makes the requests.
    names (TypeNames): Maps the types of answers to the types that are written.
    counts (RunCounts): Counts replies and their tokens, also those of texts that fail.
    settings (RunSettings): `max_characters`, `similarity` and `attempts` are used.
    """

    model: LanguageModel
    cache: ReplyCache
    prompt: PromptBuilder
    names: TypeNames
    counts: RunCounts
    settings: RunSettings = RunSettings()  # noqa: RUF009  it is frozen
    _key_locks: dict[str, Lock] = field(default_factory=dict)
    _guard: Any = field(default_factory=Lock)

    def annotate(self, text: str, candidates: Sequence[CharSpan] = ()) -> Annotation:
        """Annotate a text of any length.

        text (str): The text.
        candidates (Sequence[CharSpan]): Spans that are suggested to the model as entities.
        RETURNS (Annotation): Entities, relations and counts.
        RAISES (Failure): If a part of the text cannot be annotated.
        RAISES (ValueError): If no text can be annotated.
        """
        found = Annotation()
        pieces = list(split_text(text, self.settings.max_characters))
        found.counts["texts:cut"] += len(pieces) > 1
        for start, end in pieces:
            self._annotate_piece(text, start, end, candidates, found)
        return found

    def _annotate_piece(
        self, text: str, start: int, end: int, candidates: Sequence[CharSpan], found: Annotation
    ) -> None:
        """Annotate a piece, or its two halves if the piece or its answer is too long."""
        piece = text[start:end]
        phrases = [text[a:b] for a, b in candidates if start <= a and b <= end]
        try:
            answer = self._ask(piece, list(dict.fromkeys(phrases)))
        except Failure as failure:
            if failure.kind != TOO_LONG or len(piece) < MIN_SIZE:
                raise
        else:
            self._add_answer(piece, start, answer, found)
            return
        found.counts["pieces:halved"] += 1
        for first, last in halve_text(piece):
            self._annotate_piece(text, start + first, start + last, candidates, found)

    def _ask(self, piece: str, phrases: Sequence[str]) -> Answer:
        """Return the first answer that can be read.

        RAISES (Failure): If the piece or its answer is too long, or all attempts failed.
        """
        last = Failure(MALFORMED, "not asked")
        for attempt in range(self.settings.attempts):
            reply = self._reply(self.prompt.request(piece, phrases, attempt=attempt))
            if not reply.complete:
                self.counts.add("answers:cut off")
                limit = f"prompt.max_tokens = {self.prompt.max_tokens}"
                reason = f"the answer for {len(piece)} characters is cut off ({limit})"
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
        """Return a reply from the cache or the model; equal requests at a time are sent once."""
        key = cache_key(self.model.identity, request)
        with self._lock_key(key):
            reply = self.cache.get(key)
            origin = "cached" if reply is not None else "new"
            if reply is None:
                reply = self.model.ask(request)
                self.cache.put(key, reply)
        self.counts.update(_reply_counts(reply, origin))
        return reply

    @contextmanager
    def _lock_key(self, key: str) -> Iterator[None]:
        with self._guard:
            lock = self._key_locks.setdefault(key, Lock())
        try:
            with lock:
                yield
        finally:
            with self._guard:
                self._key_locks.pop(key, None)

    def _add_answer(self, piece: str, offset: int, answer: Answer, found: Annotation) -> None:
        """Add the entities and relations of an answer whose quotes are in the piece."""
        text = QuotedText(piece, min_similarity=self.settings.similarity)
        entities: dict[int, list[Entity]] = {}
        found.counts["mentions:broken"] += answer.n_broken
        for entity in answer.entities:
            spans = self._find_spans(text, entity, found.counts)
            shifted = [(offset + start, offset + end, type_) for start, end, type_ in spans]
            if entity.id is not None and shifted:
                entities.setdefault(entity.id, shifted)
            for span in shifted:
                found.counts["entities:repeated"] += span in found.entities
                found.entities[span] = None
        for relation in answer.relations:
            if relation.head not in entities or relation.tail not in entities:
                found.counts["relations:without their entities"] += 1
                continue
            found.counts["relations:kept"] += 1
            type_ = " ".join(relation.type.split())
            pairs = product(entities[relation.head], entities[relation.tail])
            found.relations |= {(a, b, type_): None for a, b in pairs if a != b}

    def _find_spans(
        self, text: QuotedText, entity: AnswerEntity, counts: Counter[str]
    ) -> list[Entity]:
        """Return the spans of an entity in the text, and count how its quote was found."""
        type_ = self.names.name(entity.type)
        if type_ is None:
            counts["mentions:of a type that is not allowed"] += 1
            return []
        match = text.find(entity.quote)
        counts[f"mentions:{match.how or 'not found'}"] += 1
        return [(start, end, type_) for start, end in match.spans]


def _reply_counts(reply: Reply, origin: str) -> dict[str, int]:
    counts = {f"replies:{origin}": 1}
    if reply.prompt_tokens is None or reply.completion_tokens is None:
        counts[f"replies:{origin}, tokens not said"] = 1
    counts[f"tokens:{origin}, prompt"] = reply.prompt_tokens or 0
    counts[f"tokens:{origin}, completion"] = reply.completion_tokens or 0
    return counts
