"""The address, the token, and the command as a process: its log and its end."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from spacy_gliner_biomed.service.server import is_loopback, open_socket, read_token, url_of
from tests.service.conftest import TOKEN
from tests.service.serving import Client, command

SECRET = "Mrs Doe has a secret cancer"
N_CLIENTS = 6


def test_a_free_port_is_taken_and_the_address_is_told() -> None:
    with open_socket("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert is_loopback(listening)
        assert url_of(listening) == f"http://127.0.0.1:{port}/"
        with pytest.raises(OSError, match="in use"):
            open_socket("127.0.0.1", port)
    with open_socket("0.0.0.0", 0) as listening:
        assert not is_loopback(listening)
        assert url_of(listening).startswith("http://127.0.0.1:")


def test_a_token_is_read_without_white_space(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    assert read_token(path) == TOKEN


@pytest.mark.parametrize("content", ["", "short", "with a space in it.....", "é" * 20])
def test_what_is_no_token_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    with pytest.raises(ValueError, match="E252"):
        read_token(path)


def test_sigterm_under_load_loses_no_answer_and_the_log_no_text(
    uni_span: Path, tmp_path: Path
) -> None:
    token_file = tmp_path / "token"
    token_file.write_text(TOKEN)
    arguments = ("--checkpoint", uni_span, "--labels", "disease,drug", "--token-file", token_file)
    with command(*arguments) as (url, process):
        with Client(url) as client:
            assert client.annotate(SECRET).status == 401
        answered = [0] * N_CLIENTS
        busy = threading.Barrier(N_CLIENTS + 1)

        def ask(number: int) -> None:
            with suppress(OSError, HTTPException):  # the server takes on nothing any more
                while True:
                    with Client(url, TOKEN) as client:
                        reply = client.annotate(texts=[SECRET, f"{SECRET} \ud800"], labels=["gene"])
                    assert reply.status == 200
                    answered[number] += 1
                    if answered[number] == 3:
                        busy.wait(60)

        with ThreadPoolExecutor(N_CLIENTS) as pool:
            futures = [pool.submit(ask, number) for number in range(N_CLIENTS)]
            busy.wait(60)
            process.send_signal(signal.SIGTERM)
            for future in futures:
                future.result(60)
        assert process.wait(60) == 0
        assert process.stderr is not None
        log = process.stderr.read()
    assert min(answered) >= 3
    assert log.count("POST /annotate 200") == sum(answered)  # each that was taken on
    assert log.count("POST /annotate") == sum(answered) + 1
    assert "Traceback" not in log
    for word in (SECRET, "Doe", "secret", "gene", TOKEN):
        assert word not in log
