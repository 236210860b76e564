"""A new network on a pretrained encoder: keeps its weights, learns, and saves by itself."""

from pathlib import Path

import pytest
import spacy
import torch
from safetensors.torch import load_file
from spacy.language import Language
from spacy.training import Example
from transformers import AutoTokenizer

from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.trainer import make_adamw
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from tests.parity.encoders import random_encoder

TEXT = AnnotatedText("the aspirin-induced fever", [(4, 11, "drug")], [], ["drug", "disease"])


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_encoder("bert", tmp_path_factory.mktemp("fresh") / "encoder")


def make_nlp(encoder: Path, **values: object) -> Language:
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy-gliner-biomed.NewGLiNER.v1",
        "encoder": str(encoder),
        "encoder_name": "somebody/encoder",
        "max_width": 3,
        "max_len": 30,
        **values,
    }
    sampler = {"vary": 0.0}
    config = {"labels": ["drug", "disease"], "model": model, "label_sampler": sampler}
    nlp.add_pipe("gliner_biomed", config=config)
    return nlp


@pytest.mark.parametrize("values", [{"num_rnn_layers": 0}, {"hidden_size": 24}])
def test_learns_saves_and_loads_without_the_encoder_folder(
    encoder: Path, tmp_path: Path, values: dict[str, int]
) -> None:
    nlp = make_nlp(encoder, **values)
    example = Example(nlp.make_doc(TEXT.text), gold_doc(nlp, TEXT, "sc"))
    nlp.initialize(lambda: [example])
    optimizer = make_adamw(3e-3, scorer_factor=1.0)
    losses = [nlp.update([example], sgd=optimizer)["gliner_biomed"] for _ in range(150)]
    assert losses[-1] < 0.02 * losses[0]
    nlp.to_disk(tmp_path / "saved")
    saved = (tmp_path / "saved" / "gliner_biomed" / "model" / "gliner_config.json").read_text()
    assert str(encoder) not in saved
    assert "somebody/encoder" in saved
    loaded = spacy.load(tmp_path / "saved", config={"components.gliner_biomed.alignment": "split"})
    assert [(e.text, e.label_) for e in loaded(TEXT.text).ents] == [("aspirin", "drug")]


def test_the_encoders_weights_are_kept_and_the_markers_get_rows(encoder: Path) -> None:
    component = make_nlp(encoder).get_pipe("gliner_biomed")
    checkpoint = network_shim(component.model).checkpoint
    pretrained = load_file(encoder / "model.safetensors")
    ours = checkpoint.network.encoder.state_dict()
    name = "embeddings.word_embeddings.weight"
    known = len(AutoTokenizer.from_pretrained(encoder))
    assert len(ours[name]) == known + 3  # upstream's left-over and the two markers
    assert torch.equal(ours[name][:known], pretrained[name][:known])
    assert checkpoint.config.class_token_index == known + 1
    key = "encoder.layer.0.output.dense.weight"
    assert torch.equal(ours[key], pretrained[key])


def test_a_missing_encoder_is_said(tmp_path: Path) -> None:
    component = make_nlp(tmp_path / "nowhere").get_pipe("gliner_biomed")
    with pytest.raises(ValueError, match="GB-E017"):
        component.initialize(lambda: [])
