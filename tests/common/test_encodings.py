"""Single-byte encodings are known by their names, UTF-8 by its bytes."""

from io import BytesIO

import pytest

from spacy_gliner_biomed.common import encodings
from spacy_gliner_biomed.common.encodings import is_single_byte, is_surely_utf8


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cp1252", True),
        ("latin-1", True),
        ("koi8-r", True),
        ("utf-16", False),
        ("utf-16-le", False),
        ("shift_jis", False),
        ("gb18030", False),
        ("idna", False),
    ],
)
def test_encodings_with_a_byte_for_each_character(name: str, expected: bool) -> None:
    assert is_single_byte(name) is expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("39 °C, “fièvre”".encode(), True),
        ("39 °C, “fièvre”".encode("cp1252"), False),
        ("39 °C ".encode() + "fièvre".encode("cp1252"), False),
        (b"fever", False),
        (b"", False),
        ("39 °".encode()[:-1], False),
    ],
)
def test_utf8_is_what_is_valid_to_the_end_with_more_than_ascii(
    content: bytes, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 3, 1 << 20):  # a character may be in two pieces
        monkeypatch.setattr(encodings, "PIECE", size)
        assert is_surely_utf8(BytesIO(content)) is expected
