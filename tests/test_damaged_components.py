"""Damaged or hostile saved components: the same result or an error with a code."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
import srsly
from spacy.language import Language

from tests.common.test_saving import TEXT, found, same


@pytest.mark.parametrize("name", ["../../outside", "/tmp/outside", "new", "label_tokenizer/../x"])
def test_bytes_write_no_file_that_was_not_saved(name, make_nlp, tmp_path, monkeypatch):
    (tmp_path / "temporary" / "deep").mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary" / "deep"))
    nlp = make_nlp()
    parts = srsly.msgpack_loads(nlp.to_bytes())
    component = srsly.msgpack_loads(parts["gliner_biomed"])
    files = srsly.msgpack_loads(component["model"])
    name = name.replace("/tmp", str(tmp_path))
    component["model"] = srsly.msgpack_dumps({**files, name: b"harm"})
    parts["gliner_biomed"] = srsly.msgpack_dumps(component)
    with pytest.raises(ValueError, match="GB-E137"):
        nlp.from_bytes(srsly.msgpack_dumps(parts))
    left = [path for path in tmp_path.rglob("*") if path.is_file() and b"harm" in path.read_bytes()]
    assert left == []


def corrupt(content: bytes, rng: random.Random, n: int) -> Iterator[bytes]:
    """Flips of one byte, and truncations."""
    for i in range(n):
        place = rng.randrange(len(content))
        changed = bytes([content[place] ^ (1 << rng.randrange(8))])
        yield content[:place] if i % 4 == 0 else content[:place] + changed + content[place + 1 :]


@pytest.fixture
def saved(make_nlp) -> Language:
    return make_nlp(labels=["gene", "cell"], threshold=0.3)


def loads_the_same_or_fails(load: Any, receiver: Any, saved: Any) -> bool:
    """Whether damaged data was an error with a code; otherwise nothing has changed."""
    receiver.cfg.update(labels=["drug"], threshold=0.5)
    message = ""
    try:
        load()
    except ValueError as error:
        message = str(error)
    assert ("[GB-E" in message and len(message) < 1000) or receiver.cfg == saved.cfg
    return bool(message)


@pytest.mark.parametrize(("file", "n"), [("cfg", 60), ("vocab/strings.json", 30)])
def test_a_damaged_file_of_a_component_is_an_error_or_changes_nothing(
    file, n, saved, make_nlp, tmp_path
):
    pipe, other = saved.get_pipe("gliner_biomed"), make_nlp()
    pipe.to_disk(tmp_path / "saved", exclude=["model"])
    receiver = other.get_pipe("gliner_biomed")
    path = tmp_path / "saved" / file
    expected, n_errors = found(saved(TEXT)), 0
    for content in corrupt(path.read_bytes(), random.Random(file), n):
        path.write_bytes(content)
        n_errors += loads_the_same_or_fails(
            lambda: receiver.from_disk(tmp_path / "saved", exclude=["model"]), receiver, pipe
        )
        receiver.cfg.update(pipe.cfg)
    assert found(other(TEXT)) == expected
    assert n_errors >= (n * 9 // 10 if file == "cfg" else n // 4)


def test_damaged_bytes_of_a_component_are_an_error_or_change_nothing(saved, make_nlp):
    pipe, other = saved.get_pipe("gliner_biomed"), make_nlp()
    receiver = other.get_pipe("gliner_biomed")
    n_errors = 0
    for exclude, n in (["model"], 40), ([], 20):
        content = pipe.to_bytes(exclude=exclude)
        for damaged in corrupt(content, random.Random(17), n):
            n_errors += loads_the_same_or_fails(
                lambda damaged=damaged: receiver.from_bytes(damaged), receiver, pipe
            )
    assert n_errors >= 30
    receiver.from_bytes(pipe.to_bytes())
    assert same(other(TEXT), saved(TEXT))
