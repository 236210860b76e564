from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.service.lines import TOO_LONG, LineSplitter

LIMIT = 8


def split(pieces: list[bytes]) -> list[object]:
    splitter = LineSplitter(LIMIT)
    lines = [line for piece in pieces for line in splitter.feed(piece)]
    return [*lines, *splitter.finish()]


@given(st.lists(st.text("ab\n", max_size=30).map(str.encode)))
def test_lines_do_not_depend_on_pieces(pieces: list[bytes]) -> None:
    lines = b"".join(pieces).split(b"\n")
    lines = lines[:-1] if not lines[-1] else lines
    assert split(pieces) == [TOO_LONG if len(line) > LIMIT else line for line in lines]


def test_a_long_line_is_not_kept() -> None:
    splitter = LineSplitter(LIMIT)
    assert not list(splitter.feed(b"x" * 100))
    assert splitter._parts == []
    assert list(splitter.feed(b"x\nb\n")) == [TOO_LONG, b"b"]
