"""What a partition exports; `tests/documents/writing` tests the formats."""

import json
from io import BytesIO
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner_biomed.distributed.corpus_annotator import AnnotatorConfig, CorpusAnnotator
from spacy_gliner_biomed.distributed.exports import EXPORTS, make_export
from spacy_gliner_biomed.distributed.records import CorpusRecord, Partition
from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.entities import Entity
from spacy_gliner_biomed.training.formats.table import read_format

FILES = {
    "docbin": ["docs.spacy"],
    "html": ["documents.html"],
    "csv": ["documents.csv"],
    "bioc-xml": ["documents.bioc.xml"],
    "bioc-json": ["documents.bioc.json"],
    "pubannotation": ["documents.pubannotation.json"],
    "pubtator": ["documents.pubtator"],
    "brat": ["brat/annotation.conf", "brat/d1.ann", "brat/d1.txt", "brat/d3.ann", "brat/d3.txt"],
    "conll": ["documents.conll"],
    "labelstudio": ["documents.labelstudio.json"],
    "prodigy": ["documents.prodigy.jsonl"],
    "fhir": ["documents.fhir.json"],
    "omop": ["documents.omop.csv"],
}


def annotate(trivial: str, name: str) -> dict[str, bytes]:
    """The files of a partition of which one document fails."""
    from tests.distributed.conftest import FAULTS

    records = [
        CorpusRecord("d1", "in:1", "more\naspirin", meta='{"note_id": 1}'),
        CorpusRecord("d2", "in:2", "poison"),
        CorpusRecord("d3", "in:3"),
    ]
    annotator = CorpusAnnotator(AnnotatorConfig(trivial, code=FAULTS, export=name))
    return annotator(Partition(0, records, 0)).files


@pytest.mark.parametrize("name", EXPORTS)
def test_each_format_has_files_of_its_name_with_what_was_found(trivial: str, name: str) -> None:
    files = annotate(trivial, name)
    assert sorted(files) == FILES[name]
    if name != "docbin":
        content = b"".join(files.values()).decode()
        assert "aspirin" in content or '"end": 12' in content  # PubAnnotation has no mentions
        assert "poison" not in content


@pytest.mark.parametrize("name", ["brat", "pubtator"])
def test_our_readers_find_what_was_exported(trivial: str, name: str, tmp_path: Path) -> None:
    for path, content in annotate(trivial, name).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    path = tmp_path / ("brat" if name == "brat" else "documents.pubtator")
    found = {text.name: text.spans for text in read_format(path, name)}
    assert found == {"d1": [(5, 12, "DRUG")], "d3": []}


def test_docbin_has_ids_and_metadata(trivial: str) -> None:
    (content,) = annotate(trivial, "docbin").values()
    first, second = DocBin().from_bytes(content).get_docs(spacy.blank("en").vocab)
    assert (first.user_data["id"], first.user_data["meta"]) == ("d1", {"note_id": 1})
    assert (second.user_data["id"], second.text) == ("d3", "")


def test_a_document_that_a_format_cannot_hold_leaves_the_file_valid() -> None:
    export = make_export("fhir")
    doc, whole = spacy.blank("en")("aspirin"), Entity(0, 7, "drug", 0.5, "aspirin")
    export.add(doc, Record("a"), [whole])
    broken = Entity(0, 7, "drug", 0.5, "aspirin", attributes={}, concept_id=" a")
    with pytest.raises(ValueError, match="GB-E225"):
        export.add(doc, Record("b"), [whole, broken])
    export.add(doc, Record("c"), [])
    (content,) = export.files().values()
    assert len(json.load(BytesIO(content))["entry"]) == 3
