"""Makes prompts for a language model: the task, worked examples, the text, candidates."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from spacy_gliner_biomed.silver.answers import Schema, answer_schema
from spacy_gliner_biomed.silver.worked_examples import WorkedExample

Messages = list[dict[str, str]]

TASK = """\
You mark named entities in biomedical text. Read the text and list what it names.

- "text" quotes the words of a mention exactly as they stand in the text: change no letter, \
complete no abbreviation, take only words that stand side by side.
- "type" {types}
- "id" numbers the entities, from 0.
- List each wording once, even if it occurs several times. Take names and terms of the subject, \
not pronouns, verbs or whole clauses.
{relations}- If nothing is named, the lists are empty.

Answer with one JSON object and nothing else: {form}"""
FREE = (
    "says in a few plain words, in lower case and in the singular, what kind of thing it is, such "
    'as "disease", "gene" or "laboratory test"; the same kind has the same words everywhere.'
)
FIXED = "is one of these: {types}. Leave out what is none of them."
RELATIONS = (
    '- "relations" join two listed entities by their ids where the text itself states how they '
    'are related; "type" says it in a few plain words.\n'
)
FORM = '{"entities": [{"id": 0, "text": "...", "type": "..."}]}'
FORM_WITH_RELATIONS = (
    '{"entities": [{"id": 0, "text": "...", "type": "..."}], '
    '"relations": [{"head": 0, "type": "...", "tail": 1}]}'
)
CANDIDATES = (
    "\n\nPhrases that a parser found. Take those that are entities, as they are or in part; "
    "others may be taken, too: {phrases}"
)


@dataclass(frozen=True)
class LlmRequest:
    """Everything that decides an answer, besides the model.

    messages (Messages): The conversation, in the form of chat servers.
    schema (Schema): JSON schema of the answer.
    temperature (float): Sampling temperature; 0 for the likeliest answer.
    seed (int): Seed of the sampling.
    max_tokens (int): Maximum number of tokens of the answer, which is cut off there.
    """

    messages: Messages
    schema: Schema
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 2048


@dataclass(frozen=True)
class PromptBuilder:
    """Makes requests.

    types (Sequence[str]): The allowed types; empty for any type.
    examples (Sequence[WorkedExample]): Examples to show before the text.
    relations (bool): Whether to ask for relations.
    bounded (bool): See `answer_schema`.
    max_tokens (int): Maximum number of tokens of an answer.
    """

    types: Sequence[str] = ()
    examples: Sequence[WorkedExample] = ()
    relations: bool = True
    bounded: bool = True
    max_tokens: int = 2048

    @cached_property
    def schema(self) -> Schema:
        """The JSON schema of the answers."""
        return answer_schema(self.types, relations=self.relations, bounded=self.bounded)

    @cached_property
    def task(self) -> str:
        """The description of the task."""
        return TASK.format(
            types=FIXED.format(types=", ".join(self.types)) if self.types else FREE,
            relations=RELATIONS if self.relations else "",
            form=FORM_WITH_RELATIONS if self.relations else FORM,
        )

    def request(self, text: str, candidates: Sequence[str] = (), *, attempt: int = 0) -> LlmRequest:
        """Return the request for the entities of a text.

        text (str): The text.
        candidates (Sequence[str]): Phrases to suggest as entities.
        attempt (int): 0 at first. Each further attempt, after a malformed answer, has a higher
            temperature and another seed.
        RETURNS (LlmRequest): The request.
        """
        # The task is in the first user message, since some models have no role "system".
        questions = [format_question(example.text) for example in self.examples]
        questions.append(format_question(text, candidates))
        messages = [_message("user", f"{self.task}\n\n{questions[0]}")]
        for example, asked in zip(self.examples, questions[1:], strict=True):
            messages.append(_message("assistant", example.answer(relations=self.relations)))
            messages.append(_message("user", asked))
        return LlmRequest(messages, self.schema, 0.4 * attempt, attempt, self.max_tokens)


def format_question(text: str, candidates: Sequence[str] = ()) -> str:
    """Return the message that holds a text.

    text (str): The text.
    candidates (Sequence[str]): Phrases to suggest as entities.
    """
    phrases = json.dumps(list(candidates), ensure_ascii=False)
    return f"Text: {text}" + (CANDIDATES.format(phrases=phrases) if candidates else "")


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
