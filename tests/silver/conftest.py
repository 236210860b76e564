"""A server of a language model, for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.silver.serving import LlmServer, serving


@pytest.fixture(scope="package")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlmServer]:
    with serving(tmp_path_factory.mktemp("server") / "log.jsonl") as server:
        yield server


@pytest.fixture
def llm_server(shared_server: LlmServer) -> LlmServer:
    """A server that does what texts say, and was asked nothing in this test."""
    shared_server.log.write_text("")
    return shared_server
