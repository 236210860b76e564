"""The Dockerfile, checked as text: building it takes an engine and a network."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

from typer.main import get_command

from spacy_gliner_biomed.cli import gliner_cli

ROOT = Path(__file__).parents[2]
INSTRUCTIONS = {
    *("FROM", "WORKDIR", "RUN", "ENV", "COPY", "USER", "EXPOSE", "HEALTHCHECK"),
    *("STOPSIGNAL", "ENTRYPOINT", "CMD"),
}


def instructions() -> list[tuple[str, str]]:
    """The instructions with their arguments, of joined lines and without comments."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(w[0], w[2]) for line in joined.splitlines() if line and (w := line.partition(" "))]


def arguments(name: str) -> list[str]:
    return [value for instruction, value in instructions() if instruction == name]


def test_each_instruction_is_known_and_has_an_argument() -> None:
    assert {name for name, _ in instructions()} == INSTRUCTIONS
    assert all(value for _, value in instructions())
    assert instructions()[0][0] == "FROM"


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    let_in = [line[1:] for line in ignored if line.startswith("!")]
    for value in arguments("COPY"):
        if value.startswith("--from="):
            continue
        *sources, _ = value.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert any(fnmatch(source.removeprefix("./"), name) for name in let_in), source
    assert "spacy_gliner_biomed" in let_in  # the packaged model is in it


def test_it_runs_as_a_user_without_rights_and_has_a_health_check() -> None:
    after = [name for name, _ in instructions()]
    (user,) = arguments("USER")
    assert int(user) > 0
    assert after.index("USER") < after.index("ENTRYPOINT")
    assert "RUN" not in after[after.index("USER") :]
    (check,) = arguments("HEALTHCHECK")
    words = json.loads(check.partition("CMD ")[2])
    compile(words[2], "health check", "exec")
    (port,) = arguments("EXPOSE")
    assert f":{port}/ready" in words[2]


def test_it_starts_the_command_with_options_that_exist() -> None:
    (entry,) = arguments("ENTRYPOINT")
    *program, command, option, host = json.loads(entry)
    assert program == ["python", "-m", "spacy", "gliner"]
    (found,) = (c for name, c in get_command(gliner_cli).commands.items() if name == command)  # type: ignore[attr-defined]
    options = {each.name: each for each in found.params}
    assert option in options["host"].opts
    assert host == "0.0.0.0"
    assert str(options["port"].default) in arguments("EXPOSE")


def test_torch_is_the_pinned_build_for_cpus() -> None:
    (line,) = (value for value in arguments("RUN") if "whl/cpu" in value)
    assert "grep '^torch==' constraints.txt" in line
    assert re.search(r"^torch==[\d.]+$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
