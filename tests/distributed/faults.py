"""Components that fail in every way; imported by workers as the user's own code (`--code`)."""

import os
import resource
import signal
import sys
import time
from pathlib import Path
from threading import Timer

from spacy.language import Language
from spacy.tokens import Doc


@Language.component("faulty")
def faulty(doc: Doc) -> Doc:
    """Do what the text says; what is done once is noted in the file that is its last word."""
    words = doc.text.split()
    if "poison" in words:
        raise ValueError("this text is poison")
    if "killer" in words:
        os.kill(os.getpid(), signal.SIGKILL)
    if "slow" in words:
        time.sleep(0.02)
    if "victim" in words:  # its process is one to kill
        Path(words[-1], str(os.getpid())).touch()
    if "flaky" in words and once(words[-1]):
        raise RuntimeError("the first time only")
    if "deadly" in words and once(words[-1]):
        os.kill(os.getpid(), signal.SIGKILL)
    if "leaving" in words and once(words[-1]):
        sys.exit(3)
    if "full" in words and once(words[-1]):
        fill_disk(seconds=0.8)
    return doc


def once(path: str) -> bool:
    """Whether this is the first time that any process asks for this file."""
    try:
        Path(path).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def fill_disk(seconds: float) -> None:
    """Let no file of this process become larger than a few bytes, for a while."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    Timer(seconds, resource.setrlimit, (resource.RLIMIT_FSIZE, (hard, hard))).start()
