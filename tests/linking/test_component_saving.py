import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.language import Language

from spacy_gliner_biomed.linking.kb.concepts import Concept
from spacy_gliner_biomed.linking.kb.knowledge_base import KnowledgeBase
from tests.linking.conftest import LINKS, TEXT, gold, initialize, links

MakeNlp = Callable[..., Language]


def initialized(make_nlp: MakeNlp) -> Language:
    nlp = make_nlp()
    initialize(nlp, [gold(nlp, "zzz", [(0, 1, "disease", "D:2")])])
    return nlp


REMEMBERED = [*LINKS[:3], "D:2", *LINKS[4:]]


def test_a_saved_pipeline_links_the_same_in_a_process_without_the_sources(
    make_nlp: MakeNlp, terminology: Path, tmp_path: Path
) -> None:
    nlp = initialized(make_nlp)
    assert links(nlp(TEXT)) == REMEMBERED
    nlp.to_disk(tmp_path / "saved")
    terminology.unlink()
    code = (
        "import sys; sys.modules['scispacy'] = None; sys.modules['sklearn'] = None\n"
        "import socket; socket.socket.connect = None\n"
        f"import spacy; doc = spacy.load({str(tmp_path / 'saved')!r})({TEXT!r})\n"
        "print([entity.kb_id_ for entity in doc.ents])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(REMEMBERED), done.stderr


def test_bytes_hold_everything(make_nlp: MakeNlp) -> None:
    content = initialized(make_nlp).get_pipe("gliner_biomed_linker").to_bytes()  # type: ignore[attr-defined]
    nlp = make_nlp()
    nlp.get_pipe("gliner_biomed_linker").from_bytes(content)  # type: ignore[attr-defined]
    assert links(nlp(TEXT)) == REMEMBERED


def test_a_saved_pipeline_can_be_saved_over_itself(make_nlp: MakeNlp, tmp_path: Path) -> None:
    initialized(make_nlp).to_disk(tmp_path)
    spacy.load(tmp_path).to_disk(tmp_path)
    assert links(spacy.load(tmp_path)(TEXT)) == REMEMBERED
    kb = KnowledgeBase.from_disk(tmp_path / "gliner_biomed_linker" / "kb" / "00.kb")
    assert kb.name == "small"


def test_a_setting_that_was_changed_is_saved_and_a_newer_config_counts_more(
    make_nlp: MakeNlp, tmp_path: Path
) -> None:
    nlp = make_nlp()
    nlp.get_pipe("gliner_biomed_linker").cfg["threshold"] = 0.9
    nlp.to_disk(tmp_path)

    def threshold(**config: Any) -> float:
        loaded = spacy.load(tmp_path, config=config)
        return float(loaded.get_pipe("gliner_biomed_linker").settings.threshold)

    assert threshold() == 0.9
    assert threshold(**{"components.gliner_biomed_linker.threshold": 0.8}) == 0.8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 at a fork
def test_two_processes_link_as_one(make_nlp: MakeNlp) -> None:
    nlp = initialized(make_nlp)
    docs = list(nlp.pipe([TEXT] * 4, n_process=2, batch_size=2))
    assert [links(doc) for doc in docs] == [REMEMBERED] * 4
    assert docs[0].ents[0]._.kb_ents[0][0] == "D:4"


@pytest.mark.parametrize("part", ["cfg", "kb", "memory"])
def test_a_part_that_cannot_be_read_changes_nothing(
    make_nlp: MakeNlp, tmp_path: Path, part: str
) -> None:
    other = make_nlp(threshold=0.9, k=1)
    other_linker: Any = other.get_pipe("gliner_biomed_linker")
    other_linker.set_kbs([KnowledgeBase.build([Concept("X:1", "zzz")], name="other")])
    other_linker.to_disk(tmp_path / "saved")
    saved = srsly.msgpack_loads(other_linker.to_bytes())
    file = tmp_path / "saved" / ("kb/00.kb" if part == "kb" else part)
    file.write_bytes(b"damaged")
    damaged = srsly.msgpack_dumps([b"damaged"]) if part == "kb" else b"damaged"
    nlp = initialized(make_nlp)
    linker: Any = nlp.get_pipe("gliner_biomed_linker")
    before = dict(linker.cfg)
    with pytest.raises(ValueError, match="GB-E"):
        linker.from_disk(tmp_path / "saved")
    with pytest.raises(ValueError, match="GB-E"):
        linker.from_bytes(srsly.msgpack_dumps({**saved, part: damaged}))
    assert dict(linker.cfg) == before
    assert [kb.name for kb in linker.kbs] == ["small"]
    assert links(nlp(TEXT)) == REMEMBERED
    linker.from_bytes(srsly.msgpack_dumps(saved))
    assert ([kb.name for kb in linker.kbs], linker.threshold) == (["other"], 0.9)
    assert links(nlp("zzz")) == ["X:1"]
