"""Gold labels that are not the component's are an error or a warning, before they do harm."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from spacy.language import Language
from spacy.training import Example

from spacy_gliner_biomed.models.trainer import make_adamw
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from tests.pipeline.test_training import TEXTS, examples_of

WORDS = "Zinc Iron"


def examples_with(
    nlp: Language, labels: Sequence[str], annotated: Sequence[str] | None = None
) -> list[Example]:
    """An example whose words are entities with these labels."""
    spans = [(5 * i, 5 * i + 4, label) for i, label in enumerate(labels)]
    text = AnnotatedText(WORDS[: 5 * len(labels) - 1], spans, [], annotated)
    return [Example(nlp.make_doc(text.text), gold_doc(nlp, text, "sc"))]


def initialize(nlp: Language, examples: list[Example]) -> None:
    nlp.get_pipe("gliner_biomed").initialize(lambda: examples, nlp=nlp)


@pytest.mark.parametrize(
    ("labels", "gold", "hint"),
    [
        (["protein", "drug"], "PROTEIN", r" Did you mean 'protein' for 'PROTEIN'\?"),
        (["Proteins"], "protein", r" Did you mean 'Proteins' for 'protein'\?"),
        (["lab test"], "LabTest", r" Did you mean 'lab test' for 'LabTest'\?"),
        (["protien"], "protein", r" Did you mean 'protien' for 'protein'\?"),
        ([{"label": "P", "prompt": "protein"}], "PROTEIN", r" Did you mean 'P' for 'PROTEIN'\?"),
        (["disease"], "PROTEIN", ""),
    ],
)
@pytest.mark.parametrize("says", [True, False])
def test_data_without_any_label_of_the_component_is_an_error(
    make_nlp: Callable[..., Language], labels: list[Any], gold: str, hint: str, says: bool
) -> None:
    nlp = make_nlp(labels=labels)
    examples = examples_with(nlp, [gold], [gold] if says else None)
    match = rf"GB-E410.*1 training document has a label.*gold labels are: '{gold}'.*{hint} Upper"
    with pytest.raises(ValueError, match=match):
        initialize(nlp, examples)


@pytest.mark.parametrize(
    ("labels", "gold", "annotated"),
    [
        ([], ["PROTEIN"], None),
        ([{"label": "PROTEIN", "prompt": "protein"}], ["PROTEIN"], None),
        (["PROTEIN", "drug"], ["PROTEIN"], ["PROTEIN", "drug"]),  # annotated, but none is there
    ],
)
def test_labels_of_the_data_raise_and_warn_of_nothing(
    make_nlp: Callable[..., Language], labels: list[Any], gold: list[str], annotated: Any
) -> None:
    nlp = make_nlp(labels=labels)
    initialize(nlp, examples_with(nlp, gold, annotated))
    assert nlp.get_pipe("gliner_biomed").labels[0] == "PROTEIN"


def test_labels_that_only_some_corpora_annotate_are_there(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp(labels=["disease", "drug"])
    one = examples_with(nlp, ["drug"], ["drug"])
    initialize(nlp, [*one, *examples_with(nlp, ["disease"], ["disease"])])


def test_other_labels_in_part_of_the_data_are_said_once(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(labels=["disease", "drug"])
    examples = [*examples_of(nlp), *examples_with(nlp, ["Drug", "gene"], ["Drug", "gene"])]
    found = (
        r"2 gold entities have labels .*'Drug' \(1\), 'gene' \(1\)\. Did you mean 'drug' for 'Dr"
    )
    with pytest.warns(UserWarning, match=f"GB-W410.*{found}"):
        initialize(nlp, examples)
    nlp.update(examples, sgd=make_adamw(1e-5))  # warnings are errors here
    assert nlp.get_pipe("gliner_biomed").stats["gold_other_labels"] == 2


def test_labels_without_gold_are_said(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(labels=["disease", "drug", "gene", "species"])
    match = r"GB-W411.*In 3 training .*no gold entity of 2 labels .*: 'gene', 'species'\."
    with pytest.warns(UserWarning, match=match):
        initialize(nlp, [*examples_of(nlp), *examples_with(nlp, ["drug"])])


def test_the_first_documents_of_a_stream_need_not_have_the_labels(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp(labels=["disease", "drug"])
    nlp.config["training"]["max_epochs"] = -1
    initialize(nlp, examples_with(nlp, ["gene"], ["gene"]))  # warnings are errors here
    with pytest.warns(UserWarning, match="GB-W410.*'Drug'"):
        initialize(nlp, examples_with(nlp, ["Drug"], ["Drug"]))


def test_an_update_takes_other_labels_of_docs_that_say_what_they_annotate(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp(labels=["disease", "drug"])
    nlp.update(examples_with(nlp, ["gene"], ["gene"]), sgd=make_adamw(1e-5))
    assert nlp.get_pipe("gliner_biomed").stats["gold_other_labels"] == 1
    with pytest.warns(UserWarning, match="GB-W410.*'gene'"):
        nlp.update(examples_with(nlp, ["gene"]), sgd=make_adamw(1e-5))


def test_an_update_without_initialize_says_it_once(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(labels=["DISEASE", "drug"])
    optimizer = make_adamw(1e-5)
    with pytest.warns(UserWarning, match="GB-W410.*2 gold .*'disease'.*Did you mean 'DISEASE'"):
        nlp.update(examples_of(nlp), sgd=optimizer)
    nlp.update(examples_of(nlp), sgd=optimizer)
    assert nlp.get_pipe("gliner_biomed").stats["gold_other_labels"] == 4


def test_evaluate_says_which_gold_labels_are_not_asked_for(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp(labels=["Disease", "drug"])
    n = sum(label == "disease" for text in TEXTS for *_, label in text.spans)
    with pytest.warns(UserWarning, match=f"GB-W412.*{n} gold .*'disease'.*Did you mean 'Disease'"):
        nlp.evaluate(examples_of(nlp))
