"""The network behind thinc: how it computes, what it refuses, and many threads at once."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import srsly
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_gliner_biomed.models import label_vectors
from spacy_gliner_biomed.models.checkpoints import Checkpoint, read_checkpoint
from spacy_gliner_biomed.models.gliner import network_shim
from spacy_gliner_biomed.models.shim import NetworkShim
from spacy_gliner_biomed.nn import marker_v0, precision
from spacy_gliner_biomed.nn.encoders import deberta
from tests.tiny import tiny_checkpoint

MakeNlp = Callable[..., Language]
TEXTS = ["aspirin of the cell", "a gene", "the drug was, for the patient, of disease 5"]


def shim_of(nlp: Language) -> NetworkShim:
    return network_shim(nlp.get_pipe("gliner_biomed").model)


def pretend(monkeypatch: pytest.MonkeyPatch, *, fast: bool) -> None:
    """Pretend that the machine has fast products in 16 bits, or none."""
    monkeypatch.setattr(precision, "has_fast_products", lambda dtype, device: fast)


def scores(nlp: Language, text: str) -> list[tuple[int, int, str, float]]:
    return found_in(nlp(text))


def found_in(doc: Doc) -> list[tuple[int, int, str, float]]:
    group = doc.spans["sc"]
    pairs = zip(group, group.attrs["scores"], strict=True)
    return [(span.start_char, span.end_char, span.label_, score) for span, score in pairs]


@pytest.mark.parametrize("asked", ["bfloat16", "float16"])
def test_without_fast_products_16_bits_are_computed_in_float32_and_it_is_said_once(
    make_nlp: MakeNlp, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    pretend(monkeypatch, fast=False)
    nlp, exact = make_nlp(precision=asked), make_nlp()
    with pytest.warns(UserWarning, match=rf"\[GB-W130\] precision='{asked}'.*this CPU") as caught:
        found = scores(nlp, TEXTS[0])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert found == scores(exact, TEXTS[0])
    assert shim_of(nlp).runner.precision == "float32"
    assert scores(nlp, TEXTS[1]) == scores(exact, TEXTS[1])


@pytest.mark.parametrize("fast", [False, True])
def test_auto_is_the_fastest_and_says_nothing(
    make_nlp: MakeNlp, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    pretend(monkeypatch, fast=fast)
    nlp = make_nlp(precision="auto")
    nlp(TEXTS[0])
    assert shim_of(nlp).runner.precision == ("bfloat16" if fast else "float32")
    types: set[torch.dtype] = set()
    projection = shim_of(nlp).checkpoint.network.span_scorer.project_start[0]
    projection.register_forward_hook(lambda layer, given, made: types.add(made.dtype))
    nlp(TEXTS[0])
    assert types == {torch.bfloat16 if fast else torch.float32}


def test_training_computes_in_what_the_machine_is_fast_in(
    make_nlp: MakeNlp, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, fast=False)
    nlp = make_nlp(precision="auto", labels=["drug"])
    example = Example.from_dict(nlp.make_doc(TEXTS[0]), {"spans": {"sc": [(0, 7, "drug")]}})
    nlp.initialize(lambda: [example])
    optimizer = nlp.get_pipe("gliner_biomed").create_optimizer()
    types: set[torch.dtype] = set()
    dense = shim_of(nlp).checkpoint.network.encoder.encoder.layer[0].intermediate.dense
    dense.register_forward_hook(lambda layer, given, made: types.add(made.dtype))
    nlp.update([example], sgd=optimizer)
    assert types == {torch.float32}


def test_a_training_that_diverged_finds_nothing_and_saves_nothing(
    make_nlp: MakeNlp, tmp_path: Path
) -> None:
    nlp = make_nlp(labels=["drug"])
    example = Example.from_dict(nlp.make_doc(TEXTS[0]), {"spans": {"sc": [(0, 7, "drug")]}})
    nlp.initialize(lambda: [example])
    optimizer = nlp.get_pipe("gliner_biomed").create_optimizer()
    optimizer.learn_rate = float("nan")
    nlp.update([example], sgd=optimizer)
    with pytest.raises(ValueError, match=r"\[GB-E130\] The trained weights"):
        nlp(TEXTS[0])
    with pytest.raises(ValueError, match=r"\[GB-E130\] The model's weights"):
        nlp.to_disk(tmp_path)
    with pytest.raises(ValueError, match=r"\[GB-E131\]"):
        nlp.update([example], sgd=optimizer)


@pytest.mark.parametrize(
    "name", ["../outside.json", "/outside.json", "labels_tokenizer/../../x", "code.py"]
)
def test_bytes_write_no_file_that_a_checkpoint_does_not_have(
    make_nlp: MakeNlp, name: str, tmp_path: Path
) -> None:
    nlp = make_nlp()
    shim = shim_of(nlp)
    files = {**srsly.msgpack_loads(shim.to_bytes()), name: b"{}"}
    with pytest.raises(ValueError, match=r"\[GB-E137\]") as error:
        shim.from_bytes(srsly.msgpack_dumps(files))
    assert repr(name) in str(error.value)
    del files[name]
    shim.from_bytes(srsly.msgpack_dumps(files))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Caches that hold next to nothing, and threads that take turns as often as they can."""
    monkeypatch.setattr(label_vectors, "MAX_CACHED", 2)
    monkeypatch.setattr(deberta, "REACH", 8)
    monkeypatch.setattr(marker_v0, "MANY", 2)
    monkeypatch.setattr(marker_v0, "screening_pays", lambda labels, *_: labels.dim() == 2)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("kind", "encoder", "n_turns"),
    [("bi_span", "bert", 200), ("uni_span", "deberta", 50), ("uni_token", "bert", 25)],
)
def test_many_threads_find_what_one_finds(
    make_nlp: MakeNlp, tmp_path: Path, kind: str, encoder: str, n_turns: int
) -> None:
    """8 threads ask up to 200 times each, for texts of other lengths and for other labels."""
    folder = tiny_checkpoint(tmp_path, kind=kind, encoder=encoder, seed=16, num_rnn_layers=0)
    one, many = make_nlp(folder, threshold=0.4), make_nlp(folder, threshold=0.4)
    labels = [["disease", "drug"], ["gene", "cell"], ["cancer", "the", "drug"]]
    jobs = [(text, some) for text in TEXTS for some in labels]

    def ask(nlp: Language, text: str, labels: Sequence[str]) -> list[tuple[int, int, str, float]]:
        return found_in(nlp.get_pipe("gliner_biomed")(nlp.make_doc(text), labels=labels))

    expected = [ask(one, *job) for job in jobs]
    assert sum(map(bool, expected)) > len(jobs) / 2

    def compare(thread: int) -> None:
        for turn in range(n_turns):
            which = (5 * thread + 7 * turn) % len(jobs)
            right, found = expected[which], ask(many, *jobs[which])
            assert [entity[:3] for entity in found] == [entity[:3] for entity in right]
            scores = [entity[3] for entity in found]
            assert scores == pytest.approx([entity[3] for entity in right], abs=1e-4)

    with ThreadPoolExecutor(8) as threads:  # whichever comes first loads the network
        list(threads.map(compare, range(8)))


def test_threads_load_the_network_once(uni_span: Path) -> None:
    loaded: list[object] = []

    def load() -> Checkpoint:
        loaded.append(None)
        time.sleep(0.05)
        return read_checkpoint(uni_span)

    shim = NetworkShim(load)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: shim.checkpoint, range(8)))
    assert len(loaded) == 1
    assert all(checkpoint is found[0] for checkpoint in found)
