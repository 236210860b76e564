import pickle
from pathlib import Path

import numpy as np
import pytest

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase, manifest_json
from tests.linking.conftest import CONCEPTS


def test_concepts_come_back_as_they_were(kb: KnowledgeBase) -> None:
    assert len(kb) == len(CONCEPTS)
    for expected in CONCEPTS:
        found = kb[expected.concept_id]
        assert found == Concept(
            expected.concept_id,
            expected.canonical_name,
            list(expected.aliases),
            list(expected.types),
            expected.definition,
        )


def test_an_unknown_id_is_not_in_it(kb: KnowledgeBase) -> None:
    assert "D:1" in kb
    assert "D:99" not in kb
    assert 1 not in kb
    with pytest.raises(ValueError, match=r"GB-E084.*'D:99'.*'small'"):
        kb["D:99"]


def test_the_manifest_counts(kb: KnowledgeBase) -> None:
    assert kb.manifest["concepts"] == 9
    assert kb.manifest["names"] == 20
    assert kb.manifest["with_definition"] == 1
    assert kb.type_names == ["disease", "finding", "drug"]
    assert '"licence": "CC0"' in manifest_json(kb)


def test_concepts_of_types(kb: KnowledgeBase) -> None:
    def ids(*types: str) -> list[str]:
        return [CONCEPTS[i].concept_id for i in np.flatnonzero(kb.concepts_of_types(types))]

    assert ids("drug") == ["C:1", "C:2"]
    assert ids("finding", "drug") == ["D:6", "C:1", "C:2"]
    assert ids("") == ["C:3"]
    with pytest.raises(ValueError, match=r"GB-E085.*\['gene'\].*disease, finding, drug"):
        kb.concepts_of_types(["gene"])


def tables_equal(one: KnowledgeBase, other: KnowledgeBase) -> bool:
    flat = other.tables.flat()
    return one.manifest == other.manifest and all(
        np.array_equal(array, flat[name]) for name, array in one.tables.flat().items()
    )


def test_a_file_and_bytes_hold_everything(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.to_disk(tmp_path / "new" / "small.kb")
    assert tables_equal(kb, KnowledgeBase.from_disk(tmp_path / "new" / "small.kb"))
    assert tables_equal(kb, KnowledgeBase.from_bytes(kb.to_bytes()))


def test_an_opened_file_is_not_copied_and_can_be_sent_to_a_process(
    kb: KnowledgeBase, tmp_path: Path
) -> None:
    kb.to_disk(tmp_path / "small.kb")
    opened = KnowledgeBase.from_disk(tmp_path / "small.kb")
    assert not opened.tables.concepts.flags.owndata
    assert not opened.tables.concepts.flags.writeable
    assert tables_equal(kb, pickle.loads(pickle.dumps(opened)))


def test_a_file_can_be_written_over_itself(kb: KnowledgeBase, tmp_path: Path) -> None:
    path = tmp_path / "small.kb"
    kb.to_disk(path)
    opened = KnowledgeBase.from_disk(path)
    opened.to_disk(path)
    assert tables_equal(opened, KnowledgeBase.from_disk(path))
    assert [file.name for file in tmp_path.iterdir()] == ["small.kb"]


@pytest.mark.parametrize("keep", [0, 5, 100, -40])
def test_a_damaged_file_is_refused(kb: KnowledgeBase, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "small.kb"
    path.write_bytes(kb.to_bytes()[:keep])
    with pytest.raises(ValueError, match=r"GB-E083.*small\.kb"):
        KnowledgeBase.from_disk(path)


def test_another_file_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "model.safetensors"
    save_file({"x": np.zeros(3)}, path)
    with pytest.raises(ValueError, match="GB-E083"):
        KnowledgeBase.from_disk(path)
    save_file({"x": np.zeros(3, dtype="f4")}, path, metadata={"about": '{"format": "other"}'})
    with pytest.raises(ValueError, match=r"GB-E083.*its format is 'other'"):
        KnowledgeBase.from_disk(path)
    with pytest.raises(ValueError, match="GB-E050"):
        KnowledgeBase.from_disk(tmp_path / "missing.kb")


def test_words_that_stand_for_one_another_are_learnt(kb: KnowledgeBase) -> None:
    assert "tumor" in kb.rewrites["neoplasm"]
    assert "hepatic" in kb.rewrites["liver"]
