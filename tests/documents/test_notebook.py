import subprocess
import sys

import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup

import spacy_gliner_biomed
from spacy_gliner_biomed.documents.colors import label_color
from spacy_gliner_biomed.documents.notebook import Rendered

# A shell of Jupyter's name that shows what it is given.
JUPYTER = """
import builtins, sys, types
import spacy
from spacy.tokens import Span
import spacy_gliner_biomed

Shell = type("ZMQInteractiveShell", (), {})
builtins.get_ipython = Shell
for name in ("IPython", "IPython.display", "IPython.core", "IPython.core.display"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["IPython.display"].display = lambda value: print(value._repr_html_())
doc = spacy.blank("en")("Aspirin helps.")
doc.ents = [Span(doc, 0, 1, label="drug")]
print(spacy_gliner_biomed.show(doc, None))
"""


def annotated(*spans: tuple[int, int, str]) -> Doc:
    doc = spacy.blank("en")("Aspirin <b>for</b> gastric ulcer \x1b[1m")
    group = SpanGroup(doc, name="sc", attrs={"scores": [0.5] * len(spans)})
    group.extend([Span(doc, start, end, label=label) for start, end, label in spans])
    doc.spans["sc"] = group
    return doc


def test_entities_have_our_colours_and_text_is_escaped() -> None:
    html = spacy_gliner_biomed.show(annotated((0, 1, "drug"), (5, 7, "a <label>")))
    assert isinstance(html, Rendered)
    assert html._repr_html_() == html
    assert label_color("drug") in html
    assert "&lt;b&gt;" in html
    assert "a &lt;label&gt;" in html
    assert "<b>" not in html
    assert "\x1b" not in html
    assert html.count("<mark") == 2


def test_entities_that_overlap_are_shown_too() -> None:
    html = spacy_gliner_biomed.show(annotated((5, 7, "disease"), (6, 7, "organ")))
    assert "disease" in html
    assert "organ" in html
    assert label_color("organ") in html


def test_entities_may_be_those_of_the_doc() -> None:
    doc = annotated()
    doc.ents = [Span(doc, 0, 1, label="drug")]
    assert "<mark" not in spacy_gliner_biomed.show(doc)
    assert spacy_gliner_biomed.show(doc, None).count("<mark") == 1
    with pytest.raises(ValueError, match=r"GB-E228.*'other'"):
        spacy_gliner_biomed.show(doc, "other")


def test_in_jupyter_it_is_shown() -> None:
    done = subprocess.run([sys.executable, "-c", JUPYTER], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("<div")
    assert "<mark" in done.stdout
    assert done.stdout.endswith("None\n")


def test_several_docs_are_shown_one_after_the_other() -> None:
    html = spacy_gliner_biomed.show([annotated((0, 1, "drug")), annotated((5, 7, "disease"))])
    assert html is not None
    assert html.index("drug") < html.index("disease")


def test_a_group_without_scores_is_shown() -> None:
    doc = spacy.blank("en")("Aspirin helps.")
    doc.spans["mine"] = [Span(doc, 0, 1, label="drug")]
    assert "drug" in str(spacy_gliner_biomed.show(doc, "mine"))


def test_what_cannot_be_shown_is_said() -> None:
    doc = spacy.blank("en")("Aspirin helps.")
    doc.spans["mine"] = []
    with pytest.raises(ValueError, match=r"GB-E228.*'sc'; it has: 'mine'\."):
        spacy_gliner_biomed.show(doc)
    for other in ("Aspirin", [None]):
        with pytest.raises(ValueError, match="GB-E227"):
            spacy_gliner_biomed.show(other)  # type: ignore[arg-type, list-item]
