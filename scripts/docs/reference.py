"""Signatures and docstrings as Markdown, taken from the source."""

import ast
import inspect
import pkgutil
import re
from collections.abc import Collection, Iterator
from dataclasses import is_dataclass
from textwrap import dedent, indent
from types import ModuleType
from typing import Any

from scripts.docs.docstrings import to_markdown

Definition = ast.FunctionDef | ast.ClassDef
KINDS = {"property", "cached_property", "classmethod", "staticmethod"}  # decorators that are shown
COMMENT = re.compile(r"  # .*$", re.MULTILINE)


def reference(path: str, members: Collection[str] = (), level: int = 3) -> str:
    """Describe a function, a class with its public methods, or a module.

    path (str): Its full name.
    members (Collection[str]): Of a module, what to show of it; all that is public if empty. Of a
        class, inherited members to show, too.
    level (int): Level of the heading.
    RETURNS (str): Markdown.
    """
    found = pkgutil.resolve_name(path)
    title = f"{'#' * level} {path}"
    if isinstance(found, ModuleType):
        parts = [to_markdown(inspect.cleandoc(found.__doc__ or ""))]
        for name in members or _public(found):
            parts.append(_member(name, getattr(found, name), level + 1))
    else:
        parts = [summary(found)]
        if inspect.isclass(found):
            parts += _methods(found, members, level + 1)
    return "\n\n".join([title, *parts])


def summary(found: Any) -> str:
    """Return the signature and docstring of a function or a class."""
    source, node = _definition(found)
    lines = source.splitlines()
    text = _class_head(found, node, lines) if inspect.isclass(found) else _head(node, lines)
    docstring = to_markdown(ast.get_docstring(node) or "")
    return f"<!-- not run: a signature -->\n```python\n{text}\n```\n\n{docstring}".rstrip()


def _member(name: str, found: Any, level: int) -> str:
    """Describe a function, or a class with its public methods, under a short heading."""
    parts = [f"{'#' * level} {name}", summary(found)]
    if inspect.isclass(found):
        parts += _methods(found, (), level + 1)
    return "\n\n".join(parts)


def _methods(found: type, inherited: Collection[str], level: int) -> Iterator[str]:
    own = [name for name, value in vars(found).items() if _is_method(name, value)]
    for name in [*inherited, *own]:
        method = inspect.getattr_static(found, name)
        yield _member(f"{found.__name__}.{name}", method, level)


def _is_method(name: str, value: Any) -> bool:
    return not name.startswith("_") and inspect.isfunction(_function(value))


def _public(module: ModuleType) -> list[str]:
    """Name the public functions and classes that a module defines, in the order of its source."""
    tree = ast.parse(inspect.getsource(module))
    defined = [node.name for node in tree.body if isinstance(node, Definition)]
    return [name for name in defined if not name.startswith("_")]


def _function(value: Any) -> Any:
    """Return the function in a property, a class method or a static method."""
    for attribute in ("fget", "func", "__func__"):
        value = getattr(value, attribute, value)
    return value


def _definition(found: Any) -> tuple[str, Definition]:
    """Return the source of a function or class, and what it parses to."""
    source = dedent(inspect.getsource(inspect.unwrap(_function(found))))
    node = ast.parse(source).body[0]
    if not isinstance(node, Definition):
        raise TypeError(f"{found!r} is not defined by 'def' or 'class'")
    return source, node


def _head(node: Definition, lines: list[str]) -> str:
    """Return what is before the body, as it was formatted."""
    kinds = [f"@{name}" for each in node.decorator_list if (name := ast.unparse(each)) in KINDS]
    text = "\n".join([*kinds, *lines[node.lineno - 1 : node.body[0].lineno - 1]])
    return COMMENT.sub("", text).rstrip().removesuffix(":")


def _class_head(found: type, node: Definition, lines: list[str]) -> str:
    """Return the first line of a class, with its fields or the signature of its constructor."""
    parts = [_head(node, lines) + ":"]
    if is_dataclass(found):
        for each in node.body:
            if isinstance(each, ast.AnnAssign) and not ast.unparse(each.target).startswith("_"):
                parts += lines[each.lineno - 1 : each.end_lineno]
    elif inspect.isfunction(found.__init__):
        source, constructor = _definition(found.__init__)
        parts.append(indent(_head(constructor, source.splitlines()), "    "))
    return "\n".join(parts).removesuffix(":")
