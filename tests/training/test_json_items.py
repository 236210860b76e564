"""JSON arrays come item by item, whatever the borders of what is read at a time."""

import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_gliner_biomed.training import json_items
from spacy_gliner_biomed.training.json_items import read_items, write_items

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(VALUES), chunk=st.integers(1, 9), indent=st.none() | st.integers(0, 2))
def test_any_array_is_read(
    tmp_path: Path, items: list[Any], chunk: int, indent: int | None
) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(items, indent=indent), encoding="utf8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_items, "CHUNK", chunk)
        assert list(read_items(path)) == items


@pytest.mark.parametrize("chunk", [1, 1000])
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_an_error_with_its_line(
    tmp_path: Path, number: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_items, "CHUNK", chunk)
    path = tmp_path / "data.json"
    path.write_text(f'[{{"b": 1e300}},\n{{"a": [{number}]}},\n3]')
    with pytest.raises(ValueError, match=rf"GB-E060.*line 2: {number} is no finite number"):
        list(read_items(path))


@given(st.lists(VALUES))
def test_what_is_written_is_an_array_with_an_item_a_line(items: list[Any]) -> None:
    stream = io.BytesIO()
    write_items(items, stream)
    assert json.loads(stream.getvalue()) == items
    assert stream.getvalue().count(b"\n") == (len(items) + 2 if items else 1)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "line 1: not a list"),
        ('{"a": 1}', "line 1: not a list"),
        ("[1,\n2", "line 2: the list does not end"),
        ("[1,\n2\n3]", "line 3: a comma or the end"),
        ("[1]\n[2]", "line 2: something follows"),
        ('[1,\n\n{"a": oops}]', "line 3: Expecting value"),
        ('[{"a":\n1,\n"b": \'x\'}]', "line 3: Expecting value"),
        ("[1,\n" + "[" * 200 + "]" * 200 + "]", "line 2: it is nested deeper than 100 levels"),
        ("[1,\n" + "[" * 9999 + "]" * 9999 + "]", "line 2: an item is nested deeper than 100"),
    ],
)
def test_what_is_broken_is_named_with_its_line(
    tmp_path: Path, content: str, complaint: str
) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"E060.*{re.escape(complaint)}"):
        list(read_items(path))


def test_a_mark_and_compression_are_read_and_other_encodings_are_named(tmp_path: Path) -> None:
    content = "\ufeff[1,\r\n2]\r\n".encode()
    (tmp_path / "a.json").write_bytes(content)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(content))
    assert (
        list(read_items(tmp_path / "a.json")) == list(read_items(tmp_path / "a.json.gz")) == [1, 2]
    )
    (tmp_path / "b.json").write_bytes('[1,\n"é"]'.encode("cp1252"))
    with pytest.raises(ValueError, match=r"E160.*b\.json, line 2: "):
        list(read_items(tmp_path / "b.json"))
    (tmp_path / "c.json.gz").write_bytes(gzip.compress(content)[:-9])
    with pytest.raises(ValueError, match=r"E161.*c\.json\.gz, line \d: "):
        list(read_items(tmp_path / "c.json.gz"))
