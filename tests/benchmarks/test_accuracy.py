"""Benchmarks of accuracy on a random model and tiny corpora."""

import argparse
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from benchmarks.accuracy import corpora as corpora_script
from benchmarks.accuracy import everyday, pipelines, prompt_variants
from benchmarks.accuracy.evaluation import best_threshold, evaluate, make_nlp
from benchmarks.common import read_results, write_results
from spacy_gliner_biomed.training.corpora import AnnotatedText, gold_doc
from spacy_gliner_biomed.training.readers import read_corpus
from tests.benchmarks.conftest import strings


def test_corpora_use_thresholds_of_another_run(
    corpora: Path, checkpoint: Path, tmp_path: Path
) -> None:
    chosen, output = tmp_path / "dev.json", tmp_path / "test.json"
    write_results(chosen, {"bc5cdr": {"threshold": 0.35}}, argparse.Namespace())
    asked = ["bc5cdr", "jnlpba", "--corpora", corpora, "--checkpoint", checkpoint]
    corpora_script.main(strings(*asked, "--thresholds", chosen, "--output", output))
    rows = read_results(output)
    assert rows["bc5cdr"]["threshold"] == 0.35
    assert rows["jnlpba"]["threshold"] == 0.5
    assert rows["bc5cdr"]["documents"] == 4


@pytest.mark.filterwarnings("ignore:Possible set:FutureWarning")
def test_word_borders(corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("scispacy", reason="needs scispacy")
    from benchmarks.accuracy import word_borders

    texts = [AnnotatedText("co-drug 5mg", [(3, 7, "drug"), (8, 9, "dose"), (0, 7, "x")], [], None)]
    shares = {
        w: word_borders.share_at_borders(texts, s) for w, s in word_borders.splitters().items()
    }
    assert shares["GLiNER's pattern"] == pytest.approx(100 / 3)
    assert shares["packaged model"] == 100
    output = tmp_path / "out.json"
    asked = strings("--corpora", corpora, "--names", "bc5cdr", "--output", output)
    word_borders.main(asked)
    assert read_results(output)["packaged model"] == {"bc5cdr": 100.0}
    assert "| packaged model | 100.0 |" in capsys.readouterr().out


def test_corpora_find_the_best_threshold(corpora: Path, checkpoint: Path, tmp_path: Path) -> None:
    asked = ["bc5cdr", "--corpora", corpora, "--checkpoint", checkpoint, "--split", "dev"]
    corpora_script.main(strings(*asked, "--share", "0.5", "--output", tmp_path / "dev.json"))
    row = read_results(tmp_path / "dev.json")["bc5cdr"]
    texts = read_corpus(corpora, "bc5cdr", ["dev"])[:2]
    results = evaluate(make_nlp(str(checkpoint)), texts, [row["threshold"], 0.5])
    assert row["documents"] == 2
    assert row["strict_f"] == round(100 * results[row["threshold"]][0].fscore, 2)


def test_one_prediction_gives_what_a_prediction_at_each_threshold_gives(
    corpora: Path, checkpoint: Path
) -> None:
    nlp, texts = make_nlp(str(checkpoint)), read_corpus(corpora, "bc5cdr", ["test"])
    together = evaluate(nlp, texts, [0.3, 0.6])
    for threshold, counts in together.items():
        (alone,) = evaluate(nlp, texts, [threshold]).values()
        for both in zip(alone, counts, strict=True):
            assert len({(c.tp, c.fp, c.fn) for c in both}) == 1
    assert sum(c.tp + c.fn for c in [together[0.3][0]]) == 8  # two entities a document
    assert best_threshold(together) in (0.3, 0.6)


def test_everyday(
    corpora: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {label: prompts[:2] for label, prompts in list(everyday.PROMPT_VARIANTS.items())[:2]}
    monkeypatch.setattr(everyday, "PROMPT_VARIANTS", few)
    asked = ["--corpora", corpora, "--checkpoint", checkpoint]
    everyday.main(strings(*asked, "--output", tmp_path / "out.json"))
    results = read_results(tmp_path / "out.json")
    assert list(results) == list(everyday.PARTS)
    assert set(results["layout"]) == set(everyday.LAYOUTS)
    assert results["together"]["by_label"]["disease"]["gold"] == 4
    assert results["alone"]["mean"] >= 0
    assert set(results["wording"]) == {"largest", *few}


def test_everyday_in_part(corpora: Path, checkpoint: Path, tmp_path: Path) -> None:
    asked = ["--corpora", corpora, "--checkpoint", checkpoint, "--only", "layout"]
    everyday.main(strings(*asked, "--output", tmp_path / "out.json"))
    assert list(read_results(tmp_path / "out.json")) == ["layout"]


def test_prompt_variants(corpora: Path, checkpoint: Path, tmp_path: Path) -> None:
    asked = ["--corpora", corpora, "--checkpoint", checkpoint, "--limit", "2"]
    prompt_variants.main(strings(*asked, "--output", tmp_path / "out.json"))
    results = read_results(tmp_path / "out.json")
    assert {label: list(rows) for label, rows in results.items()} == prompt_variants.VARIANTS


def test_pipelines(
    corpora: Path, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nlp = spacy.blank("en")
    model = {"checkpoint": str(checkpoint)}
    config = {"labels": ["disease", "chemical"], "model": model, "spans_key": "sc"}
    nlp.add_pipe("gliner_biomed", config=config)
    nlp.to_disk(tmp_path / "pipeline")
    docs = [gold_doc(nlp, text, "sc") for text in read_corpus(corpora, "bc5cdr", ["test"])]
    DocBin(docs=docs).to_disk(tmp_path / "gold.spacy")
    asked = [tmp_path / "gold.spacy", f"mine={tmp_path / 'pipeline'}"]
    pipelines.main(strings(*asked, "--output", tmp_path / "out.json"))
    assert "| mine |" in capsys.readouterr().out
    assert list(read_results(tmp_path / "out.json")["mine"]) == [
        "strict P",
        "strict R",
        "strict F1",
    ]
