"""Elements come one by one; what could do harm is refused."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from spacy_gliner_biomed.common import xml_elements
from spacy_gliner_biomed.common.xml_elements import read_elements, root_tag


def texts(path: Path) -> list[str]:
    return ["".join(element.itertext()) for element in read_elements(path, {"a"})]


@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
def test_outermost_elements_are_read_whatever_the_chunks(
    tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_elements, "CHUNK", chunk)
    path = tmp_path / "x.xml.gz"
    content = "<?xml version='1.0'?><r>no<a x='1'>é<a>in</a>&amp;</a><b/><a/></r>"
    path.write_bytes(gzip.compress(content.encode()))
    assert texts(path) == ["éin&", ""]


@pytest.mark.parametrize("encoding", ["utf8", "UTF_8", "utf-8", "latin-1", "utf-16"])
def test_declared_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.xml"
    path.write_bytes(f"<?xml version='1.0' encoding='{encoding}'?><a>é</a>".encode(encoding))
    assert texts(path) == ["é"]
    assert root_tag(path) == "a"


def test_entities_of_an_external_dtd_are_those_of_html(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text("<!DOCTYPE a SYSTEM 'JATS.dtd'><a>5&nbsp;&mu;g &lt;</a>")
    assert texts(path) == ["5\xa0μg <"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("<a><b></a>", "line 1: mismatched tag"),
        ("<r>\n<a>", "line 2: no element found"),
        ("", "no element found"),
        ("<a>&nbsp;</a>", "undefined entity"),
        ("<?xml version='1.0' encoding='x-none'?><a/>", "unknown encoding"),
        ("<?xml version='1.0' encoding='gb18030'?><a/>", "multi-byte encodings"),
        ("<!DOCTYPE a SYSTEM 'x'>\n<a>&what;</a>", "line 2: the entity &what; is not known"),
        ("<!DOCTYPE a [<!ENTITY e 'lol'>]><a>&e;</a>", "declares the entity &e;, .* refused"),
        ("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>", "refused as unsafe"),
        ("<a>" * 2000, "nested deeper than 1,000"),
    ],
)
def test_what_is_broken_or_unsafe_is_named(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"GB-E060.*x\.xml.*{complaint}"):
        texts(path)


def test_one_element_at_a_time_is_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text("<r>" + ("<a>" + "x" * 1000 + "</a><b>" + "y" * 1000 + "</b>") * 3000 + "</r>")
    tracemalloc.start()
    assert sum(1 for _ in read_elements(path, {"a"})) == 3000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000  # the file has six


@pytest.mark.parametrize(("content", "tag"), [("<a:b x='", None), ("<a:b>", "a:b"), ("{}", None)])
def test_the_root_is_told_if_it_is_there(tmp_path: Path, content: str, tag: str | None) -> None:
    (tmp_path / "x").write_text(content)
    assert root_tag(tmp_path / "x") == tag
