"""An OpenAI-compatible server as a process: `python -m tests.silver.llm_server LOG [MODEL]`.

It prints its port, and writes a line to LOG for each answer. With MODEL, a folder, it answers by a
causal language model under the request's schema; without, as the words of the text tell it.
"""

import json
import sys
import time
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from spacy_gliner_biomed.silver.llm_prompts import LlmRequest
from spacy_gliner_biomed.silver.local_model import LocalModel
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_settings import LocalSettings

Said = tuple[int, dict[str, Any]]
DRUGS = ("Aspirin", "Ibuprofen", "Codeine")
seen: Counter[str] = Counter()


def answer_by_words(body: dict[str, Any]) -> Said:
    """Name the drugs of the text, or fail in the way that it asks for."""
    text = text_of(body)
    words = text.split()
    if "slow" in words:
        time.sleep(0.05)
    if "flaky" in words and seen[text] == 1:
        return 503, {"error": "overloaded"}
    if {"throttled", "postponed", "closed"} & {*words} and seen[text] == 1:
        return 429, {"error": "too many requests"}
    if "broken" in words:
        return 500, {"error": "an internal error"}
    if "refused" in words:
        return 400, {"error": {"message": "this text is refused"}}
    if "locked" in words:
        return 401, {"error": {"message": "a wrong key"}}
    if "narrow" in words and len(text) > 400:
        return 400, {"error": {"message": "maximum context length is 100 tokens"}}
    if "malformed" in words or ("doubtful" in words and not body["temperature"]):
        return 200, completion("There are no entities, I think.")
    quotes = [(drug, "Drug") for drug in DRUGS if drug in text]
    if "inventive" in words:
        quotes.append(("Penicillin", "drug"))
    entities = [{"id": i, "text": x, "type": t} for i, (x, t) in enumerate(quotes)]
    relations = [{"head": 0, "type": "with", "tail": i} for i in range(1, len(quotes))]
    content = json.dumps({"entities": entities, "relations": relations})
    if "thinking" in words:  # as models whose template opens the tag
        content = f'It is {{"entities": []}}, or not.\n</think>\n\n{content}'
    if "unreadable" in words:
        content = json.dumps({"entities": [{"name": text}]})
    cut_off = "endless" in words or ("wordy" in words and len(text) > 400)
    return 200, completion(content[:20] if cut_off else content, "length" if cut_off else "stop")


def retry_after(text: str) -> str:
    """A number of seconds, or a date: two seconds later, of which a part may be over."""
    if "postponed" in text:
        return formatdate(time.time() + 2, usegmt=True)
    return "1" if "throttled" in text else "86400" if "closed" in text else "0.05"


def text_of(body: dict[str, Any]) -> str:
    """The text to annotate, with candidates if there are some."""
    content: str = body["messages"][-1]["content"]
    return content.rpartition("Text: ")[2]


def completion(content: str, finish: str = "stop", tokens: tuple[int, int] = (100, 10)) -> Any:
    return {
        "choices": [{"message": {"content": content}, "finish_reason": finish}],
        "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]},
    }


def answer_by_model(model: LocalModel, body: dict[str, Any]) -> Said:
    schema = body["response_format"]["json_schema"]["schema"]
    request = LlmRequest(body["messages"], schema, body["temperature"], 0, body["max_tokens"])
    reply = model.ask(request)
    tokens = (reply.prompt_tokens or 0, reply.completion_tokens or 0)
    return 200, completion(reply.content, "stop" if reply.complete else "length", tokens)


def serve(log: Path, model: LocalModel | None) -> None:
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(length))
            text = text_of(body)
            with lock:
                seen[text] += 1
            status, said = answer_by_model(model, body) if model else answer_by_words(body)
            line = {"text": text, "status": status, "key": self.headers["Authorization"]}
            with lock, log.open("a") as stream:
                stream.write(json.dumps({**line, "path": self.path, "body": body}) + "\n")
            if "hanging" in text:
                time.sleep(3)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if status in (429, 503):
                self.send_header("Retry-After", retry_after(text))
            self.end_headers()
            self.wfile.write(content[:5] if "severed" in text and seen[text] == 1 else content)

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # the client was killed, or did not wait
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    folder = sys.argv[2] if len(sys.argv) > 2 else None
    serve(
        Path(sys.argv[1]), LocalModel(LocalSettings(model=folder), RunCounts()) if folder else None
    )
