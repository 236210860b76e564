"""Messages: one code each, no code and no text twice, ordered by topic."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import spacy_gliner_biomed.errors
from spacy_gliner_biomed.counting import Counted

SOURCE = Path(spacy_gliner_biomed.errors.__file__)
HEADING_OR_CODE = re.compile(r"    (?:# (.+)|([EW]\d{3}) = .*)")
PACKAGE = SOURCE.parent
FIELD = re.compile(r"(?<!\{)\{(\w+)(?:!r)?(?::([^}]*))?\}")


def messages() -> Iterator[tuple[str, str]]:
    """Codes with their messages."""
    for group in (spacy_gliner_biomed.errors.Errors, spacy_gliner_biomed.errors.Warnings):
        yield from ((k, v) for k, v in vars(group).items() if re.fullmatch(r"[EW]\d{3}", k))


@pytest.mark.parametrize("name", ["Errors", "Warnings"])
def test_each_message_has_its_own_code(name: str) -> None:
    (found,) = (n for n in ast.parse(SOURCE.read_text()).body if getattr(n, "name", "") == name)
    assert isinstance(found, ast.ClassDef)
    codes = [node.targets[0].id for node in found.body if isinstance(node, ast.Assign)]  # type: ignore[attr-defined]
    assert len(codes) == len(set(codes))
    for code in codes:
        message = getattr(getattr(spacy_gliner_biomed.errors, name), code)
        assert message.startswith(f"[GB-{code}] ")


def test_each_message_is_used_and_each_used_message_exists() -> None:
    text = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    used = set(re.findall(r"\b(?:Errors|Warnings)\.([EW]\d{3})\b", text))
    assert used == {code for code, _ in messages()}


def test_no_text_is_there_twice() -> None:
    texts = [message.partition("] ")[2] for _, message in messages()]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("name", ["Errors", "Warnings"])
def test_messages_are_ordered_by_topic_and_code(name: str) -> None:
    (part,) = re.findall(rf"^class {name}:\n(.*?)(?=^class |\Z)", SOURCE.read_text(), re.M | re.S)
    topics: dict[str, list[str]] = {}
    for heading, code in HEADING_OR_CODE.findall(part):
        if heading:
            assert heading not in topics
            topics[heading] = []
        else:
            topics[[*topics][-1]].append(code)
    for codes in topics.values():
        assert codes == sorted(codes)
        assert codes


def test_a_count_of_one_is_in_the_singular() -> None:
    """No "1 entities", "1 gold entities" or "1 entity were"."""
    fields = {code: FIELD.findall(message) for code, message in messages()}
    choices = {spec for found in fields.values() for _, spec in found if "|" in spec}
    pairs = [tuple(set(part.split()) for part in choice.split("|")) for choice in choices]
    words = "|".join({word for _, more in pairs for word in more})
    nouns = "|".join({word for one, more in pairs for word in more - one if word.endswith("s")})
    known_noun = re.compile(rf"\b1 (?:(?:{words}) )*(?:{nouns})\b")  # at any number
    plural = re.compile(
        r"\b1 (?!is\b|was\b|has\b|as\b)(?:[a-z]+(?<!u)s|(?:[a-z-]+ ){0,3}(?:are|were|do|have))\b"
    )
    for code, message in messages():
        ones = {name: 1 for name, _ in fields[code]}
        others = {name: "X" for name, spec in fields[code] if not spec and name != "n"}
        counts = {name: 1 for name, spec in fields[code] if spec}
        assert not known_noun.search(message.format(**ones)), code
        assert not plural.search(message.format(**{**ones, **others, **counts})), code
        assert isinstance(message, Counted) == any("|" in spec for _, spec in fields[code]), code
