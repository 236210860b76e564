"""Labels of the training data are known afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

from spacy_gliner_biomed.models.catalogue import Catalogue, TrainedLabel
from spacy_gliner_biomed.models.gliner import network_shim


def examples(nlp: Language) -> list[Example]:
    """Two Docs with an ataxic gait."""
    docs = [nlp.make_doc("An ataxic gait."), nlp.make_doc("Ataxic gait and no fever.")]
    docs[0].spans["sc"] = [Span(docs[0], 1, 3, label="NEURO_SIGN")]
    docs[1].spans["sc"] = [Span(docs[1], 0, 2, label="NEURO_SIGN")]
    return [Example(nlp.make_doc(doc.text), doc) for doc in docs]


def catalogue_of(nlp: Language) -> Catalogue:
    return network_shim(nlp.get_pipe("gliner_biomed").model).checkpoint.catalogue


def test_trained_labels_are_familiar_and_saved(
    make_nlp: Callable[..., Language], tmp_path: Path
) -> None:
    nlp = make_nlp(labels=["disease"])
    nlp("aspirin")
    checkpoint = network_shim(nlp.get_pipe("gliner_biomed").model).checkpoint
    checkpoint.catalogue = Catalogue((TrainedLabel("disease", mentions=9),))
    nlp.get_pipe("gliner_biomed").labels = [
        "disease",
        {"label": "NEURO_SIGN", "prompt": "neuro sign"},
    ]
    with pytest.warns(UserWarning, match="GB-W411.*no gold entity of 1 label .*'disease'"):
        nlp.get_pipe("gliner_biomed").initialize(lambda: examples(nlp), nlp=nlp)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    loaded("An ataxic gait.")  # warnings are errors here
    disease, sign = catalogue_of(loaded).labels
    assert (disease.label, disease.mentions) == ("disease", 9)
    assert (sign.label, sign.mentions, sign.prompt_variants) == ("neuro sign", 2, ["NEURO_SIGN"])
    assert sign.examples == ["ataxic gait", "Ataxic gait"]


def test_a_checkpoint_that_does_not_list_its_labels_lists_none(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp(labels=["NEURO_SIGN"])
    nlp.get_pipe("gliner_biomed").initialize(lambda: examples(nlp), nlp=nlp)
    assert catalogue_of(nlp) == Catalogue()
