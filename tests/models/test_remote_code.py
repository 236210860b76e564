"""No checkpoint's own Python code runs, and no prompt asks whether it may."""

import ast
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import spacy_gliner_biomed
from spacy_gliner_biomed.models.checkpoints import read_checkpoint
from spacy_gliner_biomed.models.fresh import new_checkpoint
from spacy_gliner_biomed.nn.encoder import build_encoder
from tests.tiny import tiny_checkpoint

PACKAGE = Path(spacy_gliner_biomed.__file__).parent
LOADERS = ("from_pretrained", "from_config")


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that leaves a trace when it is run; a prompt would be answered with yes."""
    monkeypatch.setattr("builtins.input", lambda *text: "y")
    return f"import pathlib\npathlib.Path({str(Path.cwd())!r}, 'ran').touch()\nclass Own: ...\n"


@pytest.fixture
def folder(tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    tiny_checkpoint(tmp_path / "checkpoint")
    (tmp_path / "checkpoint" / "spacy_gliner_biomed.json").unlink()  # as one of others
    (tmp_path / "checkpoint" / "own.py").write_text(code.replace(code.split("'")[1], str(tmp_path)))
    return tmp_path / "checkpoint"


def write(path: Path, **values: object) -> None:
    known = json.loads(path.read_text(encoding="utf8")) if path.exists() else {}
    path.write_text(json.dumps({**known, **values}), encoding="utf8")


def refused(call: Callable[[], object], folder: Path) -> None:
    with pytest.raises(ValueError, match=r"\[GB-E133\].*needs Python code.*never run"):
        call()
    assert not (folder.parent / "ran").exists()


def test_a_tokenizer_of_its_own_class_is_refused(folder: Path) -> None:
    auto_map = {"AutoTokenizer": ["own.Own", "own.Own"]}
    write(folder / "tokenizer_config.json", tokenizer_class="Own", auto_map=auto_map)
    refused(lambda: read_checkpoint(folder), folder)


@pytest.mark.parametrize("bare", [True, False])
def test_an_encoder_of_its_own_class_is_refused(folder: Path, bare: bool) -> None:
    """Also where the tokenizer, which reads the encoder's config, comes first."""
    encoder = folder.parent / "encoder"
    shutil.copytree(folder, encoder)
    (encoder / "gliner_config.json").unlink()
    auto_map = {"AutoConfig": "own.Own", "AutoModel": "own.Own"}
    write(encoder / "config.json", model_type="own", auto_map=auto_map)
    values = {"encoder_name": None, "hidden_size": None, "max_width": 3, "max_len": 9}
    if bare:
        more = {"num_rnn_layers": 0, "words": "fine", "seed": 0}
        refused(lambda: new_checkpoint(str(encoder), **values, **more), folder)  # type: ignore[arg-type]
    else:
        write(folder / "gliner_config.json", encoder_config=None, model_name=str(encoder))
        refused(lambda: read_checkpoint(folder), folder)


def test_an_encoder_that_transformers_has_needs_no_code_of_its_own(folder: Path) -> None:
    """Its class is taken from transformers, whatever 'auto_map' says."""
    config = {"model_type": "electra", "hidden_size": 8, "num_hidden_layers": 1, "vocab_size": 9}
    config |= {"num_attention_heads": 2, "intermediate_size": 8, "embedding_size": 8}
    auto_map = {"AutoModel": "somebody/else--own.Own"}
    encoder = build_encoder({**config, "auto_map": auto_map, "attn_implementation": "who/knows"})
    assert type(encoder).__module__.startswith("transformers.models.electra")
    assert not (folder.parent / "ran").exists()


def test_each_call_that_loads_something_forbids_code() -> None:
    n_calls = 0
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in LOADERS:
                n_calls += 1
                given = [ast.unparse(k.value) for k in node.keywords if k.arg is None]
                assert given in (["NO_CODE"], ["options"]), f"{path}:{node.lineno}"
    assert n_calls > 5
