"""The checkpoints that the GLiNER package makes, each made once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity.recipes import KINDS, RECIPES
from tests.parity.upstream import make_checkpoint


@pytest.fixture(scope="session")
def upstream_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a checkpoint by its name in `RECIPES` or `KINDS`."""
    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            made[name] = make_checkpoint({**RECIPES, **KINDS}[name], tmp_path_factory.mktemp(name))
        return made[name]

    return get
