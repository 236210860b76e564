"""Real articles of up to 60,000 characters: no word is dropped, no entity changes its text."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_gliner_biomed.pipeline.prediction import Predictor, PreparedDoc

LABELS = ["disease", "gene or protein", "chemical", "species", "cell", "tissue", "organ"]


def read_texts(shared: Path, corpus: str) -> list[str]:
    """The articles of a test set, longest first."""
    with gzip.open(shared / "corpora" / corpus / "test.jsonl.gz", "rt", encoding="utf8") as file:
        return sorted((json.loads(line)["text"] for line in file), key=len, reverse=True)


@pytest.fixture(scope="module")
def nlp(shared: Path) -> Language:
    nlp = spacy.blank("en")
    model = {"checkpoint": str(shared / "checkpoints" / "starter")}
    config = {"labels": LABELS, "alignment": "split", "model": model}
    nlp.add_pipe("gliner_biomed", config=config)
    nlp.initialize()
    return nlp


@pytest.fixture(scope="module")
def predictor(nlp: Language) -> Predictor:
    pipe = nlp.get_pipe("gliner_biomed")
    return Predictor(pipe.model, pipe.settings())


def prepare(nlp: Language, predictor: Predictor, text: str, *, sentences: bool) -> PreparedDoc:
    # A Doc of a few tokens has the same words, and is made at once.
    pieces = text.split(". ") if sentences else [text]
    words = [f"{piece}. " for piece in pieces[:-1]] + pieces[-1:]
    starts = [sentences or i == 0 for i in range(len(words))]
    doc = Doc(nlp.vocab, words=words, spaces=[False] * len(words), sent_starts=starts)
    assert doc.text == text
    return predictor._prepare(doc)


@pytest.mark.parametrize("sentences", [True, False])
@pytest.mark.parametrize("corpus", ["craft", "linnaeus"])
def test_every_character_is_in_a_word_and_every_word_in_a_window(
    corpus, sentences, shared, nlp, predictor
):
    n_windows = 0
    for text in read_texts(shared, corpus):
        prepared = prepare(nlp, predictor, text, sentences=sentences)
        words = prepared.words
        inside = np.zeros(len(text) + 1, dtype=int)
        np.add.at(inside, words.starts, 1)
        np.add.at(inside, words.ends, -1)
        in_word = np.cumsum(inside)[: len(text)]
        assert (in_word == [not character.isspace() for character in text]).all()
        covered = np.zeros(len(words), dtype=bool)
        for first, last in prepared.windows:
            covered[first:last] = True
        assert covered.all()
        assert prepared.counts["shortened_words"] == 0
        n_windows += len(prepared.windows)
    assert n_windows > 100


def test_no_row_is_longer_than_the_encoder_takes_and_none_loses_a_subtoken(shared, nlp, predictor):
    text = read_texts(shared, "craft")[0]
    prepared = prepare(nlp, predictor, text, sentences=True)
    rows = [row for *_, row in predictor._rows([prepared])]
    assert max(len(row) for row in rows) <= predictor.subtokens.max_length == 512
    [prompt] = [group.prompt for group in predictor.groups]
    special = len(predictor.subtokens.prefix) + len(predictor.subtokens.suffix)
    for row, (first, last) in zip(rows, prepared.windows, strict=True):
        n_subtokens = len(row) - len(prompt.input_ids) - special
        assert n_subtokens == prepared.encoded.counts[first:last].sum()
        assert len(row.word_positions) == last - first


def english(nlp: Language) -> Callable[[str], Doc]:
    return nlp.tokenizer


def scispacy(nlp: Language) -> Callable[[str], Doc]:
    custom = pytest.importorskip("scispacy.custom_tokenizer")
    return custom.combined_rule_tokenizer(nlp)


@pytest.mark.filterwarnings("ignore:Possible set:FutureWarning")
@pytest.mark.parametrize("tokenizer", [english, scispacy])
def test_split_keeps_the_characters_of_each_entity_of_an_article(tokenizer, shared, nlp):
    texts = read_texts(shared, "craft")
    text = texts[-1]  # the shortest article, of many windows still
    pipe = nlp.get_pipe("gliner_biomed")
    doc = tokenizer(nlp)(text)
    n_tokens = len(doc)
    [prediction] = pipe.predict([doc], threshold=0.3)
    pipe.set_annotations([doc], [prediction])
    group = doc.spans["sc"]
    written = {
        (s.start_char, s.end_char, s.label_, p)
        for s, p in zip(group, group.attrs["scores"], strict=True)
    }
    assert written == {(s.start, s.end, s.label, s.score) for s in prediction.spans}
    assert len(written) > 100
    assert prediction.counts["windows"] > 5
    assert len(doc) > n_tokens  # some tokens had to be cut
    assert doc.text == text
