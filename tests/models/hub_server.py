"""A web server that speaks as much of the Hugging Face hub's protocol as a download needs."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serve(folder: Path, repository: str) -> Iterator[tuple[str, list[str]]]:
    """Serve a folder as a repository of models.

    YIELDS (tuple[str, list[str]]): The address, and the files whose content was asked for.
    """
    fetched: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(content=False)

        def do_GET(self) -> None:
            self.answer(content=True)

        def answer(self, *, content: bool) -> None:
            path = self.path.split("?")[0]
            files = {f.relative_to(folder).as_posix(): f for f in folder.rglob("*") if f.is_file()}
            lists = {
                f"/api/models/{repository}/revision/main": {
                    "id": repository,
                    "sha": COMMIT,
                    "siblings": [{"rfilename": name} for name in files],
                },
                f"/api/models/{repository}/tree/{COMMIT}": [
                    {"type": "file", "path": name, "size": file.stat().st_size, "oid": name}
                    for name, file in files.items()
                ],
            }
            if path in lists:
                self.reply(json.dumps(lists[path]).encode())
                return
            name = path.removeprefix(f"/{repository}/resolve/{COMMIT}/")
            if name not in files:
                self.send_error(404)
                return
            if content:
                fetched.append(name)
            self.reply(files[name].read_bytes(), content=content)

        def reply(self, body: bytes, *, content: bool = True) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if content:
                self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", fetched
        finally:
            server.shutdown()
            thread.join()
