"""Terminologies that are damaged: found when they are opened, or told by their checksum."""

import json
import random
import re
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
from safetensors.numpy import save_file

from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.kb.storage import TYPES
from spacy_gliner_biomed.linking.kb.tables import Tables
from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention

NAMES = ["breast tumours", "hepatic failures", "Wilson diseas", "DMD", "renal tumor", "zzz"]
N_FLIPS, N_TRUNCATIONS = 220, 30


def search(kb: KnowledgeBase) -> list[Any]:
    """All that is asked of a terminology."""
    linker = ConceptLinker([kb])
    ranked = [linker.rank(Mention(name, "")) for name in NAMES]
    concepts = [kb.concept(number) for number in range(len(kb))]
    chosen = [np.flatnonzero(kb.concepts_of_types([name])).tolist() for name in kb.type_names]
    return [ranked, concepts, chosen]


def corrupted(content: bytes, seed: int) -> bytes:
    rng = random.Random(seed)
    if seed < N_TRUNCATIONS:
        return content[: rng.randrange(len(content))]
    header = int.from_bytes(content[:8], "little") + 8
    at = rng.randrange(0 if seed % 4 == 0 else header, len(content))
    return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]


def test_damage_changes_nothing_or_is_an_error_or_is_found_by_verifying(kb: KnowledgeBase) -> None:
    content, expected = kb.to_bytes(), search(kb)
    result: Any = None
    silent, found = 0, {"opening": 0, "searching": 0, "verifying": 0}
    for seed in range(N_FLIPS + N_TRUNCATIONS):
        stage = "opening"
        tracemalloc.start()
        try:
            damaged = KnowledgeBase.from_bytes(corrupted(content, seed))
            stage = "searching"
            result = search(damaged)
        except ValueError as error:
            result = str(error)
            found[stage] += 1
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 20 * len(content) + 1_000_000, seed
        if isinstance(result, str):
            assert "[GB-E" in result, seed
        elif result == expected:
            silent += 1
        else:
            with pytest.raises(ValueError, match=r"GB-E15[23]"):
                damaged.verify()
            found["verifying"] += 1
    assert sum(found.values()) + silent == N_FLIPS + N_TRUNCATIONS
    assert min(silent, found["opening"], found["verifying"]) > 0, (silent, found)


def test_every_bit_that_is_read_is_verified(kb: KnowledgeBase) -> None:
    for name, array in kb.tables.flat().items():
        if not array.size:
            continue
        content = bytearray(array.tobytes())
        content[-1] ^= 1
        flat = {**kb.tables.flat(), name: np.frombuffer(bytes(content), array.dtype)}
        damaged = KnowledgeBase(kb.tables.from_flat(flat), kb.manifest)
        with pytest.raises(ValueError, match=r"GB-E152.*SHA-256"):
            damaged.verify()
    for key in kb.manifest:
        changed = KnowledgeBase(kb.tables, {**kb.manifest, key: "x"})
        with pytest.raises(ValueError, match="GB-E152"):
            changed.verify()


def test_what_was_built_or_saved_again_is_verified(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.verify()
    KnowledgeBase.from_bytes(kb.to_bytes()).verify()
    kb.to_disk(tmp_path / "a.kb")
    KnowledgeBase.from_disk(tmp_path / "a.kb").to_disk(tmp_path / "b.kb")
    KnowledgeBase.from_disk(tmp_path / "b.kb").verify()


def test_a_file_without_a_checksum_opens_and_cannot_be_verified(kb: KnowledgeBase) -> None:
    old = {key: value for key, value in kb.manifest.items() if key != "sha256"}
    opened = KnowledgeBase.from_bytes(KnowledgeBase(kb.tables, old).to_bytes())
    assert search(opened) == search(kb)
    with pytest.raises(ValueError, match=r"GB-E153.*no checksum"):
        opened.verify()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ngrams.rows", 2**30, "'ngrams.rows' has values"),  # a count of each row: 16 GB
        ("ngrams.rows", -1, "'ngrams.rows' has values"),
        ("ngrams.norms", np.nan, "'ngrams.norms' has values"),
        ("ngrams.idf", np.inf, "'ngrams.idf' has values"),
        ("ngrams.offsets", 2**40, "'ngrams.offsets' has values"),
        ("concepts", 9, "'concepts' has values that are not from 0 to 8"),
        ("forms", 2**31 - 1, "'forms' has values"),
        ("types", 3, "'types' has values"),
        ("by_bag.rows", -5, "'by_bag.rows' has values"),
        ("by_id.hashes", 2**64 - 1, "'by_id.hashes' is not in order"),
        ("names.offsets", -(2**63), "'names.offsets' has values"),
        ("first_names", 20, "'first_names' is not in order"),
        ("first_forms", 0, "'first_forms' is not in order"),
    ],
)
def test_a_bad_value_is_refused(kb: KnowledgeBase, name: str, value: float, message: str) -> None:
    arrays = kb.tables.flat()
    arrays[name] = arrays[name].copy()
    arrays[name][1] = value
    damaged = KnowledgeBase(kb.tables.from_flat(arrays), kb.manifest)
    with pytest.raises(ValueError, match=f"GB-E083.*{message}"):
        KnowledgeBase.from_bytes(damaged.to_bytes())


def test_types_are_those_of_the_annotations(kb: KnowledgeBase) -> None:
    for name in kb.tables.flat():
        kind, _, part = name.rpartition(".")
        owner = type(getattr(kb.tables, kind)) if kind else Tables
        # Of ndarray[shape, dtype[int64]] or NDArray[int64], the version of numpy decides.
        *_, annotated = re.findall(r"numpy\.(u?int\d+|float\d+)", str(get_type_hints(owner)[part]))
        assert np.dtype(TYPES[part]).name == annotated


@pytest.mark.parametrize("change", ["longer", "shorter", "type", "missing", "more", "axes"])
def test_arrays_of_another_form_are_refused(kb: KnowledgeBase, tmp_path: Path, change: str) -> None:
    for name, array in kb.tables.flat().items():
        arrays = kb.tables.flat()
        changed = {
            "longer": np.append(array, array[-1:]),
            "shorter": array[:-1],
            "type": array.astype("i2" if array.dtype != np.int16 else "i4"),
            "axes": array.reshape(1, -1),
        }
        arrays[name] = changed.get(change, array)
        if change == "missing":
            del arrays[name]
        elif change == "more":
            arrays[f"{name}s"] = array
        path = tmp_path / "a.kb"
        save_file(arrays, path, metadata={"about": json.dumps(kb.manifest)})
        with pytest.raises(ValueError, match="GB-E083"):
            KnowledgeBase.from_disk(path)


@pytest.mark.parametrize(
    "change",
    [
        {"name": 3},
        {"types": "disease"},
        {"types": ["disease"]},
        {"types": [1, 2, 3]},
        {"rewrites": []},
        {"rewrites": {"a": "b"}},
        {"concepts": 8},
        {"names": None},
    ],
)
def test_a_manifest_of_another_form_is_refused(kb: KnowledgeBase, change: dict[str, Any]) -> None:
    damaged = KnowledgeBase(kb.tables, {**kb.manifest, **change})
    with pytest.raises(ValueError, match="GB-E083"):
        KnowledgeBase.from_bytes(damaged.to_bytes())


def test_a_string_that_is_no_text_is_an_error(kb: KnowledgeBase) -> None:
    data = kb.tables.names.data.copy()
    data[0] = 0xFF
    names = replace(kb.tables.names, data=data)
    damaged = KnowledgeBase(replace(kb.tables, names=names), kb.manifest)
    with pytest.raises(ValueError, match=r"GB-E151.*string 0 is not UTF-8"):
        KnowledgeBase.from_bytes(damaged.to_bytes()).concept(0)
