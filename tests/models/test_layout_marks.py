"""Layout marks need words that are represented by their first subtoken."""

from pathlib import Path

import pytest

from spacy_gliner_biomed.models.checkpoints import load_checkpoint
from spacy_gliner_biomed.models.layout_marks import add_layout
from tests.tiny import tiny_checkpoint


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_marks_that_would_become_part_of_words_are_refused(tmp_path: Path, pooling: str) -> None:
    folder = tiny_checkpoint(tmp_path, subtoken_pooling=pooling, num_rnn_layers=1)
    with pytest.raises(ValueError, match=rf"\[GB-E263\].*subtoken_pooling '{pooling}'"):
        add_layout(load_checkpoint(str(folder)))


def test_a_vocabulary_without_unused_tokens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\[GB-E026\]"):
        add_layout(load_checkpoint(str(tiny_checkpoint(tmp_path))))
