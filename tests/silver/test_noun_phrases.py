from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.silver.noun_phrases import make_phrase_finder

NAME = "silver_test_parser"


@Language.component(NAME)
def parse(doc: Doc) -> Doc:
    """Take "of" for a preposition, and all words between for one noun phrase."""
    for token in doc:
        last = token.i + 1 == len(doc) or doc[token.i + 1].lower_ == "of"
        token.head = token if last or token.lower_ == "of" else token.nbor()
        token.dep_ = "prep" if token.lower_ == "of" else "ROOT" if last else "compound"
        token.pos_ = {"the": "DET", "of": "ADP"}.get(token.lower_, "NOUN")
    return doc


@pytest.fixture
def parsed(tmp_path: Path) -> str:
    nlp = spacy.blank("en")
    nlp.add_pipe(NAME)
    nlp.to_disk(tmp_path / "parser")
    return str(tmp_path / "parser")


def test_noun_phrases_are_found_without_determiners(parsed: str) -> None:
    text = "the breast cancer of the patient"
    find = make_phrase_finder(parsed)
    assert [text[a:b] for a, b in find(text)] == ["breast cancer", "patient"]
    assert find("") == []


def test_a_pipeline_without_a_parser_is_refused(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ValueError, match="GB-E123"):
        make_phrase_finder(str(tmp_path / "blank"))
    with pytest.raises(ValueError, match="GB-E108"):
        make_phrase_finder(str(tmp_path / "none"))
