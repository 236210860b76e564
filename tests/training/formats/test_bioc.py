"""BioC as XML and JSON: passages, sentences, offsets, infons."""

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.table import read_format

pytest.importorskip("bioc", reason="needs the extra 'formats'")


def annotation(start: int, text: str, *more: tuple[int, int], **infons: str) -> dict[str, Any]:
    locations = [{"offset": start, "length": len(text)}]
    locations += [{"offset": a, "length": b} for a, b in more]
    return {"id": "1", "infons": infons, "text": text, "locations": locations}


def passage(offset: int, text: str, *annotations: Any, **values: Any) -> dict[str, Any]:
    return {
        "offset": offset,
        "infons": {},
        "text": text,
        "sentences": [],
        "annotations": list(annotations),
        "relations": [],
        **values,
    }


def document(*passages: Any, **values: Any) -> dict[str, Any]:
    base = {"id": "7", "infons": {}, "passages": list(passages), "relations": []}
    return {**base, **values}


def read(path: Path, *documents: Any) -> list[AnnotatedText]:
    path.write_text(json.dumps({"source": "", "date": "", "documents": list(documents)}))
    return list(read_format(path))


LENGTHLESS = {**annotation(0, "Zinc", type="x"), "locations": [{"offset": 0, "length": None}]}

XML = """<?xml version="1.0" encoding="utf8"?><!DOCTYPE collection SYSTEM "BioC.dtd">
<collection><source>x</source><date/><key/>
<document><id>7</id>
<passage><infon key="type">title</infon><offset>0</offset><text>Zinc.</text>
<annotation id="0"><infon key="type">Chemical</infon><infon key="identifier">MESH:D1</infon>
<location offset="0" length="4"/><text>Zinc</text></annotation></passage>
<passage><infon key="type">abstract</infon><infon key="section">Methods</infon><offset>7</offset>
<sentence><offset>7</offset><text>For é.</text></sentence>
<sentence><offset>14</offset><text>Gout</text><annotation id="1"><infon key="type">Disease</infon>
<location offset="14" length="4"/><text>Gout</text></annotation>
<annotation id="2"><infon key="type">Finding</infon><location offset="14" length="4"/>
<text>Gout</text></annotation></sentence>
<relation id="R1"><node refid="0" role="a"/></relation></passage>
</document><document><id>8</id></document></collection>"""


def test_passages_stand_at_their_offsets_with_their_infons(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(XML, encoding="utf8")
    with pytest.warns(UserWarning, match=r"GB-W350\].* 1 "):
        first, second = read_format(tmp_path / "a.xml")
    assert first.text == "Zinc.\n\nFor é. Gout"
    assert first.spans == [(0, 4, "Chemical"), (14, 18, "Disease"), (14, 18, "Finding")]
    assert first.concepts == [(0, 4, "Chemical", "MESH:D1")]
    assert first.passages == [
        {"start": 0, "end": 5, "infons": {"type": "title"}},
        {"start": 7, "end": 18, "infons": {"type": "abstract", "section": "Methods"}},
    ]
    assert (first.name, second.name, second.text) == ("7", "8", "")


def test_json_collections_lists_and_documents(tmp_path: Path) -> None:
    zinc = document(passage(0, "Zinc", annotation(0, "Zinc", type="x")))
    path = tmp_path / "a.json"
    for content in (
        {"documents": [zinc]},
        [{"documents": [zinc]}],
        {"PubTator3": [zinc]},
        zinc,
        [zinc],
        {**zinc, "passages": [{"offset": 0, "text": "Zinc", "annotations": [
            {"id": "1", "infons": {"type": "x"}, "locations": [{"offset": 0, "length": 4}]}]}]},
    ):  # fmt: skip
        path.write_text(json.dumps(content))
        (text,) = read_format(path)
        assert (text.name, text.text, text.spans) == ("7", "Zinc", [(0, 4, "x")])


def test_discontinuous_annotations_are_counted(tmp_path: Path) -> None:
    found = annotation(0, "left", (15, 6), type="x")
    with pytest.warns(UserWarning, match=r"GB-W162\].* 1 discontinuous entity was"):
        (text,) = read(tmp_path / "a.json", document(passage(0, "left and right kidney", found)))
    assert text.spans == [(0, 21, "x")]


def test_offsets_that_jump_or_overlap_are_counted_anew(tmp_path: Path) -> None:
    passages = [
        passage(0, "Zinc"),
        passage(90_000, "Gout", annotation(90_000, "Gout", type="x")),
        passage(2, "Iron", annotation(2, "Iron", type="y")),
    ]
    with pytest.warns(UserWarning, match=r"GB-W204\].* 2 passages do"):
        (text,) = read(tmp_path / "a.json", document(*passages))
    assert text.text == "Zinc\nGout\nIron"
    assert text.spans == [(5, 9, "x"), (10, 14, "y")]


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (document(passage(0, "Zinc", annotation(1, "Zinc", type="x"))), "outside"),
        (document(passage(0, "Zink.", annotation(0, "Zinc", type="x"))), "'Zinc' is marked"),
        (document(passage(0, "Zinc", annotation(0, "Zinc", kind="x"))), "no infon 'type'.*: kind"),
        (document({"infons": {}}), "offset"),
        (document(passage(0, 5)), "'text' must be a string; found int"),  # type: ignore[arg-type]
        (
            document(passage(0, "", sentences=[{"offset": 0, "text": [], "infons": {}}])),
            "found list",
        ),
        (document(passage(0, "Zinc", LENGTHLESS)), r"whole numbers; found \[0, None\]"),
        (document(passage(None, "Zinc")), "a key is missing or wrong"),  # type: ignore[arg-type]
        (document(passage(0, "Zinc", infons=["x"])), "a key is missing or wrong"),
        ({"id": "1"}, "no 'passages'"),
        (3, "int instead of an object"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, broken: Any, complaint: str) -> None:
    good = document(passage(0, "Zinc"))
    with pytest.raises(ValueError, match=rf"GB-E060.*a\.json, document 2: .*{complaint}"):
        read(tmp_path / "a.json", good, broken)


def test_broken_xml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    for content, complaint in (
        (XML[:-30], r"a\.xml, line \d+: no element found"),
        (XML.replace("<offset>0</offset>", ""), "document 1: .*missing"),
        (XML.replace('length="4"', 'length="x"', 1), "document 1: "),
        (
            XML.replace(
                '<!DOCTYPE collection SYSTEM "BioC.dtd">', "<!DOCTYPE c [<!ENTITY e 'x'>]>"
            ),
            "refused",
        ),
    ):
        path.write_text(content, encoding="utf8")
        with pytest.raises(ValueError, match=rf"GB-E060.*{complaint}"):
            list(read_format(path))


def test_xml_beyond_the_limits_of_the_parser_is_named(tmp_path: Path) -> None:
    deep = "<x>" * 300 + "</x>" * 300
    content = f"<collection><document><id>1</id>{deep}</document></collection>"
    (tmp_path / "a.xml").write_text(content)
    with pytest.raises(ValueError, match=r"a\.xml, document 1: it cannot be read as BioC"):
        list(read_format(tmp_path / "a.xml", "bioc-xml"))
