"""What a language model is told: the task, worked examples, the text, candidates."""

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
    """All that decides an answer, besides the model.

    messages (Messages): The conversation so far, as chat servers take it.
    schema (Schema): The form of the answer.
    temperature (float): 0 for the likeliest answer.
    seed (int): Of what is drawn.
    max_tokens (int): An answer is cut off after so many.
    """

    messages: Messages
    schema: Schema
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 2048


@dataclass(frozen=True)
class PromptBuilder:
    """Makes requests.

    types (Sequence[str]): The types that are allowed; empty for any words.
    examples (Sequence[WorkedExample]): Shown before the text.
    relations (bool): Whether relations are asked for.
    bounded (bool): See `answer_schema`.
    max_tokens (int): Of an answer.
    """

    types: Sequence[str] = ()
    examples: Sequence[WorkedExample] = ()
    relations: bool = True
    bounded: bool = True
    max_tokens: int = 2048

    @cached_property
    def schema(self) -> Schema:
        """The form of the answers."""
        return answer_schema(self.types, relations=self.relations, bounded=self.bounded)

    @cached_property
    def task(self) -> str:
        """What has to be done."""
        return TASK.format(
            types=FIXED.format(types=", ".join(self.types)) if self.types else FREE,
            relations=RELATIONS if self.relations else "",
            form=FORM_WITH_RELATIONS if self.relations else FORM,
        )

    def request(self, text: str, candidates: Sequence[str] = (), *, attempt: int = 0) -> LlmRequest:
        """Ask for the entities of a text.

        candidates (Sequence[str]): Phrases that are offered as entities.
        attempt (int): A further one, after an answer without sense, is answered less strictly.
        """
        # The task is in the first message, since some models know no role "system".
        questions = [*(question(example.text) for example in self.examples)]
        questions.append(question(text, candidates))
        messages = [_said("user", f"{self.task}\n\n{questions[0]}")]
        for example, asked in zip(self.examples, questions[1:], strict=True):
            messages.append(_said("assistant", example.answer(relations=self.relations)))
            messages.append(_said("user", asked))
        return LlmRequest(messages, self.schema, 0.4 * attempt, attempt, self.max_tokens)


def question(text: str, candidates: Sequence[str] = ()) -> str:
    """The message that holds the text."""
    phrases = json.dumps(list(candidates), ensure_ascii=False)
    return f"Text: {text}" + (CANDIDATES.format(phrases=phrases) if candidates else "")


def _said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
