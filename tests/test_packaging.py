"""The wheel, built from the source distribution, holds everything and works without this tree."""

import os
import shutil
import subprocess
import sys
import tarfile
from configparser import ConfigParser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "spacy_gliner_biomed"
BUILD = "import sys; from setuptools import build_meta as b; getattr(b, sys.argv[1])(sys.argv[2])"

USE = f"""
import sys
import spacy
import {PACKAGE}
print({PACKAGE}.__file__)
nlp = spacy.blank("en")
config = {{"labels": ["drug"], "model": {{"checkpoint": sys.argv[1]}}}}
nlp.add_pipe("gliner_biomed", config=config)
print(nlp("a drug of the patient").spans["sc"].attrs)
"""


def sources() -> set[str]:
    """The package's files, as paths from the root."""
    files = (path for path in (ROOT / PACKAGE).rglob("*") if path.is_file())
    return {p.relative_to(ROOT).as_posix() for p in files if "__pycache__" not in p.parts}


def build(what: str, folder: Path, out: Path) -> Path:
    """Run setuptools as pip does, without its download of setuptools."""
    out.mkdir()
    command = [sys.executable, "-c", BUILD, f"build_{what}", str(out)]
    subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    work = tmp_path_factory.mktemp("sdist")
    tree = work / "tree"  # a copy, since a build leaves things behind
    tree.mkdir()
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, tree)
    for folder in (PACKAGE, "tests", "configs", "examples"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    with tarfile.open(build("sdist", tree, work / "out")) as archive:
        archive.extractall(work / "unpacked", filter="data")
    (unpacked,) = (work / "unpacked").iterdir()
    return unpacked


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution and unpacked."""
    work = tmp_path_factory.mktemp("wheel")
    with ZipFile(build("wheel", sdist, work / "out")) as archive:
        archive.extractall(work / "unpacked")
    return work / "unpacked"


def test_source_distribution_has_what_its_tests_need(sdist: Path) -> None:
    files = ("LICENSE", "README.md", "constraints.txt", "project.yml", "configs/default.cfg")
    for name in (*files, "examples/notes/case_report.txt", "tests/tiny.py"):
        assert (sdist / name).is_file(), name


def test_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    files = {p.relative_to(wheel).as_posix() for p in wheel.rglob("*") if p.is_file()}
    assert {name for name in files if name.startswith(f"{PACKAGE}/")} == sources()
    assert f"{PACKAGE}/py.typed" in files
    assert {name.split("/")[0].split("-")[0] for name in files} == {PACKAGE}


def test_wheel_says_licence_and_registered_names(wheel: Path) -> None:
    (info,) = wheel.glob("*.dist-info")
    assert (info / "licenses" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    written, declared = ConfigParser(), ConfigParser()
    for parser in (written, declared):
        parser.optionxform = str  # type: ignore[assignment, method-assign]
    written.read(info / "entry_points.txt")
    declared.read(ROOT / "setup.cfg")
    for group, entries in declared["options.entry_points"].items():
        names = dict(line.split(" = ") for line in entries.strip().splitlines())
        assert dict(written[group]) == names


def test_installed_package_finds_entities(wheel: Path, uni_span: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", USE, str(uni_span)]
    environment = {**os.environ, "PYTHONPATH": str(wheel), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    place, found = done.stdout.splitlines()
    assert Path(place).is_relative_to(wheel)
    assert found.startswith("{'scores': [")
