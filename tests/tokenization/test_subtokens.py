import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from spacy_gliner_biomed.tokenization.subtokens import Subtokenizer
from tests.tiny import ENT, tiny_tokenizer


def metaspace(prepend_scheme: str) -> Subtokenizer:
    """As SentencePiece: a word begins with a mark for the space before it."""
    pieces = [("<unk>", 0.0), ("▁", -1.0), ("a", -2.0), ("b", -2.0), ("▁ab", -1.5)]
    tokenizer = Tokenizer(models.Unigram(pieces, 0, False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=prepend_scheme)
    return Subtokenizer(tokenizer.to_str(), (), (), 0, None)


def byte_level() -> Subtokenizer:
    """As GPT-2 and ModernBERT: bytes, no unknown character."""
    table = {byte: i for i, byte in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(table, [("a", "b")] if "ab" in table else []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return Subtokenizer(tokenizer.to_str(), (), (), 0, None)


TOKENIZERS = {
    "wordpiece": tiny_tokenizer(),
    "metaspace-always": metaspace("always"),
    "metaspace-first": metaspace("first"),
    "byte-level": byte_level(),
}
WORDS = st.lists(st.text("ab \x01\x7f\u0301é\U0001f9ec", max_size=5) | st.text(max_size=8))


@pytest.mark.parametrize("kind", TOKENIZERS)
@given(words=WORDS)
def test_ids_of_a_word_do_not_depend_on_its_neighbours(kind: str, words: list[str]) -> None:
    tokenizer = TOKENIZERS[kind]
    ids, counts = tokenizer.encode(words)
    alone = [
        tokenizer.backend.encode([word], is_pretokenized=True, add_special_tokens=False).ids
        for word in words
    ]
    assert ids.tolist() == [i for word in alone for i in word]
    assert counts.tolist() == [len(word) for word in alone]


def test_a_word_of_control_characters_leaves_a_hole_and_moves_no_other_word() -> None:
    ids, counts = tiny_tokenizer().encode(["drug", "\x01", "disease"])
    assert counts.tolist() == [1, 0, 1]
    assert ids.tolist() == tiny_tokenizer().encode(["drug", "disease"])[0].tolist()


def test_holes_at_the_end_are_counted() -> None:
    assert tiny_tokenizer().encode(["drug", "\x7f", ""])[1].tolist() == [1, 0, 0]
    assert tiny_tokenizer().encode(["\x01"])[1].tolist() == [0]


def test_no_words_have_no_ids() -> None:
    ids, counts = tiny_tokenizer().encode([])
    assert ids.tolist() == counts.tolist() == []


def test_special_tokens_in_the_text_are_words_as_others() -> None:
    tokenizer = tiny_tokenizer()
    ids, counts = tokenizer.encode(["[SEP]", "a", ENT])
    assert counts.tolist() == [1, 1, 1]
    assert ids.tolist() == [tokenizer.token_id(token) for token in ("[SEP]", "a", ENT)]


def test_truncation_and_padding_stored_in_a_tokenizer_are_not_applied() -> None:
    backend = Tokenizer.from_str(tiny_tokenizer().definition)
    backend.enable_truncation(2)
    backend.enable_padding(length=64)
    stored = Subtokenizer(backend.to_str(), (2,), (3,), 0, None)
    assert stored.encode(["a"] * 9)[1].tolist() == [1] * 9


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_encode_the_same_whether_or_not_it_was_used_before(duplicate) -> None:
    unused, used = tiny_tokenizer(), tiny_tokenizer()
    expected = used.encode(["disease", "x-ray"])[0].tolist()
    for tokenizer in (unused, used):
        again = duplicate(tokenizer)
        assert again == tokenizer
        assert again.encode(["disease", "x-ray"])[0].tolist() == expected


def test_a_pickle_holds_the_tokenizer_once() -> None:
    used = tiny_tokenizer()
    used.encode(["disease"])
    assert len(pickle.dumps(used)) == len(pickle.dumps(tiny_tokenizer()))


def test_a_token_that_is_not_there_has_no_id() -> None:
    assert tiny_tokenizer().token_id("[PAD]") == 0
    assert tiny_tokenizer(markers=False).token_id(ENT) is None


def test_a_sequence_has_special_tokens_around_it() -> None:
    tokenizer = tiny_tokenizer()
    inner = tokenizer.encode(["disease", "of", "the", "cell"])[0].tolist()
    assert tokenizer.encode_sequence("disease of the cell").tolist() == [2, *inner, 3]


def test_a_sequence_may_be_as_long_as_the_encoder_takes() -> None:
    tokenizer = tiny_tokenizer()
    assert len(tokenizer.encode_sequence("a " * 126)) == tokenizer.max_length == 128


def test_a_label_that_the_label_encoder_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"E024.* has 127 subtokens\. .* is 126\."):
        tiny_tokenizer().encode_sequence("a " * 127)


def test_a_label_without_subtokens_is_refused() -> None:
    with pytest.raises(ValueError, match="E021"):
        tiny_tokenizer().encode_sequence("\x01")


def test_many_words_are_encoded_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["aspirin", "\x7f", "of", "cancer", "x9"] * 5
    expected = tiny_tokenizer().encode(words)
    monkeypatch.setattr("spacy_gliner_biomed.tokenization.word_ids.WORDS_AT_ONCE", 3)
    for one, other in zip(tiny_tokenizer().encode(words), expected, strict=True):
        np.testing.assert_array_equal(one, other)
