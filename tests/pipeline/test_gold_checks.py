"""Training data without anything to learn is an error that says what is there."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example

from tests.pipeline.test_training import examples_of

WORDS = ["Zinc", "cured", "fever"]


def docs_of(nlp: Language, n: int = 2, key: str | None = None) -> list[Doc]:
    """Docs with an entity in a group, or without any annotation."""
    docs = [Doc(nlp.vocab, words=WORDS) for _ in range(n)]
    for doc in docs:
        if key is not None:
            doc.spans[key] = [Span(doc, 0, 1, label="drug")]
    return docs


def initialize(nlp: Language, docs: Sequence[Doc], **options: Any) -> None:
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    nlp.get_pipe("gliner_biomed").initialize(lambda: examples, **options)


@pytest.mark.parametrize("labels", [[], ["drug"]])
def test_gold_in_another_group_is_an_error_that_names_it(
    make_nlp: Callable[..., Language], labels: list[str]
) -> None:
    nlp = make_nlp(labels=labels)
    docs = [*docs_of(nlp, 2, "mykey"), *docs_of(nlp, 1, "other"), *docs_of(nlp)]
    found = r"'mykey' \(in 2 documents\), 'other' \(in 1 document\)\. Set 'spans_key'"
    with pytest.raises(ValueError, match=rf"GB-E145.*in 5 training documents.*'sc'.*{found}"):
        initialize(nlp, docs)


@pytest.mark.parametrize("n", [1, 2])
def test_docs_without_gold_are_an_error(make_nlp: Callable[..., Language], n: int) -> None:
    nlp = make_nlp()
    with pytest.raises(ValueError, match=rf"GB-E145.*in {n} training.*groups are: none\."):
        initialize(nlp, docs_of(nlp, n))


def test_no_documents_are_an_error(make_nlp: Callable[..., Language], tmp_path: Path) -> None:
    nlp = make_nlp()
    (tmp_path / "train.jsonl").write_text('{"text": "Zinc"}', encoding="utf8")
    with (
        pytest.warns(UserWarning, match="W090"),
        pytest.raises(ValueError, match=r"GB-E411.*no training document.*convert FILE train.spacy"),
    ):
        nlp.initialize(lambda: Corpus(tmp_path / "train.jsonl")(nlp))


@pytest.mark.parametrize("name", ["train_gold_in_other_group", "train_without_gold"])
def test_files_without_gold_are_errors(
    make_nlp: Callable[..., Language], shared: Path, name: str
) -> None:
    nlp = make_nlp(labels=[])
    path = shared / "cases" / "annotations" / f"{name}.spacy"
    groups = "'mykey'" if name == "train_gold_in_other_group" else "none"
    with pytest.raises(ValueError, match=rf"GB-E145.*groups are: {groups}"):
        initialize(nlp, list(DocBin().from_disk(path).get_docs(nlp.vocab)))


def test_no_labels_anywhere_are_an_error(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(labels=[])
    docs = docs_of(nlp)
    for doc in docs:
        doc.spans["sc"] = []
    with (
        pytest.warns(UserWarning, match="GB-W141"),
        pytest.raises(ValueError, match=r"GB-E147.*'labels' is empty.*in 2 training documents"),
    ):
        initialize(nlp, docs)


def test_only_negatives_are_warned_of(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp()
    docs = docs_of(nlp)
    for doc in docs:
        doc.set_ents([])
    with pytest.warns(UserWarning, match=r"GB-W141\] .* in 2 training documents"):
        initialize(nlp, docs)


def test_some_docs_without_gold_are_counted_and_said(make_nlp: Callable[..., Language]) -> None:
    nlp = make_nlp(labels=["drug"])
    with pytest.warns(UserWarning, match=r"GB-W142\] 3 training documents have"):
        initialize(nlp, [*docs_of(nlp, 2, "sc"), *docs_of(nlp, 3)])


def test_initialize_without_data_loads_the_model_and_keeps_the_labels(
    make_nlp: Callable[..., Language],
) -> None:
    nlp = make_nlp(labels=["gene"])
    nlp.initialize()
    assert nlp.get_pipe("gliner_biomed").labels == ("gene",)


@pytest.mark.parametrize(
    ("spans_key", "weights", "is_wrong"),
    [
        ("sc", {}, False),
        ("ner", {}, True),
        ("ner", {"spans_ner_f": 1.0}, False),
        ("ner", {"spans_ner_f": 0.0}, True),
        ("ner", {"ents_f": 1.0}, False),
        ("sc", {"spans_sc_f": None, "spans_ner_f": 1.0}, True),
    ],
)
def test_a_group_that_no_score_is_of_is_said(
    make_nlp: Callable[..., Language],
    recwarn: pytest.WarningsRecorder,
    spans_key: str,
    weights: dict[str, float | None],
    is_wrong: bool,
) -> None:
    nlp = make_nlp(spans_key=spans_key)
    nlp.config["training"]["score_weights"] = weights
    examples = examples_of(nlp)
    for example in examples:
        example.reference.spans[spans_key] = example.reference.spans["sc"]
    if is_wrong:
        with pytest.warns(UserWarning, match=rf"GB-W008.*'{spans_key}'.*'spans_{spans_key}_f'"):
            nlp.initialize(lambda: examples)
    else:
        nlp.initialize(lambda: examples)
    assert not recwarn.list
