from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.linking.kb.tables import HashTable, StringTable, hash_string

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(TEXT, max_size=10))
def test_strings_come_back(strings: list[str]) -> None:
    table = StringTable.build(strings)
    assert [table[row] for row in range(len(table))] == strings


@given(st.lists(st.sampled_from(["a", "b", "", "é"]), max_size=10))
def test_the_rows_of_a_key_are_found_in_order(keys: list[str]) -> None:
    table = HashTable.build([hash_string(key) for key in keys])
    wanted = ["a", "b", "", "é", "other"]
    rows = [[i for i, other in enumerate(keys) if other == key] for key in wanted]
    assert table.find(wanted) == rows
    assert [table.find([key]) for key in wanted] == [[each] for each in rows]


def test_rows_may_have_other_numbers() -> None:
    table = HashTable.build([hash_string("a"), hash_string("b"), hash_string("a")], [7, 8, 9])
    assert table.find(["a"]) == [[7, 9]]
