"""JSON arrays come item by item, whatever the borders of what is read at a time."""

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
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(VALUES), chunk=st.integers(1, 9), indent=st.none() | st.integers(0, 2))
def test_any_array_is_read(
    tmp_path: Path, items: list[Any], chunk: int, indent: int | None
) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(items, indent=indent, ensure_ascii=False), encoding="utf8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_items, "CHUNK", chunk)
        assert list(read_items(path)) == items


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
    ],
)
def test_what_is_broken_is_named_with_its_line(
    tmp_path: Path, content: str, complaint: str
) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"E060.*{re.escape(complaint)}"):
        list(read_items(path))
