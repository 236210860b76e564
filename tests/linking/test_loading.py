import hashlib
from pathlib import Path

import pytest

from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.loading import build_knowledge_base, make_knowledge_base


def test_nothing_is_read_before_it_is_needed(tmp_path: Path) -> None:
    load = make_knowledge_base([tmp_path / "missing.kb"])
    with pytest.raises(ValueError, match=r"GB-E050.*missing\.kb"):
        load()


def test_built_and_other_files_are_loaded(
    kb: KnowledgeBase, terminology: Path, tmp_path: Path
) -> None:
    kb.to_disk(tmp_path / "built.kb")
    built, other = make_knowledge_base([tmp_path / "built.kb", terminology])()
    assert (built.name, other.name) == ("small", "small")
    assert len(built) == len(other)


def test_the_manifest_names_the_sources(terminology: Path, tmp_path: Path) -> None:
    table = tmp_path / "more.csv"
    table.write_text("id,name\nE:1,Gout\n")
    kb = build_knowledge_base([terminology, table], name="both", version="2", licence="CC0")
    assert kb.manifest["sources"] == [
        {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "concepts": n}
        for path, n in ((terminology, 9), (table, 1))
    ]
    assert (kb.name, kb.manifest["version"], kb.manifest["licence"]) == ("both", "2", "CC0")
    assert "E:1" in kb


def test_an_id_of_two_files_is_refused(terminology: Path, tmp_path: Path) -> None:
    table = tmp_path / "more.csv"
    table.write_text("id,name\nD:1,Gout\n")
    with pytest.raises(ValueError, match=r"GB-E060.*more\.csv.*'D:1' is also in .*small\.jsonl"):
        build_knowledge_base([terminology, table], name="both")
