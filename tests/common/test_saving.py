"""A saved pipeline needs neither its checkpoint's folder nor a network."""

import copy
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from thinc.api import Config

from tests.tiny import tiny_checkpoint

TEXT = "Famotidine-associated delirium was seen in six patients with cancer."

LOAD_ELSEWHERE = """
import json, sys
import spacy
nlp = spacy.load(sys.argv[1])
other = spacy.util.load_model_from_config(nlp.config)
other.from_bytes(open(sys.argv[2], "rb").read())
for doc in (nlp(sys.argv[3]), other(sys.argv[3])):
    group = doc.spans["sc"]
    spans = [[span.text, span.label_] for span in group]
    print(json.dumps([spans, group.attrs["scores"]]))
"""


def found(doc: Doc) -> tuple[list[tuple[str, str]], list[float]]:
    group = doc.spans["sc"]
    return [(span.text, span.label_) for span in group], list(group.attrs["scores"])


def same(first: Doc, second: Doc) -> bool:
    (spans, scores), (other_spans, other_scores) = found(first), found(second)
    return bool(spans) and spans == other_spans and scores == pytest.approx(other_scores, abs=1e-6)


@pytest.mark.parametrize("kind", ["uni_span", "uni_token", "bi_span"])
def test_disk_and_bytes_replace_the_weights_of_another_seed(kind, make_nlp, request, tmp_path):
    nlp = make_nlp(request.getfixturevalue(kind), threshold=0.3)
    expected = nlp(TEXT)
    for way in ("disk", "bytes"):
        checkpoint = tiny_checkpoint(tmp_path / way / "other", kind=kind, seed=7)
        other = make_nlp(checkpoint, threshold=0.3)
        assert not same(other(TEXT), expected)
        if way == "disk":
            nlp.to_disk(tmp_path / "saved")
            other.from_disk(tmp_path / "saved")
        else:
            other.from_bytes(nlp.to_bytes())
        assert same(other(TEXT), expected)


def test_a_saved_pipeline_loads_elsewhere_without_checkpoint_and_network(tmp_path, make_nlp):
    folder = tiny_checkpoint(tmp_path / "checkpoint", seed=3)
    nlp = make_nlp(folder)
    spans, scores = found(nlp(TEXT))
    nlp.to_disk(tmp_path / "saved")
    (tmp_path / "bytes").write_bytes(nlp.to_bytes())
    shutil.rmtree(folder)
    arguments = [str(tmp_path / "saved"), str(tmp_path / "bytes"), TEXT]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "empty")}
    output = subprocess.run(
        [sys.executable, "-c", LOAD_ELSEWHERE, *arguments],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout
    for line in output.splitlines():
        found_spans, found_scores = json.loads(line)
        assert [tuple(span) for span in found_spans] == spans
        assert found_scores == pytest.approx(scores, abs=1e-6)
    assert len(output.splitlines()) == 2


def test_saving_loads_weights_that_were_never_needed(tmp_path, make_nlp):
    make_nlp().to_disk(tmp_path / "saved")
    assert same(spacy.load(tmp_path / "saved")(TEXT), make_nlp()(TEXT))


def test_what_is_excluded_is_not_saved_and_not_read(tmp_path, make_nlp):
    pipe = make_nlp(threshold=0.3).get_pipe("gliner_biomed")
    other_seed = make_nlp(tiny_checkpoint(tmp_path / "other", seed=7), threshold=0.2)
    pipe.to_disk(tmp_path / "saved", exclude=["model", "vocab"])
    assert [path.name for path in (tmp_path / "saved").iterdir()] == ["cfg"]
    expected = other_seed(TEXT)
    other_seed.get_pipe("gliner_biomed").from_bytes(pipe.to_bytes(), exclude=["model", "cfg"])
    assert same(other_seed(TEXT), expected)


@pytest.mark.parametrize("loaded", [True, False])
def test_a_pipeline_pickles_and_copies(loaded, tmp_path, make_nlp):
    folder = tiny_checkpoint(tmp_path / "checkpoint")
    nlp = make_nlp(folder)
    expected = make_nlp(folder)(TEXT)
    if loaded:
        nlp(TEXT)
    pickled = pickle.dumps(nlp)
    copied = copy.deepcopy(nlp)
    if loaded:
        shutil.rmtree(folder)
    assert same(pickle.loads(pickled)(TEXT), expected)
    assert same(copied(TEXT), expected)


def test_settings_of_run_time_are_saved(tmp_path, make_nlp):
    nlp = make_nlp(threshold=0.3)  # a number that not every JSON reader reads back
    pipe = nlp.get_pipe("gliner_biomed")
    pipe.labels = ["gene", {"label": "CELL", "prompt": "cell"}]
    pipe.cfg["threshold"] = 0.2
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    assert loaded.get_pipe("gliner_biomed").labels == ("gene", "CELL")
    assert loaded.get_pipe("gliner_biomed").cfg["threshold"] == 0.2
    assert same(loaded(TEXT), nlp(TEXT))


def test_a_config_edited_after_saving_is_newer_than_what_was_set_before(tmp_path, make_nlp):
    nlp = make_nlp()
    pipe = nlp.get_pipe("gliner_biomed")
    pipe.labels = ["gene"]
    pipe.cfg["threshold"] = 0.3
    nlp.to_disk(tmp_path / "saved")
    path = tmp_path / "saved" / "config.cfg"
    config = Config().from_disk(path)
    config["components"]["gliner_biomed"]["threshold"] = 0.8
    config.to_disk(path)
    edited = spacy.load(tmp_path / "saved").get_pipe("gliner_biomed")
    assert edited.cfg["threshold"] == 0.8
    assert edited.labels == ("gene",)
    override = {"components": {"gliner_biomed": {"labels": ["cell", "drug"]}}}
    overridden = spacy.load(tmp_path / "saved", config=override).get_pipe("gliner_biomed")
    assert overridden.labels == ("cell", "drug")


def test_saved_again_the_newest_settings_are_kept(tmp_path, make_nlp):
    nlp = make_nlp()
    nlp.get_pipe("gliner_biomed").labels = ["gene"]
    nlp.to_disk(tmp_path / "first")
    second = spacy.load(tmp_path / "first")
    second.get_pipe("gliner_biomed").cfg["threshold"] = 0.3
    second.to_disk(tmp_path / "second")
    third = spacy.load(tmp_path / "second").get_pipe("gliner_biomed")
    assert third.labels == ("gene",)
    assert third.cfg["threshold"] == 0.3


def test_the_saved_model_is_a_checkpoint(tmp_path, make_nlp):
    nlp = make_nlp()
    nlp.to_disk(tmp_path / "saved")
    again = make_nlp(Path(tmp_path / "saved" / "gliner_biomed" / "model"))
    assert same(again(TEXT), nlp(TEXT))


CHANGED = {
    "labels": ["gene", {"label": "CELL", "prompt": "cell", "threshold": 0.4}],
    "threshold": 0.3,
    "spans_key": "other",
    "annotate_ents": False,
    "overwrite": True,
    "overlap": "nested",
    "multi_label": True,
    "alignment": "split",
    "window": 30,
    "stride": 20,
    "batch_subtokens": 512,
    "device": "cpu",
    "precision": "bfloat16",
    "relations": ["treats"],
}


@pytest.mark.parametrize("way", ["disk", "bytes", "pipeline disk", "pipeline bytes"])
def test_a_component_that_was_made_otherwise_takes_all_that_was_saved(way, make_nlp, tmp_path):
    saved, other = make_nlp(**CHANGED), make_nlp(threshold=0.7)
    pipe, receiver = (nlp.get_pipe("gliner_biomed") for nlp in (saved, other))
    assert set(CHANGED) == set(pipe.cfg)
    assert all(receiver.cfg[name] != value for name, value in CHANGED.items())
    if way == "disk":
        pipe.to_disk(tmp_path / "saved")
        receiver.from_disk(tmp_path / "saved")
    elif way == "bytes":
        receiver.from_bytes(pipe.to_bytes())
    elif way == "pipeline disk":
        saved.to_disk(tmp_path / "saved")
        other.from_disk(tmp_path / "saved")
    else:
        other.from_bytes(saved.to_bytes())
    assert receiver.cfg == CHANGED
    assert receiver.labels == ("gene", "CELL")


def test_bytes_bring_their_config_with_them(make_nlp):
    nlp = make_nlp(threshold=0.3)
    nlp.get_pipe("gliner_biomed").labels = ["gene"]
    other = spacy.util.load_model_from_config(make_nlp(threshold=0.8).config)
    other.from_bytes(nlp.to_bytes())
    assert other.get_pipe("gliner_biomed").labels == ("gene",)
    assert other.get_pipe("gliner_biomed").threshold == 0.3


def test_a_copy_of_a_pipeline_takes_what_was_saved(make_nlp, tmp_path):
    make_nlp(threshold=0.3).to_disk(tmp_path / "saved")
    for other in (copy.deepcopy(make_nlp()), pickle.loads(pickle.dumps(make_nlp()))):
        other.from_disk(tmp_path / "saved")
        assert other.get_pipe("gliner_biomed").cfg["threshold"] == 0.3


def test_numbers_of_numpy_are_saved(make_nlp, tmp_path):
    pipe = make_nlp().get_pipe("gliner_biomed")
    pipe.cfg.update(threshold=np.float32(0.25), window=np.int64(30))
    pipe.labels = [{"label": "drug", "threshold": np.float64(0.5)}]
    loaded = make_nlp().get_pipe("gliner_biomed").from_bytes(pipe.to_bytes())
    assert (loaded.threshold, loaded.window) == (0.25, 30)
    assert loaded.label_data == [{"label": "drug", "threshold": 0.5}]


def test_settings_of_another_version_are_refused_and_those_without_a_checksum_are_read(
    make_nlp, tmp_path
):
    pipe = make_nlp(threshold=0.3).get_pipe("gliner_biomed")
    pipe.to_disk(tmp_path / "saved")
    path = tmp_path / "saved" / "cfg"
    state = json.loads(path.read_text())
    del state["checksum"]
    path.write_text(json.dumps(state))
    assert make_nlp().get_pipe("gliner_biomed").from_disk(tmp_path / "saved").threshold == 0.3
    state["current"]["future_setting"] = 1
    path.write_text(json.dumps(state))
    with pytest.raises(ValueError, match=r"GB-E140.*'future_setting'"):
        make_nlp().get_pipe("gliner_biomed").from_disk(tmp_path / "saved")


def test_the_config_shows_what_runs_and_an_override_always_counts(tmp_path, make_nlp):
    nlp = make_nlp(threshold=0.5)
    nlp.get_pipe("gliner_biomed").threshold = 0.9
    assert nlp.config["components"]["gliner_biomed"]["threshold"] == 0.9
    nlp.to_disk(tmp_path / "saved")
    settings = Config().from_disk(tmp_path / "saved" / "config.cfg")["components"]["gliner_biomed"]
    assert settings["threshold"] == 0.9
    for threshold in (0.5, 0.6):  # the first is what it was created with
        override = {"components": {"gliner_biomed": {"threshold": threshold}}}
        loaded = spacy.load(tmp_path / "saved", config=override)
        assert loaded.get_pipe("gliner_biomed").threshold == threshold
    assert spacy.load(tmp_path / "saved").get_pipe("gliner_biomed").threshold == 0.9


@pytest.mark.parametrize("to_bytes", [False, True])
def test_settings_changed_after_sourcing_are_saved_by_both_pipelines(tmp_path, make_nlp, to_bytes):
    first, second = make_nlp(threshold=0.5), spacy.blank("en")
    second.add_pipe("gliner_biomed", source=first)
    first.get_pipe("gliner_biomed").threshold = 0.9
    for i, nlp in enumerate((first, second)):
        if to_bytes:
            loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
        else:
            nlp.to_disk(tmp_path / str(i))
            loaded = spacy.load(tmp_path / str(i))
        assert loaded.get_pipe("gliner_biomed").threshold == 0.9


def test_a_dollar_sign_stays_one(tmp_path, make_nlp):
    nlp = make_nlp(labels=["cost in $", {"label": "price", "prompt": "price in $"}])
    expected = nlp.get_pipe("gliner_biomed").label_data
    for name in "abc":
        nlp.to_disk(tmp_path / name)
        nlp = spacy.load(tmp_path / name)
        assert nlp.get_pipe("gliner_biomed").label_data == expected
    with pytest.raises(ValueError, match=r"GB-E418.*\$\{x\}"):
        nlp.get_pipe("gliner_biomed").labels = ["${x}"]
