"""Read the elements of an XML file one by one, without expanding entities that it declares."""

import codecs
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from html.entities import html5
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from spacy_gliner_biomed.common.files import open_bytes
from spacy_gliner_biomed.common.reporting import has_code
from spacy_gliner_biomed.errors import Errors

CHUNK = 1 << 16  # bytes
DECLARED = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([^"']+)""")
MAX_DEPTH = 1000  # levels of elements


def read_elements(path: Path, tags: Collection[str]) -> Iterator[Element]:
    """Read the outermost elements of some tags. Only one of them is in memory at a time.

    An external DTD is never read. Entities that it would define have HTML's values, such as
    `&nbsp;`.

    path (Path): The file, see `files.open_bytes`.
    tags (Collection[str]): The tags, with their prefixes.
    YIELDS (Element): The elements, with all that is in them.
    RAISES (ValueError): With file and line, if the XML is broken, is nested deeper than
        `MAX_DEPTH`, or declares an entity of its own, which could expand without bounds.
    """
    with open_bytes(path) as stream:
        yield from _parse(stream, path, tags)


def root_tag(path: Path) -> str | None:
    """Return the tag of an XML file's root element; None if there is none in its beginning."""
    found: list[str] = []
    with open_bytes(path) as stream, suppress(expat.ExpatError, ValueError, LookupError):
        chunk = stream.read(CHUNK)
        parser = expat.ParserCreate(_encoding(chunk))
        parser.StartElementHandler = lambda tag, _: found.append(tag)
        parser.Parse(chunk)
    return found[0] if found else None


def _parse(stream: BinaryIO, path: Path, tags: Collection[str]) -> Iterator[Element]:
    collector, chunk = _Collector(tags), stream.read(CHUNK)
    parser = expat.ParserCreate(_encoding(chunk))
    parser.buffer_text = True
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.data
    parser.SkippedEntityHandler = collector.skipped
    parser.EntityDeclHandler = collector.declared
    try:
        while chunk:
            parser.Parse(chunk)
            yield from collector.take()
            chunk = stream.read(CHUNK)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # LookupError: unknown encoding
        if has_code(error):
            raise
        line, problem = parser.CurrentLineNumber, str(error).partition(": line ")[0]
        raise ValueError(Errors.E060.format(path=path, line=line, error=problem)) from error
    yield from collector.take()


def _encoding(head: bytes) -> str | None:
    """Return the encoding if a file declares UTF-8 by a name that only Python knows, as files
    that the package bioc writes do ("utf8"); otherwise None, and the declaration counts.
    """
    found = DECLARED.match(head)
    with suppress(LookupError, UnicodeDecodeError):
        if found and codecs.lookup(found[1].decode()).name == "utf-8":
            return "utf-8"
    return None


class _Collector:
    """Builds the elements that are wanted.

    tags (Collection[str]): Their tags.
    """

    def __init__(self, tags: Collection[str]) -> None:
        self.tags = tags
        self.depth = 0
        self.first = 0  # the depth at which the element that is being built begins
        self.builder: TreeBuilder | None = None
        self.ready: list[Element] = []

    def take(self) -> list[Element]:
        """Return the elements that are complete, each once."""
        ready, self.ready = self.ready, []
        return ready

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError(f"elements are nested deeper than {MAX_DEPTH:,} levels")
        if self.builder is None and tag in self.tags:
            self.builder, self.first = TreeBuilder(), self.depth
        if self.builder is not None:
            self.builder.start(tag, attributes)

    def end(self, tag: str) -> None:
        if self.builder is not None:
            self.builder.end(tag)
            if self.depth == self.first:
                self.ready.append(self.builder.close())
                self.builder = None
        self.depth -= 1

    def data(self, text: str) -> None:
        if self.builder is not None:
            self.builder.data(text)

    def skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            if f"{name};" not in html5:
                raise ValueError(f"the entity &{name}; is not known")
            self.data(html5[f"{name};"])

    def declared(self, name: str, is_parameter: bool, *_: Any) -> None:
        if not is_parameter:
            raise ValueError(f"it declares the entity &{name};, which is refused as unsafe")
