"""A service on a tiny checkpoint, shared by the tests of this folder."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from spacy_gliner_biomed.models.hub import CONFIG_NAME, PACKAGED_FOLDER
from tests.service.serving import Client, Running, running

TOKEN = "a-token-of-some-length"


def tiny_nlp(checkpoint: Path, **config: Any) -> Language:
    nlp = spacy.blank("en")
    settings = {"labels": ["disease", "drug"], "alignment": "split", "threshold": 0.2, **config}
    nlp.add_pipe("gliner_biomed", config={**settings, "model": {"checkpoint": str(checkpoint)}})
    nlp.max_length = sys.maxsize  # as the command sets it
    return nlp


@pytest.fixture
def new_nlp(uni_span: Path) -> Callable[..., Language]:
    """Makes a pipeline on a tiny checkpoint; most texts have entities at its threshold of 0.2."""

    def make(**config: Any) -> Language:
        return tiny_nlp(uni_span, **config)

    return make


@pytest.fixture(scope="session")
def shared_service(uni_span: Path) -> Iterator[Running]:
    with running(tiny_nlp(uni_span)) as service:
        yield service


@pytest.fixture(scope="session")
def client(shared_service: Running) -> Client:
    return shared_service.client()


@pytest.fixture(scope="session")
def packaged_service() -> Iterator[Running]:
    """A service with the packaged model and exact offsets."""
    if not (PACKAGED_FOLDER / CONFIG_NAME).exists():
        pytest.skip("needs the packaged model")
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner_biomed", config={"alignment": "split"})
    with running(nlp) as service:
        yield service
