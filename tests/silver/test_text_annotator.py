import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from spacy_gliner_biomed.silver.chat_server import ChatServer
from spacy_gliner_biomed.silver.failures import MALFORMED, TOO_LONG, Failure
from spacy_gliner_biomed.silver.llm_prompts import PromptBuilder
from spacy_gliner_biomed.silver.reply_cache import ReplyCache
from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_settings import RunSettings, ServerSettings
from spacy_gliner_biomed.silver.text_annotator import TextAnnotator
from spacy_gliner_biomed.silver.type_names import TypeNames
from tests.silver.serving import LlmServer

Make = Callable[..., TextAnnotator]


@dataclass
class Setting:
    """What a test's annotators share."""

    counts: RunCounts = field(default_factory=RunCounts)
    open: list[ReplyCache | ChatServer] = field(default_factory=list)


@pytest.fixture
def setting() -> Iterator[Setting]:
    made = Setting()
    yield made
    for each in made.open:
        each.close()


@pytest.fixture
def make(llm_server: LlmServer, tmp_path: Path, setting: Setting) -> Make:
    def build(types: list[str] | None = None, **options: Any) -> TextAnnotator:
        settings = ServerSettings(url=llm_server.url, model="tiny", backoff=0.01, retries=1)
        server = ChatServer(settings, setting.counts, Event())
        setting.open.append(server)
        path = tmp_path / "answers.cache"
        cache = ReplyCache(path, lambda: setting.counts.add("replies:damaged"))
        setting.open.append(cache)
        names = TypeNames(types or [])
        prompt, run = PromptBuilder(names.allowed), RunSettings(**options)
        return TextAnnotator(server, cache, prompt, names, setting.counts, run)

    return build


def test_an_entity_is_found_at_all_its_positions_and_relations_join_them(make: Make) -> None:
    text = "Aspirin or ibuprofen? Ibuprofen and Aspirin."
    found = make().annotate(text)
    assert list(found.entities) == [(0, 7, "drug"), (36, 43, "drug"), (22, 31, "drug")]
    tail = (22, 31, "drug")
    assert list(found.relations) == [
        ((0, 7, "drug"), tail, "with"),
        ((36, 43, "drug"), tail, "with"),
    ]
    assert found.counts["mentions:exact"] == 2


def test_an_invented_quote_and_its_relations_are_counted_and_not_written(make: Make) -> None:
    found = make().annotate("inventive Aspirin")
    assert list(found.entities) == [(10, 17, "drug")]
    assert not found.relations
    assert found.counts["mentions:not found"] == 1
    assert found.counts["relations:without their entities"] == 1


def test_types_that_are_not_allowed_are_counted_and_not_written(make: Make) -> None:
    found = make(["disease"]).annotate("Aspirin")
    assert not found.entities
    assert found.counts["mentions:of a type that is not allowed"] == 1


def test_a_long_text_is_asked_in_pieces_and_none_of_it_is_lost(
    make: Make, llm_server: LlmServer
) -> None:
    text = "".join(f"Aspirin helps {i}. " for i in range(40)) + "Codeine, too."
    found = make(max_characters=200).annotate(text)
    assert len(found.entities) == 41
    assert all(text[a:b] in ("Aspirin", "Codeine") for a, b, _ in found.entities)
    assert "".join(llm_server.texts()).split() == text.split()
    assert found.counts["texts:cut"] == 1


@pytest.mark.parametrize("word", ["narrow", "wordy"])
def test_what_is_too_long_for_the_model_is_halved(make: Make, word: str) -> None:
    text = f"Aspirin {word} " + f"is a {word} drug. " * 50 + f"Codeine {word} "
    found = make().annotate(text)
    assert [text[a:b] for a, b, _ in found.entities] == ["Aspirin", "Codeine"]
    assert found.counts["pieces:halved"] >= 1


def test_a_piece_that_can_be_no_shorter_is_a_failure(make: Make) -> None:
    with pytest.raises(Failure) as raised:
        make().annotate("endless Aspirin")
    assert raised.value.kind == TOO_LONG
    assert "15 characters is cut off (prompt.max_tokens = 2048)" in raised.value.reason


def test_a_malformed_answer_is_asked_for_again_and_then_a_failure(
    make: Make, setting: Setting, llm_server: LlmServer
) -> None:
    assert list(make().annotate("doubtful Aspirin").entities) == [(9, 16, "drug")]
    with pytest.raises(Failure) as raised:
        make().annotate("malformed Aspirin")
    assert raised.value.kind == MALFORMED
    assert setting.counts["answers:malformed"] == 3
    assert len(llm_server.asked()) == 4


def test_no_answer_is_asked_for_twice(make: Make, setting: Setting, llm_server: LlmServer) -> None:
    annotator = make()
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(annotator.annotate, ["slow Aspirin", "slow Codeine"] * 8))
    again = make()
    results.append(again.annotate("slow Codeine"))
    assert all(len(found.entities) == 1 for found in results)
    assert sorted(llm_server.texts()) == ["slow Aspirin", "slow Codeine"]
    assert (setting.counts["replies:new"], setting.counts["replies:cached"]) == (2, 15)
    assert setting.counts["tokens:new, prompt"] == 200
    assert setting.counts["tokens:cached, completion"] == 150


@pytest.mark.parametrize("content", [b"\xff", b"edited", "edited", "{}"])
def test_a_damaged_answer_in_the_cache_is_asked_for_again(
    make: Make, setting: Setting, llm_server: LlmServer, tmp_path: Path, content: object
) -> None:
    expected = make().annotate("Aspirin").entities
    with closing(sqlite3.connect(tmp_path / "answers.cache")) as base, base:
        base.execute("UPDATE answers SET content = ?", [content])
    assert make().annotate("Aspirin").entities == expected != {}
    assert llm_server.texts() == ["Aspirin", "Aspirin"]
    assert setting.counts["replies:damaged"] == (content == b"\xff")
    assert setting.counts["answers:malformed"] == (content != b"\xff")


def test_candidates_are_offered_for_the_piece_that_they_are_in(
    make: Make, llm_server: LlmServer
) -> None:
    text = "Aspirin for the cold. " * 12 + "Codeine for pain."
    candidates = [(0, 7), (22, 29), (len(text) - 5, len(text) - 1)]
    make(max_characters=200).annotate(text, candidates)
    asked = [line["text"].rpartition(": ")[2] for line in llm_server.asked()]
    offered = [json.loads(phrases) for phrases in asked]
    assert offered == [["Aspirin"], ["pain"]]


def test_a_text_without_words_is_not_asked(make: Make, llm_server: LlmServer) -> None:
    assert not make().annotate(" \n ").entities
    assert not make().annotate("").entities
    assert llm_server.asked() == []
