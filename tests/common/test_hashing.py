import hashlib
from pathlib import Path

from spacy_gliner_biomed.common.hashing import CHUNK, add_file


def test_a_file_of_several_chunks_is_added_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * (CHUNK // 256 + 1)
    (tmp_path / "a").write_bytes(content)
    digest = hashlib.sha256(b"before")
    add_file(digest, tmp_path / "a")
    assert digest.hexdigest() == hashlib.sha256(b"before" + content).hexdigest()
