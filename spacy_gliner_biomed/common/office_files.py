"""Files of office programs: there is text in them, which has to be extracted before it is read."""

from pathlib import Path
from shlex import quote

from spacy_gliner_biomed.errors import Errors

AS_TEXT = "soffice --headless --convert-to txt:Text"
AS_TABLE = "soffice --headless --convert-to csv"
# The program that extracts the text of files with an ending.
EXTRACTORS = {".pdf": "pdftotext"}
EXTRACTORS |= dict.fromkeys((".doc", ".docx", ".odt", ".rtf"), AS_TEXT)
EXTRACTORS |= dict.fromkeys((".xls", ".xlsx", ".ods"), AS_TABLE)
# What they begin with: PDF, ZIP (newer Office files), OLE (older ones) and RTF.
MARKS = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf")


def refuse_office_file(path: Path, *, format_named: bool) -> None:
    """Refuse a file of an office program, whose bytes are not its text.

    path (Path): A file or folder.
    format_named (bool): Whether its format is named. Then its beginning decides, because text may
        have any ending; otherwise its ending alone.
    RAISES (ValueError): If it is one; with a command that extracts its text.
    """
    command = EXTRACTORS.get(path.suffix.lower())
    if command is None or not path.is_file():
        return
    if not format_named or _has_mark(path):
        call = f"{command} {quote(str(path))}"
        raise ValueError(Errors.E380.format(path=path, ending=path.suffix, command=call))


def _has_mark(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(8).startswith(MARKS)
