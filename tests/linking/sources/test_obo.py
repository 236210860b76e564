import importlib.util
import sys
from pathlib import Path

import pytest

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.sources.formats import read_concepts

OBO = """format-version: 1.2
default-namespace: cell

[Term]
id: CL:0000001
name: primary cultured cell
def: "A cell \\"in vitro\\"." [GOC:tfm]
synonym: "unpassaged cultured cell" EXACT []
synonym: "cell" BROAD []

[Term]
id: CL:0000002
name: obsolete cell
is_obsolete: true

[Term]
id: GO:0000003
namespace: process

[Term]
id: GO:0000004
name: growth
namespace: process

[Typedef]
id: part_of
name: part of
"""
HAS_FASTOBO = importlib.util.find_spec("fastobo") is not None


@pytest.fixture
def ontology(tmp_path: Path) -> Path:
    path = tmp_path / "cl.obo"
    path.write_text(OBO)
    return path


@pytest.mark.skipif(not HAS_FASTOBO, reason="needs fastobo (extra 'kb')")
def test_named_terms_that_are_not_obsolete_are_read(ontology: Path) -> None:
    assert list(read_concepts(ontology)) == [
        Concept(
            "CL:0000001",
            "primary cultured cell",
            ["unpassaged cultured cell", "cell"],
            ["cell"],
            'A cell "in vitro".',
        ),
        Concept("GO:0000004", "growth", [], ["process"]),
    ]


@pytest.mark.skipif(not HAS_FASTOBO, reason="needs fastobo (extra 'kb')")
def test_a_broken_line_is_named(ontology: Path) -> None:
    ontology.write_text(OBO.replace("name: growth", "name growth"))
    with pytest.raises(ValueError, match=r"GB-E060.*cl\.obo, line 22: "):
        list(read_concepts(ontology))


def test_a_missing_parser_is_said(ontology: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastobo", None)
    with pytest.raises(ImportError, match=r"GB-E107.*cl\.obo needs fastobo.*\[kb\]"):
        list(read_concepts(ontology))
