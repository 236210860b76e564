"""The guide's blocks that need the service, run against one."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts.docs.blocks import read_blocks
from tests.service.serving import Running

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "serve.md"


def test_the_stream_of_the_guide_is_answered(
    packaged_service: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = (
        block
        for block in read_blocks(GUIDE.read_text(encoding="utf8"))
        if block.language == "python" and "annotate/stream" in block.code
    )
    port = urlsplit(packaged_service.url).port
    exec(block.code.replace("8000", str(port)), {})
    assert capsys.readouterr().out.splitlines() == [
        "0 ['Lisinopril', 'cough']",
        "1 ['BRCA1', 'TP53']",
    ]
