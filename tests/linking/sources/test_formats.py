import gzip
import json
import warnings
from pathlib import Path

import pytest

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.sources.formats import guess_format, read_concepts


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf8")
    return path


def line(concept_id: str = "D:1", name: str = "Asthma", **more: object) -> str:
    return json.dumps({"concept_id": concept_id, "canonical_name": name, **more}) + "\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jsonl", "jsonl"),
        ("a.jsonl.gz", "jsonl"),
        ("a.json", "json"),
        ("a.OBO", "obo"),
        ("desc2025.xml.gz", "mesh-xml"),
        ("d2025.bin", "mesh-ascii"),
        ("MRCONSO.RRF", "umls"),
        ("a.tsv", "csv"),
        ("a.kb", None),
    ],
)
def test_the_format_goes_by_the_name(name: str, expected: str | None) -> None:
    assert guess_format(Path(name)) == expected


def test_json_lines_are_read_zipped_or_not(tmp_path: Path) -> None:
    text = (
        line(aliases=["bronchial asthma"], types=["disease"], definition="A.") + "\n" + line("D:2")
    )
    expected = [
        Concept("D:1", "Asthma", ["bronchial asthma"], ["disease"], "A."),
        Concept("D:2", "Asthma", [], []),
    ]
    assert list(read_concepts(write(tmp_path / "a.jsonl", text))) == expected
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    assert list(read_concepts(tmp_path / "a.jsonl.gz")) == expected


def test_values_of_unknown_keys_are_counted(tmp_path: Path) -> None:
    lines = [
        {"concept_id": "X:1", "canonical_name": "aspirin", "synonyms": ["ASA"], "tuis": []},
        {"concept_id": "X:2", "canonical_name": "gout", "synonyms": ["podagra"], "xref": "Y:1"},
    ]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    with pytest.warns(UserWarning, match="GB-W418") as caught:
        assert len(list(read_concepts(path))) == 2
    (message,) = (str(each.message) for each in caught)
    assert message.startswith(f"[GB-W418] In {path}, 3 values were not read")
    assert "'synonyms' (did you mean 'aliases'?), 'xref'. Known are concept_id," in message


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.jsonl"])
def test_an_array_is_read_as_lines_are(tmp_path: Path, name: str, indent: int | None) -> None:
    items = [json.loads(line(aliases=["bronchial asthma"])), json.loads(line("D:2", "Gout"))]
    text = "\n " + json.dumps(items, indent=indent)
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    expected = [Concept("D:1", "Asthma", ["bronchial asthma"], []), Concept("D:2", "Gout", [], [])]
    assert list(read_concepts(path)) == expected


def test_a_bad_item_of_an_array_is_named_by_its_number(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", json.dumps([json.loads(line()), {"concept_id": "D:2"}]))
    with pytest.raises(ValueError, match=r"GB-E060.*a\.json, line 2: 'canonical_name' is missing"):
        list(read_concepts(path))
    path = write(tmp_path / "a.json", "[" + line() + ",\n{broken]")
    with pytest.raises(ValueError, match=r"GB-E060.*a\.json, line 3: "):
        list(read_concepts(path))


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        (line() + "{broken\n", 2, "Expecting property name"),
        (line() + line("D:2") + line(), 3, "the id 'D:1' is already in line 1"),
        (line(name=" "), 1, "has an empty name"),
        (line(aliases=[""]), 1, "has an empty name"),
        (line(concept_id=""), 1, "empty id"),
        (line(aliases="asthma"), 1, "lists of strings"),
        (line(concept_id=7), 1, "must be strings"),  # type: ignore[arg-type]
        ('{"concept_id": "D:1"}\n', 1, "'canonical_name' is missing"),
        ("[1]\n", 1, "found int instead of an object"),
        ("1\n", 1, "found int instead of an object"),
        (line() + line(concept_id="D:\ud800"), 2, r"'D:\\ud800' holds half of a surrogate pair"),
        (line(name="\udc00x"), 1, "half of a surrogate pair"),
        (line(aliases=["a", "b\udfff"]), 1, r"'b\\udfff' holds half"),
        (line(types=["\ud800"]), 1, "half of a surrogate pair"),
        (line(definition="x\ud800"), 1, "half of a surrogate pair"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, number: int, message: str) -> None:
    path = write(tmp_path / "a.jsonl", text)
    with pytest.raises(ValueError, match=rf"(?s)GB-E060.*a\.jsonl, line {number}: .*{message}"):
        list(read_concepts(path))


def test_no_concept_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E080.*a\.jsonl"):
        list(read_concepts(write(tmp_path / "a.jsonl", "\n")))


def test_unknown_formats_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E050.*missing"):
        read_concepts(tmp_path / "missing.jsonl")
    path = write(tmp_path / "a.doc", "x")
    with pytest.raises(ValueError, match=r"GB-E081.*jsonl, json, csv, obo"):
        read_concepts(path)
    with pytest.raises(ValueError, match=r"GB-E081.*'docx'"):
        read_concepts(path, "docx")


GOUT = {
    "a.jsonl": '{"concept_id": "D:1", "canonical_name": "Gout é"}\n',
    "a.csv": "id,name\nD:1,Gout é\n",
    "a.tsv": "id\tname\nD:1\tGout é\n",
    "a.obo": "default-namespace: x\n\n[Term]\nid: D:1\nname: Gout é\n",
    "a.bin": "*NEWRECORD\nMH = Gout é\nUI = D1\n",
    "a.xml": "<S><DescriptorRecord><DescriptorUI>D1</DescriptorUI><DescriptorName><String>Gout é"
    "</String></DescriptorName></DescriptorRecord></S>",
    "MRCONSO.RRF": "C1|ENG|P|L|PF|S|Y|A|||||||Gout é|0|N||\n",
}


@pytest.mark.parametrize("name", GOUT)
def test_every_format_takes_a_byte_order_mark(tmp_path: Path, name: str) -> None:
    (plain,) = read_concepts(write(tmp_path / name, GOUT[name]))
    (marked,) = read_concepts(write(tmp_path / name, "\ufeff" + GOUT[name]))
    assert plain == marked
    assert marked.canonical_name == "Gout é"


@pytest.mark.parametrize("encoding", ["latin1", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("name", GOUT)
def test_other_encodings_are_an_error_with_file_and_line(
    tmp_path: Path, name: str, encoding: str
) -> None:
    path = tmp_path / name
    path.write_bytes(GOUT[name].encode(encoding))
    if name == "a.xml" and encoding != "latin1":  # which XML says by its first bytes
        assert next(read_concepts(path)).canonical_name == "Gout é"
        return
    with pytest.raises(ValueError, match=rf"\[GB-E\d+\] .*{name}, line \d+"):
        list(read_concepts(path))


@pytest.mark.parametrize("name", [name for name in GOUT if name != "MRCONSO.RRF"])
def test_a_truncated_gz_is_an_error_with_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.gz"
    content = gzip.compress(GOUT[name].encode())
    path.write_bytes(content)
    assert len(list(read_concepts(path))) == 1
    for keep in (len(content) - 4, len(content) // 2, 5):
        path.write_bytes(content[:keep])
        with pytest.raises(ValueError, match=rf"\[GB-E161\] .*{name}\.gz"):
            list(read_concepts(path))
    path.write_bytes(GOUT[name].encode())
    with pytest.raises(ValueError, match=rf"\[GB-E161\] .*{name}\.gz"):
        list(read_concepts(path))


@pytest.mark.parametrize("name", ["nonsense", "shift_jis", "utf-7"])
def test_an_encoding_that_xml_cannot_be_read_in_is_an_error(tmp_path: Path, name: str) -> None:
    text = f'<?xml version="1.0" encoding="{name}"?>' + GOUT["a.xml"]
    with pytest.raises(ValueError, match=r"GB-E060.*a\.xml, line 1: .*encoding"):
        list(read_concepts(write(tmp_path / "a.xml", text)))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
@pytest.mark.parametrize("name", GOUT)
def test_every_format_is_read_in_the_encoding_that_is_named(
    tmp_path: Path, name: str, encoding: str
) -> None:
    path = tmp_path / name
    path.write_bytes(GOUT[name].encode("utf8" if name == "a.xml" else encoding))
    (concept,) = read_concepts(path, encoding=encoding)
    assert concept.canonical_name == "Gout é"


@pytest.mark.parametrize("name", ["a.csv", "a.obo", "a.xml"])
def test_utf8_in_spite_of_a_named_encoding_is_read_as_such(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, GOUT[name])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (concept,) = read_concepts(path, encoding="cp1252")
    assert concept.canonical_name == "Gout é"
    codes = [str(each.message)[:9] for each in caught]
    assert codes == ([] if name == "a.xml" else ["[GB-W380]"])  # XML declares its encoding


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E201.*cp9999"):
        read_concepts(write(tmp_path / "a.csv", GOUT["a.csv"]), encoding="cp9999")


def test_json_that_is_nested_too_deep_is_an_error(tmp_path: Path) -> None:
    # Python 3.13 parses 5,000 levels.
    path = write(tmp_path / "a.jsonl", line() + "[" * 200_000 + "]" * 200_000 + "\n")
    with pytest.raises(ValueError, match=r"GB-E060.*a\.jsonl, line 2: it is nested deeper"):
        list(read_concepts(path))
