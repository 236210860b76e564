import re
from pathlib import Path

import pytest

from spacy_gliner_biomed.documents.outputs import Output, check_outputs, open_stream, plan_outputs

BIOC = ("n.bioc.json", "bioc-json")


@pytest.mark.parametrize(
    ("paths", "format_", "expected"),
    [
        ([], None, [Output("-", "table")]),
        ([], "jsonl", [Output("-", "jsonl")]),
        (["a.html"], None, [Output("a.html", "html")]),
        (["a.spacy", "a.jsonl"], None, [Output("a.spacy", "docbin"), Output("a.jsonl", "jsonl")]),
        (["a.html", "-"], None, [Output("a.html", "html"), Output("-", "table")]),
        (["a.html", "-"], "jsonl", [Output("a.html", "html"), Output("-", "jsonl")]),
        (["a.tsv"], "table", [Output("a.tsv", "table")]),
        (["a.jsonl"], "jsonl", [Output("a.jsonl", "jsonl")]),
        (
            ["x.csv", "n.bioc.json"],
            None,
            [Output("x.csv", "csv"), Output("n.bioc.json", "bioc-json")],
        ),
        (["a.prodigy.jsonl"], None, [Output("a.prodigy.jsonl", "prodigy")]),
        (["a.jsonl"], "prodigy", [Output("a.jsonl", "prodigy")]),
        (["out/NOTE_NLP.csv"], None, [Output("out/NOTE_NLP.csv", "omop")]),
        (["a.json", "a.csv"], "fhir", [Output("a.json", "fhir"), Output("a.csv", "csv")]),
        (["A.JSONL", "a.Html"], None, [Output("A.JSONL", "jsonl"), Output("a.Html", "html")]),
    ],
)
def test_ending_or_option_says_the_format(
    paths: list[str], format_: str | None, expected: list[Output]
) -> None:
    assert plan_outputs(paths, format_) == expected


@pytest.mark.parametrize(
    ("paths", "format_", "problem"),
    [
        (["a.tsv"], None, r"GB-E059.*a\.tsv"),
        (["a.html"], "jsonl", r"GB-E059.*a\.html.*--format jsonl\. Did you mean a\.jsonl\?"),
        (["a.json"], None, r"GB-E059.*a\.json.*may be bioc-json, pubannotation, labelstudio, fhir"),
        (["a.csv"], "fhir", r"GB-E059.*a\.csv.*fhir"),
        ([], "xls", r"GB-E030.*'format'.*table.*'xls'"),
        (["a.html", "a.html"], None, r"GB-E056.*twice"),
        (["a.html", "./a.html"], None, r"GB-E056.*twice"),
    ],
)
def test_unclear_outputs_are_refused(paths: list[str], format_: str | None, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        plan_outputs(paths, format_)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("out/a.json", "out/a.jsonl"),
        ("a.b.JSN", "a.b.jsonl"),
        ("a.htm", "a.html"),
        ("a.tsv", "a.csv"),
        ("a.xls", "a.csv"),
        ("a.xlsx", "a.csv"),
        ("a.docx", None),
        ("out/a", None),
    ],
)
def test_the_nearest_ending_is_proposed_before_all_endings_once(
    path: str, meant: str | None
) -> None:
    with pytest.raises(ValueError, match="GB-E059") as raised:
        plan_outputs([path], None)
    message = str(raised.value)
    before, _, after = message.partition(" These endings say it: ")
    found = re.findall(r"Did you mean (\S+)\?", before)
    assert found == ([] if meant is None else [str(Path(meant))])
    assert after.count(" .html,") == 1
    assert "labelstudio, prodigy" not in message  # names of formats that other endings have


def test_output_must_not_be_an_input_now_or_next_time(tmp_path: Path) -> None:
    notes = tmp_path / "notes.jsonl"
    notes.touch()
    for path, inputs in [(notes, [notes]), (tmp_path / "NEW.JSONL", [tmp_path])]:
        with pytest.raises(ValueError, match=r"GB-E056.*among the inputs"):
            check_outputs([Output(str(path), "jsonl")], inputs, [notes])
    with pytest.raises(ValueError, match=r"GB-E056.*is a folder"):
        check_outputs([Output(str(tmp_path), "html")], [notes], [notes])
    # HTML is never read, so that it may lie beside the notes.
    check_outputs([Output(str(tmp_path / "page.html"), "html")], [tmp_path], [notes])


def test_a_file_is_written_as_open_output_does_and_a_dash_is_standard_output(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "new folder" / "out.jsonl"
    for name in (str(path), "-"):
        with open_stream(name) as stream:
            stream.write(b"content")
            stream.flush()
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == capfdbinary.readouterr().out == b"content"
