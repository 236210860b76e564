"""Every registered name is an entry point that resolves, and importing the package is cheap."""

import importlib.metadata
import json
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

PACKAGE = "spacy_gliner_biomed"

# What is not a versioned name: the components, and the command `spacy gliner`.
PLAIN_NAMES = {"spacy_factories": r"gliner_biomed(_\w+)?", "spacy_cli": "gliner"}


def declared() -> list[tuple[str, str, str]]:
    """Group, name and object of each entry point in `setup.cfg`."""
    parser = ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case
    parser.read(Path(__file__).parents[1] / "setup.cfg", encoding="utf8")
    return [
        (group, *(part.strip() for part in line.split("=")))
        for group, lines in parser["options.entry_points"].items()
        for line in lines.strip().splitlines()
    ]


ENTRY_POINTS = declared()


def run_python(code: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_entry_points_are_those_of_setup_cfg() -> None:
    installed = importlib.metadata.distribution(PACKAGE).entry_points
    found = {(point.group, point.name, point.value) for point in installed}
    assert found == set(ENTRY_POINTS), "install the package again: its entry points have changed"


@pytest.mark.parametrize(("group", "name", "target"), ENTRY_POINTS)
def test_an_entry_point_resolves(group: str, name: str, target: str) -> None:
    assert callable(importlib.metadata.EntryPoint(name, target, group).load())


@pytest.mark.parametrize(("group", "name", "target"), ENTRY_POINTS)
def test_a_registered_name_carries_package_and_version(group: str, name: str, target: str) -> None:
    pattern = PLAIN_NAMES.get(group) or r"spacy-gliner-biomed\.\w+\.v\d+"
    assert re.fullmatch(pattern, name)


def test_spacy_finds_each_name_without_an_import_of_the_package() -> None:
    names = [(group.partition("_")[2], name) for group, name, _ in ENTRY_POINTS]
    found = run_python(f"""
import json, sys, spacy
assert {PACKAGE!r} not in sys.modules
nlp = spacy.blank("en")
print(json.dumps([
    nlp.has_factory(name) if registry == "factories"
    else callable(getattr(spacy.registry, registry).get(name))  # thinc's registries as well
    for registry, name in {names!r}
]))
""")
    assert json.loads(found) == [True] * len(names)


def test_what_only_a_run_over_a_corpus_needs_is_no_factory_of_users() -> None:
    found = run_python(f"""
import spacy
import {PACKAGE}.distributed.document_counts
print(spacy.blank("en").has_factory({PACKAGE}.distributed.document_counts.FACTORY))
""")
    assert found == "False\n"


def test_importing_the_package_imports_nothing_heavy() -> None:
    imported = run_python(f"import json, sys, {PACKAGE}; print(json.dumps(list(sys.modules)))")
    assert {"torch", "transformers", "spacy", "thinc", "numpy"}.isdisjoint(json.loads(imported))


def test_the_command_costs_spacys_other_commands_no_heavy_import() -> None:
    imported = run_python("""
import json, sys
from spacy import registry
assert "gliner" in registry.cli.get_all()
print(json.dumps(list(sys.modules)))
""")
    assert {"transformers", "spacy_gliner_biomed.models"}.isdisjoint(json.loads(imported))
