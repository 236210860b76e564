"""The page of error codes, made of `spacy_gliner_biomed/errors.py`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.docs.advice import ADVICE
from spacy_gliner_biomed import errors

GROUP = re.compile(r" +# ([A-Z][^.]*)$")
SOURCE = Path(errors.__file__)

# Where to read on, by the heading of a group in errors.py.
GUIDES = {
    "Checkpoints": "[Checkpoints](../guides/checkpoints.md), [Offline use](../guides/offline.md)",
    "Labels": "[Labels and thresholds](../guides/labels.md)",
    "Entities": "[Alignment](../guides/alignment.md)",
    "Relations": "[Relations](../guides/relations.md)",
    "Settings": "[Settings](../guides/settings.md)",
    "Settings and saved components": "[Settings](../guides/settings.md)",
    "Training": "[Training](../training/index.md), [Convert](../training/convert.md)",
    "Commands": "[Command line](commands.md)",
    "Outputs": "[Outputs](../guides/outputs.md)",
    "Linking": "[Linking](../linking.md)",
    "Curation": "[Choose and clean](../training/curate.md)",
    "Silver annotations": "[Silver data](../training/silver.md)",
    "Corpora": "[Corpora at scale](../scale.md)",
    "Service": "[Serve](../guides/serve.md)",
    "Files": "[Command line](commands.md), [Convert](../training/convert.md)",
}
INTRODUCTION = """# Error codes

Each error and warning of this package begins with a code such as `[GB-E030]`. Search this page
for the code. A word in `<...>` stands for what was found in your case.

An error says what was found, what is allowed, and what to do. A warning is given once for each
component; `component.stats` holds the counts.
"""


def errors_page() -> str:
    """Return the page as Markdown: one heading for each code, in the order of the source."""
    source = SOURCE.read_text(encoding="utf8")
    parts = [INTRODUCTION]
    for kind in ast.parse(source).body:
        if isinstance(kind, ast.ClassDef):
            parts.append(f"## {kind.name}\n")
            parts += _entries(kind, source.splitlines())
    return "\n".join(parts)


def _entries(kind: ast.ClassDef, lines: list[str]) -> Iterator[str]:
    """Yield the headings and entries of a class of messages."""
    group = ""
    end = kind.lineno
    for node in kind.body:
        comments = [found for line in lines[end : node.lineno] if (found := GROUP.match(line))]
        if comments:
            group = comments[-1].group(1)
            yield f"### {group}\n"
        end = node.end_lineno or end
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            code = node.targets[0].id
            yield entry(code, getattr(getattr(errors, kind.name), code), group)


def entry(code: str, message: str, group: str) -> str:
    """Return the part of one code: message, what to do, and where to read on."""
    text = plain(message.removeprefix(f"[GB-{code}] "))
    found, advice = split_message(text)
    advice = advice or ADVICE.get(code, "")
    guide = GUIDES.get(group)
    lines = [f"#### GB-{code}", "", as_quote(found), ""]
    if advice:
        lines += [f"**What to do.** {escape(advice)}", ""]
    if guide:
        lines += [f"More: {guide}.", ""]
    return "\n".join(lines)


def plain(message: str) -> str:
    """Return a message with `<name>` for each placeholder, plural nouns, and single braces."""
    message = re.sub(r"\{(\w+):[^{}|]*\|([^{}]*)\}", r"{\1} \2", message)
    text = re.sub(r"(?<!\{)\{(\w+)(?:![rsa])?(?::[^{}]*)?\}(?!\})", r"<\1>", message)
    return text.replace("{{", "{").replace("}}", "}")


def split_message(text: str) -> tuple[str, str]:
    """Split a message into what was found and what to do: its first sentence, and the others."""
    first, _, others = re.sub(r"\s*\n\s*", " ", text).partition(". ")
    return (f"{first}.", others) if others else (first, "")


def as_quote(text: str) -> str:
    """Return text as a quotation of Markdown."""
    return "> " + escape(text)


def escape(text: str) -> str:
    """Return text that Markdown and HTML show as it is."""
    return re.sub(r"([\\`*_\[\]#|])", r"\\\1", text).replace("<", "&lt;").replace(">", "&gt;")
