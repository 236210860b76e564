import sys
from pathlib import Path

import pytest
import spacy
from spacy.util import load_model_from_config

from spacy_gliner_biomed.pipeline.imported_modules import make_import_modules

MODULE = """
from spacy.language import Language

@Language.component("own_{name}")
def own(doc):
    return doc
"""


def test_a_config_finds_the_components_of_modules_that_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_module_a.py").write_text(MODULE.format(name="a"))
    monkeypatch.syspath_prepend(tmp_path)
    callback = {"@callbacks": "spacy-gliner-biomed.import_modules.v1", "modules": ["own_module_a"]}
    config = {
        "nlp": {"lang": "en", "pipeline": ["own_a"], "before_creation": callback},
        "components": {"own_a": {"factory": "own_a"}},
    }
    nlp = load_model_from_config(config, auto_fill=True)
    nlp.to_disk(tmp_path / "saved")
    assert spacy.load(tmp_path / "saved").pipe_names == ["own_a"]
    assert "own_module_a" in sys.modules


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(ImportError, match=r"GB-E226.*'no_such.module'.*package 'no_such'"):
        make_import_modules(["no_such.module"])(spacy.blank("en").__class__)
