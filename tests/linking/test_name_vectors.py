"""Candidates by vectors: the encoder's own, ranked with those by letters, saved with the rest."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language

from spacy_gliner_biomed.linking.kb.candidates import SIMILAR, Scope
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from spacy_gliner_biomed.linking.linker import ConceptLinker, Mention
from spacy_gliner_biomed.linking.name_vectors import FormVectors, NameVectors
from spacy_gliner_biomed.models.gliner import GLiNER_v1, network_shim
from spacy_gliner_biomed.types import FloatArray
from tests.linking.conftest import TEXT
from tests.tiny import tiny_checkpoint

AXES = {"breast": 0, "kidney": 1, "renal": 1, "liver": 2, "hepatic": 2, "mamma": 0}


def by_meaning(names: Any) -> FloatArray:
    """An axis for each organ, and one for all other names."""
    vectors = np.zeros((len(names), 4), dtype=np.float32)
    for vector, name in zip(vectors, names, strict=True):
        words = name.lower().replace(",", "").split()
        vector[next((AXES[word] for word in words if word in AXES), 3)] = 1.0
    return vectors


def make_linker(kb: KnowledgeBase, weight: float) -> ConceptLinker:
    forms = FormVectors.build(kb, by_meaning)
    return ConceptLinker([kb], vectors=NameVectors(by_meaning, {kb.name: forms}, weight))


def test_a_name_without_common_letters_is_found_by_its_vector(kb: KnowledgeBase) -> None:
    mention = Mention("mamma", "disease")
    assert ConceptLinker([kb]).rank(mention) == []
    ranked = make_linker(kb, 0.5).rank(mention)
    assert ranked[0] == ("D:1", pytest.approx(0.5 * SIMILAR))


def test_damaged_vectors_are_refused(kb: KnowledgeBase) -> None:
    content = FormVectors.build(kb, by_meaning).to_bytes()
    assert np.array_equal(
        FormVectors.from_bytes(kb, content).vectors, FormVectors.build(kb, by_meaning).vectors
    )
    rng = np.random.default_rng(0)
    for at in [*rng.integers(0, len(content), 60).tolist(), len(content) - 1]:
        damaged = bytearray(content)
        damaged[at] ^= 1 << int(rng.integers(8))
        try:
            found = FormVectors.from_bytes(kb, bytes(damaged)).vectors
        except ValueError as error:
            message = str(error)
        else:  # a space became another white space
            assert np.array_equal(found, FormVectors.from_bytes(kb, content).vectors)
            continue
        assert message.startswith("[GB-E"), at
    for n_bytes in (0, 7, 100, len(content) - 1):
        with pytest.raises(ValueError, match="GB-E083"):
            FormVectors.from_bytes(kb, content[:n_bytes])


def test_an_equal_name_is_not_ranked_by_vectors(kb: KnowledgeBase) -> None:
    mention = Mention("Renal tumors", "disease")
    assert make_linker(kb, 1.0).rank(mention) == ConceptLinker([kb]).rank(mention)


def test_both_similarities_count_by_their_weights(kb: KnowledgeBase) -> None:
    mention = Mention("livers failed", "disease")
    letters = dict(ConceptLinker([kb]).rank(mention))
    both = dict(make_linker(kb, 0.3).rank(mention))
    assert set(letters) <= set(both)
    for concept_id, score in both.items():
        cosine = float(concept_id in ("D:3", "D:6"))  # "liver" is in a name of these
        # "livers" has no axis, so that the mention is like names without an organ.
        cosine = float(not cosine and concept_id not in ("D:1", "D:2"))
        expected = 0.7 * letters.get(concept_id, 0.0) + 0.3 * SIMILAR * cosine
        assert score == pytest.approx(expected, abs=1e-6)


def test_a_scope_is_kept_to(kb: KnowledgeBase) -> None:
    scope = Scope.of(kb, kb.concepts_of_types(["drug"]))
    forms = FormVectors.build(kb, by_meaning)
    found = forms.merge({}, by_meaning(["kidney"])[0], scope, 1.0)
    assert {kb.tables.ids[number] for number in found} == {"C:1", "C:2"}


def test_vectors_of_another_terminology_are_refused(kb: KnowledgeBase, tmp_path: Path) -> None:
    forms = FormVectors.build(kb, by_meaning)
    np.testing.assert_array_equal(
        FormVectors.from_bytes(kb, forms.to_bytes()).vectors, forms.vectors
    )
    forms.to_disk(tmp_path / "x.vectors")
    other = KnowledgeBase.build([kb["D:1"]], name="other")
    with pytest.raises(ValueError, match=r"GB-E083.*'other'"):
        FormVectors.from_disk(other, tmp_path / "x.vectors")


@pytest.mark.parametrize("kind", ["uni_span", "bi_span"])
def test_a_name_has_the_same_vector_alone_and_among_others(tmp_path: Path, kind: str) -> None:
    shim = network_shim(GLiNER_v1(str(tiny_checkpoint(tmp_path / "model", kind=kind))))
    names = ["drug", "", "disease of the cell", "x" * 500, "gene"]
    together = shim.embed_names(names)
    alone = np.concatenate([shim.embed_names([name]) for name in names])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    network = shim.checkpoint.network
    expected = getattr(network, "labels_encoder", network.encoder)
    assert shim.checkpoint.name_encoder[0] is expected


def with_encoder(make_nlp: Callable[..., Language], checkpoint: Path, **config: Any) -> Language:
    encoder = {"@architectures": "spacy-gliner-biomed.GLiNER.v1", "checkpoint": str(checkpoint)}
    return make_nlp(encoder=encoder, threshold=0.1, k=20, **config)


def candidates(nlp: Language) -> list[list[tuple[str, float]]]:
    return [entity._.kb_ents for entity in nlp(TEXT).ents]


def test_the_encoder_and_its_vectors_are_saved(
    make_nlp: Callable[..., Language], terminology: Path, tmp_path: Path
) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "model")
    nlp = with_encoder(make_nlp, checkpoint, vector_weight=0.5)
    expected = candidates(nlp)
    assert all(expected)  # "zzz" has candidates by its vector alone
    nlp.to_disk(tmp_path / "pipeline")
    content = nlp.get_pipe("gliner_biomed_linker").to_bytes()
    other = with_encoder(make_nlp, tmp_path / "none", vector_weight=0.5)
    (checkpoint / "gliner_config.json").unlink()
    terminology.unlink()
    assert candidates(spacy.load(tmp_path / "pipeline")) == expected
    other.get_pipe("gliner_biomed_linker").from_bytes(content)
    assert candidates(other) == expected
    script = (
        "import sys, spacy; nlp = spacy.load(sys.argv[1])\n"
        "docs = nlp.pipe([sys.argv[2]] * 4, n_process=2, batch_size=2)\n"
        "print([[e._.kb_ents for e in d.ents] for d in docs])"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "pipeline"), TEXT]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = eval(printed)  # of a process that we started
    for ranked in found:
        assert [[c for c, _ in each] for each in ranked] == [[c for c, _ in x] for x in expected]


def test_a_weight_that_is_none_is_refused(make_nlp: Callable[..., Language]) -> None:
    with pytest.raises(ValueError, match=r"GB-E030.*vector_weight.*1\.5"):
        make_nlp(vector_weight=1.5)
