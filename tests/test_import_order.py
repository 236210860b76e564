"""Imports run one way, see `FLOORS`; heavy packages stay on their floors."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "spacy_gliner_biomed"
ROOT = Path(__file__).parents[1] / PACKAGE
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))

# A file imports from its own floor and those before it. The package's own `__init__` is on
# the first floor: importing it is cheap.
FLOORS = [
    {"__init__", "counting", "errors", "types", "common"},
    {"nn"},
    {"tokenization"},
    {"models"},
    {"training"},
    {"pipeline"},
    {"documents"},
    {"linking", "curation", "silver"},
    {"distributed"},
    {"corpus"},
    {"service"},
    {"cli"},
]
FORBIDDEN = {
    "__init__": {"spacy", "thinc", "torch", "transformers"},
    "common": {"spacy", "thinc", "torch", "transformers"},
    "counting": {"spacy", "thinc", "torch", "transformers"},
    "errors": {"spacy", "thinc", "torch", "transformers"},
    "types": {"spacy", "thinc", "torch", "transformers"},
    "nn": {"spacy", "thinc"},
    "tokenization": {"spacy", "thinc", "torch", "transformers"},
    "training": {"torch", "transformers"},
    "pipeline": {"torch", "transformers"},
    "documents": {"torch", "transformers"},
    "linking": {"torch", "transformers"},
    "service": {"torch", "transformers"},
}


def part_of(module: str) -> str:
    """The folder, or the file at the top, of a module that is named inside the package."""
    return module.split(".")[0] or "__init__"


def floor_of(module: str) -> int:
    """RAISES (ValueError): If the module is on no floor."""
    for floor, parts in enumerate(FLOORS):
        if part_of(module) in parts:
            return floor
    raise ValueError(f"{module} is on no floor: add its folder to FLOORS")


def module_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(file: str, source: str) -> Iterator[str]:
    """Full names of what a file imports, anywhere in it."""
    folders = [PACKAGE, *file.split("/")[:-1]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = folders[: len(folders) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def problems(file: str, source: str) -> list[str]:
    """What a file must not import but does."""
    module = module_of(file)
    floor, forbidden = floor_of(module), FORBIDDEN.get(part_of(module), ())

    def is_wrong(name: str) -> bool:
        top, _, inside = name.partition(".")
        if top != PACKAGE:
            return top in forbidden
        return inside != "__version__" and floor_of(inside) > floor

    return [name for name in imports(file, source) if is_wrong(name)]


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_from_its_own_floor_and_those_before(file: str) -> None:
    assert problems(file, (ROOT / file).read_text(encoding="utf8")) == []


def import_graph() -> dict[str, set[str]]:
    """The modules of the package that each module imports."""
    modules = {module_of(file): file for file in FILES}
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for module, file in modules.items():
        for name in imports(file, (ROOT / file).read_text(encoding="utf8")):
            inside = name.removeprefix(f"{PACKAGE}.")
            targets = {inside, inside.rpartition(".")[0]} & set(modules)
            graph[module] |= targets - {module}
    return graph


def folder_graph(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The folders that each folder at the top imports."""
    folders: dict[str, set[str]] = {}
    for module, targets in graph.items():
        folder = part_of(module)
        folders.setdefault(folder, set()).update({*map(part_of, targets)} - {folder})
    return folders


def test_files_do_not_import_each_other_in_circles() -> None:
    graph = import_graph()
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(FILES)


def test_folders_do_not_import_each_other_in_circles() -> None:
    order = graphlib.TopologicalSorter(folder_graph(import_graph())).static_order()
    assert {"documents", "distributed", "cli"} <= set(order)


def test_a_circle_of_folders_is_seen_though_no_files_are_in_one() -> None:
    graph = {"cli.app": {"silver.run"}, "silver.run": {"cli.inputs"}, "cli.inputs": set[str]()}
    graphlib.TopologicalSorter(graph).prepare()
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(folder_graph(graph)).prepare()


def test_nothing_imports_the_commands() -> None:
    folders = folder_graph(import_graph())
    assert [name for name, targets in folders.items() if "cli" in targets] == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("tokenization/words.py", "def f():\n    import torch"),
        ("tokenization/words.py", "from thinc.api import Model"),
        ("pipeline/component.py", "if TYPE_CHECKING:\n    from transformers import AutoModel"),
        ("nn/layers.py", "import spacy.tokens"),
        ("types.py", "import torch"),
        ("__init__.py", "import spacy"),
        ("nn/layers.py", f"from {PACKAGE}.tokenization.words import split_words"),
        ("nn/layers.py", f"from {PACKAGE} import models"),
        ("nn/layers.py", f"import {PACKAGE}.pipeline.component"),
        ("tokenization/words.py", "from ..models.hub import find_checkpoint"),
        ("nn/layers.py", "from .. import cli"),
        ("errors.py", "from .nn import config"),
        ("distributed/annotator.py", f"from {PACKAGE}.cli import app"),
    ],
)
def test_a_wrong_import_is_seen(file: str, source: str) -> None:
    assert problems(file, source)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("tokenization/words.py", f"import re, numpy\nfrom {PACKAGE}.types import Row"),
        ("models/hub.py", f"import torch\nfrom {PACKAGE}.nn.config import NetworkConfig"),
        ("cli/annotate.py", f"from {PACKAGE} import __version__, pipeline"),
        ("nn/layers.py", "from .config import NetworkConfig\nfrom ..errors import Errors"),
    ],
)
def test_a_right_import_is_allowed(file: str, source: str) -> None:
    assert problems(file, source) == []


def test_a_new_folder_has_to_be_put_on_a_floor() -> None:
    with pytest.raises(ValueError, match="on no floor"):
        problems("extras/new.py", f"from {PACKAGE}.types import Row")
