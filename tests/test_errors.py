"""Messages: one code each, no code and no text twice, ordered by topic."""

import ast
import re
from pathlib import Path

import pytest

import spacy_gliner_biomed.errors

SOURCE = Path(spacy_gliner_biomed.errors.__file__)
HEADING_OR_CODE = re.compile(r"    (?:# (.+)|([EW]\d{3}) = .*)")
PACKAGE = SOURCE.parent


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
    defined = {
        code
        for group in (spacy_gliner_biomed.errors.Errors, spacy_gliner_biomed.errors.Warnings)
        for code in vars(group)
        if re.fullmatch(r"[EW]\d{3}", code)
    }
    assert used == defined


def test_no_text_is_there_twice() -> None:
    messages = [
        message.partition("] ")[2]
        for group in (spacy_gliner_biomed.errors.Errors, spacy_gliner_biomed.errors.Warnings)
        for code, message in vars(group).items()
        if re.fullmatch(r"[EW]\d{3}", code)
    ]
    assert len(messages) == len(set(messages))


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
