"""The generated parts of pages: tables of results, and the reference of the Python API.

A page names what belongs between two comments, and has it as it was made last:

    <!-- table: speed packaged-cpu -->
    ...
    <!-- end -->
"""

import re
from collections.abc import Callable

from scripts.docs.reference import reference
from scripts.docs.tables import TABLES

MARK = re.compile(r"^<!-- (?:table|reference): .+ -->$", re.MULTILINE)
PLACE = re.compile(
    r"^<!-- (table|reference): (.+) -->\n(?:(?!<!-- (?:table|reference): ).*\n)*?<!-- end -->$",
    re.MULTILINE,
)
END = "<!-- end -->"


def with_places(text: str) -> str:
    """Return a page with its generated parts as they are now.

    RAISES (KeyError): If a page names a table that is not known.
    """
    return PLACE.sub(_fill, text)


def _fill(place: re.Match[str]) -> str:
    name, *arguments = place[2].split()
    make: Callable[..., str] = TABLES[name] if place[1] == "table" else _reference_of(name)
    return f"<!-- {place[1]}: {place[2]} -->\n\n{make(*arguments)}\n\n{END}"


def _reference_of(path: str) -> Callable[..., str]:
    return lambda *members: reference(path, members)
