"""With scispaCy itself; its detector and linker are made from configs, with no import by hand."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span

from spacy_gliner_biomed.linking.scispacy_bridge import make_candidate_generator, make_use_scispacy
from tests.linking.conftest import TEXT

CONFIG = Path(__file__).parents[2] / "configs" / "scispacy.cfg"

# What scispaCy's dependencies say when they are imported.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:.W036"),  # its detector, where nothing is defined
]


@pytest.fixture(scope="module", autouse=True)
def scispacy() -> Any:
    return pytest.importorskip("scispacy", reason="needs scispaCy (extra 'scispacy')")


CHAIN = """
import sys, warnings
import spacy
from spacy import util
from spacy_gliner_biomed.linking.loading import load_all  # not scispaCy
assert "scispacy" not in sys.modules
config = util.load_config(sys.argv[1], overrides={"paths.kb": sys.argv[2]})
config["components"]["gliner_biomed"] = {"factory": "entity_ruler"}
nlp = util.load_model_from_config(config, auto_fill=True)
patterns = [{"label": "disease", "pattern": name} for name in ("Wilson disease", "WD")]
nlp.get_pipe("gliner_biomed").add_patterns(patterns)
nlp.to_disk(sys.argv[3])
nlp = spacy.load(sys.argv[3])
docs = list(nlp.pipe([sys.argv[4]] * 2, n_process=2, batch_size=1))
print(nlp.pipe_names, type(nlp.tokenizer).__name__, [token.text for token in nlp("anti-IL-2 x")])
print([[(str(ent), ent._.long_form, ent._.kb_ents[0][0]) for ent in doc.ents] for doc in docs])
"""


def test_the_config_runs_saves_and_loads_with_no_import_by_hand(
    terminology: Path, tmp_path: Path
) -> None:
    arguments = [str(CONFIG), str(terminology), str(tmp_path / "saved"), TEXT]
    command = [sys.executable, "-W", "ignore", "-c", CHAIN, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pipeline, found = done.stdout.strip().splitlines()
    assert pipeline == (
        "['gliner_biomed', 'abbreviation_detector', 'scispacy_linker'] Tokenizer ['anti-IL-2', 'x']"
    )
    expected = [
        ("Wilson disease", None, "D:4"),
        ("WD", "Wilson disease", "D:4"),
        ("WD", "Wilson disease", "D:4"),
    ]
    assert found == str([expected] * 2)


def test_a_generator_of_ours_gives_candidates_as_scispacys_does(terminology: Path) -> None:
    from scispacy.candidate_generation import CandidateGenerator, MentionCandidate

    generator = make_candidate_generator([terminology])
    assert isinstance(generator, CandidateGenerator)
    found = generator(["renal tumour", "", "zzz"], 1)
    assert found == [
        [MentionCandidate("D:2", ["Kidney Neoplasms"], found[0][0].similarities)],
        [],
        [],
    ]
    entities = generator.kb.cui_to_entity
    assert (entities["D:1"].canonical_name, entities["D:1"].definition) == (
        "Breast Neoplasms",
        "A lump.",
    )
    assert entities["D:2"].definition is None
    assert (len(entities), "D:99" in entities, next(iter(entities))) == (9, False, "D:1")


def span_pipeline(terminology: Path, **config: Any) -> Language:
    make_use_scispacy()(spacy.blank("en").__class__)
    nlp = spacy.blank("en")
    nlp.add_pipe("abbreviation_detector")
    generator = {
        "@misc": "spacy-gliner-biomed.CandidateGenerator.v1",
        "paths": [str(terminology)],
    }
    settings = {"filter_for_definitions": False, "candidate_generator": generator, **config}
    nlp.add_pipe("gliner_biomed_scispacy_linker", config=settings)
    return nlp


def test_span_groups_are_linked_by_scispacys_linker_overlaps_and_all(terminology: Path) -> None:
    nlp = span_pipeline(terminology)
    doc = nlp.make_doc("Wilson disease (WD) and breast tumours")
    spans = [(0, 2, "d"), (3, 4, "d"), (6, 8, "d"), (7, 8, "d")]
    doc.spans["sc"] = [Span(doc, *span) for span in spans]
    doc = nlp(doc)
    assert [span.kb_id_ for span in doc.spans["sc"]][:3] == ["D:4", "D:4", "D:1"]
    assert doc.spans["sc"][1]._.kb_ents[0][0] == "D:4"
    assert len(doc.spans["sc"].attrs["kb_ents"]) == 4
    assert doc.ents == ()


def test_links_of_other_components_stay_where_scispacys_linker_finds_none(
    terminology: Path,
) -> None:
    nlp = span_pipeline(terminology)
    doc = nlp.make_doc("Wilson disease and qqq")
    doc.spans["sc"] = [
        Span(doc, 0, 2, "d", kb_id="LOCAL:1"),
        Span(doc, 3, 4, "d", kb_id="LOCAL:2"),
    ]
    doc.spans["sc"][1]._.kb_ents = [("LOCAL:2", 0.8)]
    for _ in range(2):
        doc = nlp(doc)
        assert [span.kb_id_ for span in doc.spans["sc"]] == ["D:4", "LOCAL:2"]
        assert doc.spans["sc"][1]._.kb_ents == [("LOCAL:2", 0.8)]


def test_a_knowledge_base_that_is_given_twice_is_refused(terminology: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E091.*'small'"):
        make_candidate_generator([terminology, terminology])


def test_our_linker_reads_what_scispacys_detector_found(terminology: Path) -> None:
    make_use_scispacy()(spacy.blank("en").__class__)
    for serializable in (True, False):
        nlp = spacy.blank("en")
        nlp.add_pipe("abbreviation_detector", config={"make_serializable": serializable})
        ruler = nlp.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": "disease", "pattern": "WD"}])  # type: ignore[attr-defined]
        loader = {"@misc": "spacy-gliner-biomed.KnowledgeBase.v1", "paths": [str(terminology)]}
        nlp.add_pipe("gliner_biomed_linker", config={"kb": loader})
        assert [ent.kb_id_ for ent in nlp(TEXT).ents] == ["D:4", "D:4"]


def test_docs_without_the_group_come_through(terminology: Path) -> None:
    assert span_pipeline(terminology)("asthma").text == "asthma"


@pytest.mark.parametrize(
    ("what", "make"),
    [
        ("This pipeline", lambda: make_use_scispacy()(Language)),
        ("CandidateGenerator.v1", lambda: make_candidate_generator([])),
        (
            "gliner_biomed_scispacy_linker",
            lambda: spacy.blank("en").add_pipe("gliner_biomed_scispacy_linker"),
        ),
        (
            "scispaCy's tokenizer",
            lambda: spacy.blank(
                "en",
                config={
                    "nlp": {
                        "tokenizer": {"@tokenizers": "spacy-gliner-biomed.scispacy_tokenizer.v1"}
                    }
                },
            ),
        ),
    ],
)
def test_a_missing_scispacy_is_said(what: str, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "scispacy"]:
        monkeypatch.setitem(sys.modules, name, None)
    modules = ["abbreviation", "candidate_generation", "linking", "custom_tokenizer"]
    for name in modules:
        monkeypatch.setitem(sys.modules, f"scispacy.{name}", None)
    with pytest.raises(ImportError, match=rf"GB-E107.*{what} needs scispacy.*\[scispacy\]"):
        make()
