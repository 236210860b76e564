"""Signatures and docstrings as Markdown."""

from dataclasses import dataclass, field
from functools import cached_property

from scripts.docs.reference import reference, summary

HERE = "tests.docs.test_reference"


class Base:
    """The base.

    size (int): How large.
    """

    def __init__(self, size: int = 3) -> None:
        self.size = size

    @property
    def twice(self) -> int:  # type: ignore[override]
        """Two times the size."""
        return 2 * self.size

    @classmethod
    def join(
        cls,
        parts: "list[Base]",
        *,
        separator: str = "#",
    ) -> "Base":
        """Join parts."""
        return cls(sum(part.size for part in parts))

    def _hidden(self) -> None:
        """Not shown."""


class Heir(Base):
    """The heir."""

    @cached_property
    def half(self) -> float:
        """Half the size."""
        return self.size / 2


@dataclass(frozen=True)
class Fields:
    """Some fields."""

    names: list[str] = field(
        default_factory=list,
    )
    _cache: int = 0


def code(text: str) -> str:
    """A block as pages have it."""
    return f"<!-- not run: a signature -->\n```python\n{text}\n```"


def test_a_class_is_its_constructor_its_docstring_and_its_public_methods() -> None:
    constructor = "class Base:\n    def __init__(self, size: int = 3) -> None"
    join = (
        '@classmethod\ndef join(\n    cls,\n    parts: "list[Base]",\n    *,\n'
        '    separator: str = "#",\n) -> "Base"'
    )
    assert reference(f"{HERE}.Base") == "\n\n".join(
        [
            f"### {HERE}.Base",
            code(constructor),
            "The base.",
            "- `size` (`int`): How large.",
            "#### Base.twice",
            code("@property\ndef twice(self) -> int"),
            "Two times the size.",
            "#### Base.join",
            code(join),
            "Join parts.",
        ]
    )


def test_inherited_members_are_shown_if_they_are_named() -> None:
    text = reference(f"{HERE}.Heir", ["twice"])
    assert "class Heir(Base):\n    def __init__(self, size: int = 3) -> None\n" in text
    assert text.index("#### Heir.twice\n") < text.index("#### Heir.half\n")
    assert "Heir.join" not in text


def test_a_dataclass_is_its_public_fields() -> None:
    fields = "class Fields:\n    names: list[str] = field(\n        default_factory=list,\n    )"
    assert summary(Fields) == f"{code(fields)}\n\nSome fields."


def test_a_module_is_what_it_defines_or_what_is_named() -> None:
    assert "#### code\n" in reference(HERE)
    assert "#### cached_property\n" not in reference(HERE)
    named = reference(HERE, ["Heir"])
    assert named.startswith(f"### {HERE}\n\nSignatures and docstrings as Markdown.\n\n#### Heir\n")
    assert "##### Heir.half\n" in named
    assert "Base.join" not in named
