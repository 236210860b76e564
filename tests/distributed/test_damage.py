"""Whatever is flipped or cut off in a corpus: the same records or rows of failures, no end."""

import gzip
import json
import random
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_gliner_biomed.distributed.corpus import Corpus
from spacy_gliner_biomed.distributed.records import CorpusRecord
from tests.distributed.test_pubmed import citation, deletion, pubmed

N_RECORDS, N_DAMAGES = 12, 30
ROWS = [{"id": str(i), "text": f"aspirin {i} for Köln", "ward": {"x": [i]}} for i in range(12)]
CHECKED = (".gz", ".spacy")  # formats with a checksum, which sees each changed bit
NEIGHBOR = "z.txt"


@lru_cache
def content_of(name: str) -> bytes:
    """A file with the records "0" to "11"."""
    if name.endswith(".gz"):
        return gzip.compress(content_of(name.removesuffix(".gz")), mtime=0)
    if name.endswith(".jsonl"):
        return "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    if name.endswith(".xml"):
        section = "<AbstractText>It <i>fell</i>.</AbstractText>"
        parts = [citation(i, f"Aspirin {i}.", section) for i in range(N_RECORDS)]
        return pubmed(*parts, deletion(99))
    return parquet() if name.endswith(".parquet") else docbin()


def parquet() -> bytes:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    stream = BytesIO()
    table = pyarrow.Table.from_pylist(ROWS)
    pytest.importorskip("pyarrow.parquet").write_table(table, stream, row_group_size=5)
    return stream.getvalue()


def docbin() -> bytes:
    nlp, docs = spacy.blank("en"), DocBin(store_user_data=True)
    for row in ROWS:
        doc = nlp(row["text"])
        doc.user_data["id"] = row["id"]
        docs.add(doc)
    return docs.to_bytes()


def read(folder: Path) -> list[CorpusRecord]:
    return [record for part in Corpus(folder).partitions() for record in part.records]


def flip(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 4))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


@pytest.mark.parametrize("damage", [flip, cut])
@pytest.mark.parametrize(
    "name", ["a.xml", "a.xml.gz", "a.jsonl", "a.jsonl.gz", "a.parquet", "a.spacy"]
)
def test_damaged_file_gives_its_records_or_failures_and_the_others_are_read(
    tmp_path: Path, name: str, damage: object
) -> None:
    assert callable(damage)
    chance = random.Random(f"{name} {damage.__name__}")
    whole = content_of(name)
    (tmp_path / NEIGHBOR).write_text("intact")
    (tmp_path / name).write_bytes(whole)
    intact = {record.id: record.content for record in read(tmp_path)}
    assert len(intact) == N_RECORDS + 1
    for _ in range(N_DAMAGES):
        (tmp_path / name).write_bytes(damage(whole, chance))
        records = read(tmp_path)
        good = [record.id for record in records if record.problem is None]
        failed = [record for record in records if record.problem is not None]
        assert len(set(good)) == len(good)
        assert NEIGHBOR in good
        at_a_line_end = name.endswith(".jsonl") and damage is cut  # is a whole shorter file
        assert failed or len(good) == N_RECORDS + 1 or at_a_line_end
        if damage is cut or name.endswith(CHECKED):
            assert {
                record.id: record.content for record in records if record.problem is None
            }.items() <= (intact.items())
        if damage is cut and not name.endswith(".jsonl"):
            assert failed
