import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.tokenization.prompts import (
    Prompt,
    bare_prompt,
    encode_prompts,
    stored_prompt,
)
from tests.tiny import ENT, SEP, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
ENT_ID, SEP_ID = TOKENIZER.token_id(ENT), TOKENIZER.token_id(SEP)
LABELS = st.lists(st.text("abc ", min_size=1, max_size=12).filter(str.strip), max_size=30)


def encode(texts: list[str], budget: int | None = None, after_marker: bool = False) -> list[Prompt]:
    assert ENT_ID is not None
    assert SEP_ID is not None
    return encode_prompts(
        texts,
        TOKENIZER,
        ent_id=ENT_ID,
        sep_id=SEP_ID,
        ent_token=ENT,
        after_marker=after_marker,
        budget=budget,
    )


def ids_of(text: str) -> list[int]:
    return TOKENIZER.encode([text])[0].tolist()


def test_a_prompt_is_marker_and_label_for_each_label_and_a_separator() -> None:
    (prompt,) = encode(["disease", "cell line"])
    disease, line = ids_of("disease"), ids_of("cell line")
    assert prompt.input_ids.tolist() == [ENT_ID, *disease, ENT_ID, *line, SEP_ID]
    assert prompt.label_positions.tolist() == [0, 1 + len(disease)]
    assert prompt.texts == ("disease", "cell line")


def test_stored_labels_are_not_in_the_sequence() -> None:
    prompt = stored_prompt(["b", "a"], ["a", "b", "c"], sep_id=7)
    assert prompt.texts == ("b", "a")
    assert prompt.input_ids.tolist() == [7]
    assert not len(prompt.label_positions)


def test_labels_that_are_not_stored_are_refused_with_those_that_are() -> None:
    message = r"\[GB-E262\].*none of: drug, gene\. Set 'labels' to some of: a, b\."
    with pytest.raises(ValueError, match=message):
        stored_prompt(["a", "gene", "drug"], ["a", "b"], sep_id=7)


def test_after_marker_takes_the_first_subtoken_of_each_label() -> None:
    (prompt,) = encode(["cell line", "disease"], after_marker=True)
    found = prompt.input_ids[prompt.label_positions].tolist()
    assert found == [ids_of("cell line")[0], ids_of("disease")[0]]


def test_without_a_budget_all_labels_are_one_group() -> None:
    (prompt,) = encode(["gene"] * 300)
    assert len(prompt.label_positions) == 300


def test_no_labels_have_no_prompt() -> None:
    assert encode([]) == []
    assert encode([], budget=10) == []


@given(texts=LABELS, budget=st.integers(14, 60))
def test_groups_hold_all_labels_in_order_and_fit(texts: list[str], budget: int) -> None:
    prompts = encode(texts, budget)
    assert [text for prompt in prompts for text in prompt.texts] == texts
    for prompt in prompts:
        assert len(prompt.input_ids) <= budget
        assert (prompt.input_ids[prompt.label_positions] == ENT_ID).all()
        assert (prompt.input_ids == ENT_ID).sum() == len(prompt.texts) > 0


@given(texts=LABELS, budget=st.integers(14, 60))
def test_groups_are_even_and_as_few_as_fit(texts: list[str], budget: int) -> None:
    sizes = [len(prompt.texts) for prompt in encode(texts, budget)]
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    lengths = [1 + len(ids_of(text)) for text in texts]
    for fewer in range(1, len(sizes)):
        borders = [i * len(texts) // fewer for i in range(fewer + 1)]
        groups = np.split(np.array(lengths), borders[1:-1])
        assert max(group.sum() + 1 for group in groups) > budget


def test_the_prompt_may_fill_the_budget_exactly() -> None:
    length = len(encode(["gene", "drug"])[0].input_ids)
    assert len(encode(["gene", "drug"], budget=length)) == 1
    assert len(encode(["gene", "drug"], budget=length - 1)) == 2


def test_ten_thousand_labels_are_grouped() -> None:
    assert sum(len(prompt.texts) for prompt in encode(["gene"] * 10_000, budget=12)) == 10_000


def test_a_label_that_holds_the_marker_is_refused() -> None:
    with pytest.raises(ValueError, match=r"E020.*'a <<ENT>> b'.*'<<ENT>>'"):
        encode(["gene", f"a {ENT} b"])


def test_a_label_without_subtokens_is_refused() -> None:
    with pytest.raises(ValueError, match="E021"):
        encode(["gene", "\x01"])


def test_a_label_too_long_for_the_budget_is_refused_with_the_limit() -> None:
    assert encode(["a" * 8], budget=10)
    with pytest.raises(ValueError, match=r"E022.* has 9 subtokens\. The maximum is 8,"):
        encode(["a" * 9], budget=10)


def test_the_prompt_of_a_bi_encoder_is_empty_and_keeps_all_labels() -> None:
    prompt = bare_prompt(["gene", "drug"])
    assert prompt.texts == ("gene", "drug")
    assert len(prompt.input_ids) == len(prompt.label_positions) == 0
