"""Code blocks of pages: which are found, which are run, and that all of them work."""

from pathlib import Path
from typing import Any

import pytest

from scripts.docs.blocks import (
    Block,
    read_blocks,
    run_block,
    run_command,
    runnable,
    shell_commands,
    show_outputs,
)
from tests.docs.conftest import PAGES, ROOT

PAGE = """# Title

```python
x = 1
print(x)
```

<!-- output -->
```text
1
```

<!-- not run: needs a GPU -->
```bash
python train.py
```

- item

  ```py
  y = x
  ```

```text
no code
```
"""


def python(code: str) -> Block:
    return Block("python", code, line=1, not_run=None, is_output=False)


def test_blocks_are_found_with_their_marks() -> None:
    first, output, second, third, text = read_blocks(PAGE)
    assert (first.language, first.code, first.line) == ("python", "x = 1\nprint(x)\n", 3)
    assert output.is_output
    assert not text.is_output
    assert second.not_run == "needs a GPU"
    assert third.code == "y = x\n"


def test_a_marked_block_is_not_run_and_an_output_belongs_to_the_block_before() -> None:
    assert [(b.line, shown) for b, shown in runnable(PAGE)] == [(3, "1\n"), (20, None)]


def test_a_mark_holds_for_one_block() -> None:
    page = "<!-- not run: why -->\n```python\na\n```\n\n```python\nb\n```\n"
    assert [block.code for block, _ in runnable(page)] == ["b\n"]


def test_blocks_share_names_and_output_is_caught() -> None:
    names: dict[str, Any] = {}
    assert run_block(python("x = 2\n"), names, "page") == ""
    assert run_block(python("print(x)\n"), names, "page") == "2\n"


def test_a_traceback_has_the_line_of_the_page() -> None:
    block = Block("python", "x = 1\nraise OSError\n", line=10, not_run=None, is_output=False)
    with pytest.raises(OSError) as caught:
        run_block(block, {}, "page.md")
    assert (str(caught.traceback[-1].path), caught.traceback[-1].lineno + 1) == ("page.md", 12)


def test_shell_lines_are_joined_and_comments_left_out() -> None:
    code = '# first\npython a.py \\\n  "b c"\n\npython d.py  # then\n'
    assert list(shell_commands(code)) == [["python", "a.py", "b c"], ["python", "d.py"]]


def test_a_program_that_is_not_python_must_be_marked() -> None:
    with pytest.raises(ValueError, match="mark the block"):
        run_command(["curl", "https://example.org"])


@pytest.mark.parametrize(
    "words",
    [
        ["-c", "raise SystemExit(3)"],
        ["-m", "spacy", "gliner", "annotate", "no-such-file", "--labels", "drug"],
        ["-m", "spacy", "no-such-command"],
    ],
)
def test_a_command_that_fails_is_an_error(words: list[str]) -> None:
    with pytest.raises(Exception, match=r"status|such"):
        run_command(["python", *words])


def test_outputs_are_brought_up_to_date(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1 + 1)\n```\n\n<!-- output -->\n```text\n3\n```\n")
    assert show_outputs(page) == page.read_text().replace("3\n```", "2\n```")


@pytest.mark.usefixtures("workplace")
@pytest.mark.filterwarnings("ignore")  # of texts that are short on purpose; pages explain them
@pytest.mark.parametrize(
    "page", [page for page in PAGES if list(runnable((ROOT / page).read_text()))]
)
def test_each_block_runs_and_prints_what_the_page_shows(page: str) -> None:
    names: dict[str, Any] = {}
    for block, shown in runnable((ROOT / page).read_text(encoding="utf8")):
        printed = run_block(block, names, page)
        assert shown in (None, printed), f"{page}, line {block.line}"
