"""llama.cpp's server: with the tiny model as a process, or with the model of a GGUF file.

    python -m benchmarks.curation.llama_server FILE.gguf PORT

Needs xllamacpp from PyPI.
"""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.common import child_environment, module_command


class LlamaServer:
    """llama.cpp's server as a process, with the tiny model.

    folder (Path): Folder for the model and the server's log.
    corpora (Path): Corpora from which the model's weights are counted.
    """

    def __init__(self, folder: Path, corpora: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.command = module_command("curation.tiny_gguf", self.port, folder, corpora)
        self.log = folder / "server.log"
        self.start()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env=child_environment()
            )
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise SystemExit(f"The server ended: {self.log.read_text()[-2000:]}")

    def pause(self, seconds: float) -> None:
        """Stop the server for some seconds."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Kill the server."""
        self.process.kill()
        self.process.wait()


def serve_file(path: Path, port: int, *, slots: int = 4, positions: int = 2048) -> None:
    """Run the server in this process, with one thread, until the process ends.

    path (Path): The GGUF file.
    port (int): The port.
    slots (int): Requests at a time.
    positions (int): Tokens of each.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = slots
    params.n_ctx = slots * positions
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    serve_file(Path(sys.argv[1]), int(sys.argv[2]))
