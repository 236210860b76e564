"""What the service accepts, and how it batches."""

from dataclasses import dataclass

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of the service; `cli.serve` has options for those that users change.

    max_characters (int): Maximum characters of a text.
    max_texts (int): Maximum texts of a request.
    max_labels (int): Maximum labels of a request.
    max_label_characters (int): Maximum characters of a label, and of a prompt.
    max_bytes (int): Maximum bytes of a request body, and of a line of a stream.
    timeout (float): Seconds for a body to arrive, and for the answer to follow.
    queue (int): Maximum documents that wait.
    queue_characters (int): Maximum characters of all documents that wait.
    batch_documents (int): Maximum documents that are annotated together.
    batch_characters (int): Maximum characters of all of them, unless one alone has more.
    batch_wait (float): Seconds that the first document of a batch waits for others.
    stream_documents (int): Maximum documents of one stream that are read but not answered.
    """

    max_characters: int = 100_000
    max_texts: int = 256
    max_labels: int = 200
    max_label_characters: int = 200
    max_bytes: int = 16 * MEBIBYTE
    timeout: float = 60.0
    queue: int = 512
    queue_characters: int = 20_000_000
    batch_documents: int = 64
    batch_characters: int = 100_000
    batch_wait: float = 0.005
    stream_documents: int = 64
