"""Pages, and folders to run them in."""

from pathlib import Path

import pytest

from spacy_gliner_biomed.models.hub import CONFIG_NAME, PACKAGED_FOLDER

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md")),
]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new current folder with the repository's configs and examples."""
    if not (PACKAGED_FOLDER / CONFIG_NAME).exists():
        pytest.skip("needs the packaged model")
    for name in ("configs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path
