import hashlib
from pathlib import Path

from spacy_gliner_biomed.common.hashing import CHUNK, add_file, digest_of_values


def test_a_file_of_several_chunks_is_added_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * (CHUNK // 256 + 1)
    (tmp_path / "a").write_bytes(content)
    digest = hashlib.sha256(b"before")
    add_file(digest, tmp_path / "a")
    assert digest.hexdigest() == hashlib.sha256(b"before" + content).hexdigest()


def test_the_digest_of_values_does_not_depend_on_the_order_of_keys() -> None:
    values = {"labels": ["disease"], "threshold": 0.5}
    expected = hashlib.sha256(b'{"labels": ["disease"], "threshold": 0.5}').hexdigest()
    assert digest_of_values(values) == expected
    assert digest_of_values(dict(reversed(values.items()))) == expected
    assert digest_of_values({**values, "threshold": 0.6}) != expected
