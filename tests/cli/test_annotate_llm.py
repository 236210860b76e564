"""`spacy gliner annotate-llm` against a server process, in this process and in one that dies."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner, Result

from spacy_gliner_biomed.cli import gliner_cli
from spacy_gliner_biomed.silver.failures import FAILURE_KEY
from spacy_gliner_biomed.silver.run_settings import list_settings
from spacy_gliner_biomed.training.gold import read_gold
from tests.silver.serving import LlmServer
from tests.tiny_llm import tiny_llm

Run = Callable[..., Result]
LONG = "wordy Aspirin. " + "This is a filler. " * 40 + "Codeine ends it."


def write_lines(path: Path, texts: list[str]) -> Path:
    lines = [json.dumps({"id": f"n{i}", "text": text, "ward": i}) for i, text in enumerate(texts)]
    path.write_text("\n".join(lines))
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def run(llm_server: LlmServer) -> Run:
    def invoke(*args: object, **options: object) -> Result:
        given = {"--url": llm_server.url, "--model": "tiny", "--server.backoff": 0.01, **options}
        listed = [str(x) for pair in given.items() for x in pair if pair[1] is not None]
        return CliRunner().invoke(gliner_cli, ["annotate-llm", *map(str, args), *listed])

    return invoke


def test_each_document_is_written_or_among_the_failures_and_all_is_counted(
    run: Run, tmp_path: Path
) -> None:
    key = time.monotonic_ns()
    texts = [
        "Aspirin with Codeine.",
        f"flaky Aspirin {key}",
        f"severed Aspirin {key}",
        "inventive Aspirin",
        "doubtful Aspirin",
        LONG,
        "",
        "malformed Aspirin",
        "broken Aspirin",
        "hanging Aspirin",
        "refused Aspirin",
        "endless Aspirin",
    ]
    source, out = write_lines(tmp_path / "in.jsonl", texts), tmp_path / "out.jsonl"
    prices = ["--run.price_prompt", 10, "--run.price_completion", 100]
    result = run(source, "-o", out, "--server.timeout", 1.5, "--server.retries", 1, *prices)
    assert result.exit_code == 3, result.output
    lines, failed = read_lines(out), read_lines(tmp_path / "out.jsonl.failures.jsonl")
    assert [line["id"] for line in lines] == [f"n{i}" for i in range(7)]
    assert all(
        line["text"][e["start"] : e["end"]] == e["text"] and e["label"] == "drug"
        for line in lines
        for e in line["entities"]
    )
    assert [len(line["entities"]) for line in lines] == [2, 1, 1, 1, 1, 2, 0]
    (relation,) = lines[0]["relations"]
    assert lines[0]["entities"][relation["tail"]]["start"] == 13
    assert lines[3]["ward"] == 3
    assert {line["id"]: line[FAILURE_KEY]["kind"] for line in failed} == {
        "n7": "malformed answer",
        "n8": "server error",
        "n9": "timeout",
        "n10": "request refused",
        "n11": "text too long for the model",
    }
    assert [line["text"] for line in failed] == texts[7:]
    report = json.loads((tmp_path / "out.jsonl.report.json").read_text())
    assert report["documents"] == {"read": 12, "written": 7, "without text": 1}
    assert report["failed"] == Counter(line[FAILURE_KEY]["kind"] for line in failed)
    assert report["faults"] == {"server error": 3, "timeout": 2, "server not reached": 1}
    assert report["mentions"]["not found"] == 1
    assert report["answers"]["malformed"] == 3
    assert report["pieces"]["halved"] >= 1
    new = report["replies"]["new"]
    assert report["tokens"] == {"new, prompt": 100 * new, "new, completion": 10 * new}
    assert report["cost"] == {"new": pytest.approx(new * 2000 / 1e6), "cached": 0}
    assert "1 not found" in result.stderr
    assert "FAILED, and missing in the output: documents: 1" in result.stderr


def test_a_docbin_trains_with_exact_spans_and_the_types_that_were_asked(
    run: Run, tmp_path: Path
) -> None:
    source, nlp = tmp_path / "in", spacy.blank("en")
    source.mkdir()
    doc = Doc(nlp.vocab, words=["Aspirin-induced", "ulcer"])
    doc.user_data["id"] = "given"
    doc.spans["silver"] = [doc[1:2]]
    DocBin(docs=[doc], store_user_data=True).to_disk(source / "docs.spacy")
    (source / "note.txt").write_bytes(b"Codeine\r\nand Aspirin")
    (tmp_path / "synonyms.json").write_text('{"chemical": ["drug"]}')
    out = tmp_path / "out" / "silver.spacy"
    options = ["--types", "chemical,disease", "--synonyms", tmp_path / "synonyms.json"]
    result = run(
        source,
        "-o",
        out,
        *options,
        "--prompt.relations",
        "false",
        "--run.spans_key",
        "silver",
        "-q",
    )
    assert (result.exit_code, result.output) == (0, "")
    docs = list(DocBin().from_disk(out).get_docs(nlp.vocab))
    golds = [read_gold(doc, "silver") for doc in docs]
    assert [doc.user_data["id"] for doc in docs] == ["given", (source / "note.txt").as_posix()]
    assert golds[0].spans == [(0, 7, "chemical")]
    assert golds[1].spans == [(0, 7, "chemical"), (13, 20, "chemical")]
    assert golds[0].annotated == ["chemical", "disease"]
    assert not (tmp_path / "out" / "silver.spacy.failures.jsonl").exists()
    report = json.loads((tmp_path / "out" / "silver.spacy.report.json").read_text())
    assert report["documents"]["with other spans before"] == 1


def test_a_second_run_pays_for_nothing_and_asks_again_for_what_failed(
    run: Run,
    tmp_path: Path,
    llm_server: LlmServer,
) -> None:
    source = write_lines(tmp_path / "in.jsonl", ["Aspirin", f"flaky {time.monotonic_ns()}"])
    out = tmp_path / "out.jsonl"
    first = run(source, "-o", out, "--server.retries", 0)
    assert first.exit_code == 3
    second = run(source, "-o", out, "--server.retries", 0)
    assert second.exit_code == 0, second.output
    assert len(llm_server.asked()) == 3
    assert len(read_lines(out)) == 2
    assert not (tmp_path / "out.jsonl.failures.jsonl").exists()
    report = json.loads((tmp_path / "out.jsonl.report.json").read_text())
    assert report["replies"] == {"new": 1, "cached": 1}


def test_a_killed_run_goes_on_and_no_document_is_lost_or_paid_twice(
    tmp_path: Path,
    llm_server: LlmServer,
) -> None:
    texts = [f"slow Aspirin {i}" for i in range(60)]
    source, out = write_lines(tmp_path / "in.jsonl", texts), tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "spacy", "gliner", "annotate-llm", str(source), "-o", str(out)]
    command += ["--url", llm_server.url, "--model", "tiny", "--workers", "3"]
    environment = {**os.environ, "OPENAI_API_KEY": "secret"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        while len(llm_server.texts()) < 12 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not out.exists()
    with closing(sqlite3.connect(f"{out}.cache")) as cache:
        (n_paid,) = cache.execute("SELECT COUNT(*) FROM answers").fetchone()
    assert n_paid >= 8
    time.sleep(0.3)  # what was under way at the server
    before = len(llm_server.texts())
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = read_lines(out)
    assert [line["text"] for line in lines] == texts
    assert all(len(line["entities"]) == 1 for line in lines)
    asked = Counter(llm_server.texts())
    assert set(asked) == set(texts)
    assert sum(asked.values()) - before == 60 - n_paid
    assert before - n_paid <= 3  # those whose answers had not come yet
    report = json.loads(Path(f"{out}.report.json").read_text())
    assert report["replies"] == {"new": 60 - n_paid, "cached": n_paid}
    assert {line["key"] for line in llm_server.asked()} == {"Bearer secret"}
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret" not in written


def test_a_model_in_this_process_writes_only_what_stands_in_the_text(
    run: Run, tmp_path: Path
) -> None:
    folder = tiny_llm(tmp_path / "llm", positions=2048)
    source = write_lines(tmp_path / "in.jsonl", ["x", "Aspirin for a cold."])
    out = tmp_path / "out.jsonl"
    options = ["--types", "drug", "--prompt.max_tokens", 600]
    result = run(source, "-o", out, "--local", folder, *options, **{"--url": None, "--model": None})
    report = json.loads((tmp_path / "out.jsonl.report.json").read_text())
    assert result.exit_code == (3 if report["failed"] else 0), result.output
    assert report["settings"]["model"].startswith(str(folder))
    assert report["documents"].get("written", 0) + sum(report["failed"].values()) == 2
    assert report["tokens"]["new, completion"] > 0
    assert "malformed" not in report["answers"]


def test_a_server_that_is_gone_ends_the_run_and_leaves_earlier_output(
    run: Run, tmp_path: Path
) -> None:
    source = write_lines(
        tmp_path / "in.jsonl", ["broken x"] * 1 + [f"broken {i}" for i in range(9)]
    )
    out = tmp_path / "out.jsonl"
    out.write_text("earlier\n")
    result = run(source, "-o", out, "--server.retries", 0, "--run.patience", 4)
    assert result.exit_code == 1
    assert "GB-E121] 4 documents" in result.stderr
    assert out.read_text() == "earlier\n"


def test_reasoning_is_no_answer_and_an_answer_without_a_readable_item_is_a_failure(
    run: Run, tmp_path: Path
) -> None:
    source = write_lines(tmp_path / "in.jsonl", ["thinking Aspirin", "unreadable Aspirin"])
    result = run(source, "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 3, result.output
    (line,), (failed,) = (
        read_lines(tmp_path / f"out.jsonl{end}") for end in ("", ".failures.jsonl")
    )
    assert [entity["text"] for entity in line["entities"]] == ["Aspirin"]
    assert (failed["id"], failed[FAILURE_KEY]["kind"]) == ("n1", "malformed answer")
    assert "no entity can be read" in failed[FAILURE_KEY]["reason"]


def test_what_failed_is_annotated_later_without_a_trace_of_the_failure(
    run: Run, tmp_path: Path
) -> None:
    text, failures = f"flaky Aspirin {time.monotonic_ns()}", tmp_path / "failed.jsonl"
    document = {"id": "n1", "text": text, "reason": "checkup", "failure": "none"}
    (tmp_path / "in.jsonl").write_text(json.dumps(document))
    options = ["-o", tmp_path / "out.jsonl", "--server.retries", 0, "--run.failures"]
    assert run(tmp_path / "in.jsonl", *options, failures).exit_code == 1
    (failed,) = read_lines(failures)
    assert failed.pop(FAILURE_KEY)["kind"] == "server error"
    assert failed == document
    assert run(failures, *options, tmp_path / "again.jsonl").exit_code == 0
    (line,) = read_lines(tmp_path / "out.jsonl")
    assert [entity["text"] for entity in line.pop("entities")] == ["Aspirin"]
    assert line == document


@pytest.mark.parametrize("ending", [".jsonl", ".spacy"])
def test_half_a_character_in_an_id_or_key_does_not_end_the_run(
    run: Run, tmp_path: Path, ending: str
) -> None:
    texts = ["Aspirin", "malformed Codeine"]
    lines = [
        {"id": f"{i}\ud800", "text": text, "k\udfff": "\ud800"} for i, text in enumerate(texts)
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)))
    out = tmp_path / f"out{ending}"
    assert run(tmp_path / "in.jsonl", "-o", out).exit_code == 3
    (failed,) = read_lines(tmp_path / f"{out}.failures.jsonl")
    assert (failed["id"], failed["k\udfff"]) == ("1\ud800", "\ud800")
    if ending == ".jsonl":
        (line,) = read_lines(out)
        assert (line["id"], line["k\udfff"]) == ("0\ud800", "\ud800")
    else:
        (doc,) = DocBin().from_disk(out).get_docs(spacy.blank("en").vocab)
        assert doc.text == "Aspirin"


def test_failures_may_go_to_a_device(run: Run, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", ["Aspirin"])
    device = Path(os.devnull)
    assert run(source, "-o", tmp_path / "out.jsonl", "--run.failures", device).exit_code == 0
    assert device.is_char_device() or os.name != "posix"


@pytest.mark.parametrize("ending", [".jsonl", ".spacy"])
def test_an_earlier_output_is_not_replaced_if_every_document_fails(
    run: Run, tmp_path: Path, ending: str
) -> None:
    source = write_lines(tmp_path / "in.jsonl", ["malformed Aspirin", "unreadable Codeine"])
    out = tmp_path / f"out{ending}"
    out.write_text("earlier\n")
    result = run(source, "-o", out)
    assert result.exit_code == 1, result.output
    assert "GB-E150] None of the documents could be annotated: 2 failed" in result.stderr
    assert out.read_text() == "earlier\n"
    assert len(read_lines(tmp_path / f"out{ending}.failures.jsonl")) == 2
    assert json.loads((tmp_path / f"out{ending}.report.json").read_text())["failed"]
    out.unlink()
    assert run(source, "-o", out).exit_code == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"--model": None}, "GB-E126"),
        ({"--url": None, "--model": None}, "GB-E126"),
        ({"--local": "x"}, "GB-E126"),
        ({"--url": "localhost"}, "GB-E030"),
        ({"--server.body": "[1]"}, "GB-E030"),
        ({"--server.body": "{"}, "GB-E030"),
        ({"--server.constraint": "yes"}, "GB-E030"),
        ({"--types": " , "}, "GB-E127"),
        ({"--server.timeot": 1}, "server.timeout"),
        ({"--config": "no.cfg"}, "GB-E050"),
        ({"--run.similarity": 0.2}, "GB-E030"),
        ({"--examples": "no.jsonl"}, "GB-E050"),
        ({"--synonyms": "no.json"}, "GB-E050"),
        ({"--prompt.candidates": "no_pipeline"}, "GB-E108"),
        ({"-o": "out.txt"}, "GB-E110"),
        ({"--local": Path(__file__).parent, "--url": None, "--model": None}, "GB-E111"),
    ],
)
def test_wrong_options_are_said_before_anything_is_asked(
    run: Run,
    tmp_path: Path,
    llm_server: LlmServer,
    options: dict[str, object],
    code: str,
) -> None:
    source = write_lines(tmp_path / "in.jsonl", ["Aspirin"])
    result = run(source, **{"-o": tmp_path / "out.jsonl", **options})
    assert result.exit_code == 1, result.output
    assert code in result.stderr
    assert llm_server.asked() == []
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("content", "code"), [("", "GB-E055"), ('{"text": "a"}\n{"text"', "in.jsonl, line 2")]
)
def test_empty_and_broken_input_is_named(run: Run, tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "in.jsonl").write_text(content)
    result = run(tmp_path / "in.jsonl", "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 1
    assert code in result.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_a_config_file_sets_what_options_do_not(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "run.cfg"
    config.write_text(
        '[server]\nurl = "http://127.0.0.1:9/v1"\nmodel = "tiny"\nretries = 0\n\n'
        '[prompt]\ntypes = ["drug", "disease"]\nrelations = false\n\n'
        '[run]\nspans_key = "silver"\nfailures = null\n'
    )
    source, out = write_lines(tmp_path / "in.jsonl", ["Aspirin"]), tmp_path / "out.spacy"
    result = run(source, "-o", out, "--config", config, "--types", "drug", **{"--model": None})
    assert result.exit_code == 0, result.output
    (doc,) = DocBin().from_disk(out).get_docs(spacy.blank("en").vocab)
    gold = read_gold(doc, "silver")
    assert (gold.spans, gold.annotated) == ([(0, 7, "drug")], ["drug"])


def test_options_that_became_settings_still_work_and_say_how_to_write_them(
    run: Run, tmp_path: Path, llm_server: LlmServer
) -> None:
    source, out = write_lines(tmp_path / "in.jsonl", ["Aspirin"]), tmp_path / "out.jsonl"
    options = ["--max-tokens", "77", "--no-relations", '--body={"seed": null, "top_p": 0.5}', "-q"]
    result = run(source, *options, "-o", out)
    assert result.exit_code == 0, result.output
    (asked,) = llm_server.asked()
    assert (asked["body"]["max_tokens"], asked["body"]["top_p"]) == (77, 0.5)
    assert "seed" not in asked["body"]
    assert "relations" not in json.dumps(asked["body"]["response_format"])
    assert [line[:10] for line in result.stderr.splitlines()] == ["[GB-W120] "] * 3
    assert "--no-relations is deprecated: use --prompt.relations false" in result.stderr


def test_an_option_without_its_value_is_an_error_of_usage(run: Run, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", ["Aspirin"])
    result = CliRunner().invoke(
        gliner_cli, ["annotate-llm", str(source), "-o", "out.jsonl", "--server.timeout"]
    )
    assert result.exit_code == 2
    assert "--server.timeout" in result.stderr


def test_the_help_names_all_settings_with_their_defaults() -> None:
    result = CliRunner().invoke(gliner_cli, ["annotate-llm", "--help"], env={"COLUMNS": "200"})
    for setting in list_settings():
        assert setting.name in result.output
    assert "[default: 120.0]" in result.output


@pytest.mark.slow
def test_a_real_model_in_a_gguf_file_answers_in_the_schema_and_no_text_is_lost(
    smollm: Path, tmp_path: Path
) -> None:
    # So small a model may repeat itself up to the limit of tokens; then the text is a failure.
    pytest.importorskip("llguidance", reason="needs llguidance (extra 'llm')")
    texts = ["Aspirin was given for migraine.", "Metformin is a drug for type 2 diabetes."]
    source, output = write_lines(tmp_path / "notes.jsonl", texts), tmp_path / "silver.jsonl"
    options = ["--local", smollm, "--types", "disease,drug", "--prompt.relations", "false"]
    asked = ["annotate-llm", source, "--output", output, *options, "--prompt.max_tokens", 150]
    result = CliRunner().invoke(gliner_cli, [str(each) for each in asked])
    failures = tmp_path / "silver.jsonl.failures.jsonl"
    lines = read_lines(output) if output.exists() else []
    failed = read_lines(failures) if failures.exists() else []
    assert sorted(line["text"] for line in [*lines, *failed]) == texts, result.output
    reasons = [line[FAILURE_KEY]["reason"] for line in failed]
    assert all("150" in reason and "cut off" in reason for reason in reasons)
    for line in lines:
        for each in line["entities"]:
            assert line["text"][each["start"] : each["end"]] == each["text"]
            assert each["label"] in ("disease", "drug")
