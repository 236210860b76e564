import zlib
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_gliner_biomed.documents.inputs import read_docbin
from spacy_gliner_biomed.training import docbins
from spacy_gliner_biomed.training.docbins import open_docbin
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.formats.plain import read_docs


def test_docs_are_read_with_their_user_data(tmp_path: Path) -> None:
    doc = spacy.blank("en").make_doc("Aspirin for a headache.")
    doc.user_data["id"] = "n1"
    DocBin(store_user_data=True, docs=[doc]).to_disk(tmp_path / "a.spacy")
    (found,) = open_docbin(tmp_path / "a.spacy").get_docs(Vocab())
    assert (found.text, found.user_data["id"]) == (doc.text, "n1")


def test_a_small_file_cannot_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.spacy"
    path.write_bytes(zlib.compress(bytes(1_000_000)))  # about 1,000 times its size
    monkeypatch.setattr(docbins, "MAX_BYTES", 500_000)
    problem = r"GB-E053.*bomb\.spacy.*more than 500,000 bytes unpacked"
    with pytest.raises(ValueError, match=problem):
        list(read_docbin(path, Vocab()))
    with pytest.raises(ValueError, match=problem):
        list(read_docs(path, ReadOptions(), {}))


def test_a_large_file_is_read_if_its_size_is_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = [spacy.blank("en").make_doc(f"word {i}") for i in range(200)]
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    monkeypatch.setattr(docbins, "MAX_BYTES", 100)
    assert len(list(open_docbin(tmp_path / "a.spacy").get_docs(Vocab()))) == 200
