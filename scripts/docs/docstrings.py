"""Docstrings in spaCy's style as Markdown.

labels (Iterable[str]): What to find.
options: As of another function.
RETURNS (list[Span]): What was found.
RAISES (ValueError): If there is no label.

"""

import re

NAMES = r"[a-z_*]\w*(?:, [a-z_*]\w*)*"
FIELD = re.compile(rf"^({NAMES}|RETURNS|YIELDS|RAISES)(?: \((.+?)\))?: (.*)$")
TITLES = {"RETURNS": "Returns", "YIELDS": "Yields", "RAISES": "Raises"}


def to_markdown(text: str) -> str:
    """Return a docstring whose fields are a list of Markdown, one item each."""
    lines: list[str] = []
    in_fields = False
    for line in text.splitlines():
        if found := FIELD.match(line):
            name, kind, rest = found.groups()
            if not in_fields and lines and lines[-1]:
                lines.append("")
            title = f"**{TITLES[name]}**" if name in TITLES else f"`{name}`"
            lines.append(f"- {title} (`{kind}`): {rest}" if kind else f"- {title}: {rest}")
            in_fields = True
        elif in_fields and line.startswith("    "):
            lines.append("  " + line.strip())
        else:
            lines.append(line)
            in_fields = in_fields and bool(line.strip())
    return "\n".join(lines)
