"""Files of office programs are refused with a command that extracts their text."""

from pathlib import Path

import pytest

from spacy_gliner_biomed.common.office_files import refuse_office_file


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("a.pdf", b"%PDF-1.7\n", "pdftotext "),
        ("A.DOCX", b"PK\x03\x04\x14", "soffice --headless --convert-to txt:Text "),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1", "soffice --headless --convert-to txt:Text "),
        ("a.odt", b"PK\x03\x04\x14", "soffice --headless --convert-to txt:Text "),
        ("a.rtf", b"{\\rtf1\\ansi", "soffice --headless --convert-to txt:Text "),
        ("a.xlsx", b"PK\x03\x04\x14", "soffice --headless --convert-to csv "),
    ],
)
@pytest.mark.parametrize("format_named", [True, False])
def test_the_message_has_a_command_for_the_file(
    tmp_path: Path, name: str, content: bytes, command: str, format_named: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match="GB-E380") as raised:
        refuse_office_file(path, format_named=format_named)
    assert f"{command}{path}" in str(raised.value)


def test_text_with_such_an_ending_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "old.doc"
    path.write_text("Gout since 1987.")
    refuse_office_file(path, format_named=True)
    with pytest.raises(ValueError, match="GB-E380"):
        refuse_office_file(path, format_named=False)


def test_folders_and_other_files_are_not_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").mkdir()
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04")
    for path in tmp_path.iterdir():
        refuse_office_file(path, format_named=False)
