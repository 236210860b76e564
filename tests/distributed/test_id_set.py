from hypothesis import given
from hypothesis import strategies as st

from spacy_gliner_biomed.distributed.id_set import IdSet


@given(st.lists(st.lists(st.text(alphabet="abc\x00é", max_size=3), max_size=12), max_size=8))
def test_an_id_is_known_from_its_second_time_on(batches: list[list[str]]) -> None:
    ids, seen = IdSet(), set[str]()
    for batch in batches:
        expected, before = [], set(seen)
        for name in batch:
            expected.append(name in seen)
            seen.add(name)
        assert ids.contains(batch) == [name in before for name in batch]
        assert ids.add(batch) == expected
    assert len(ids) == len(seen)


def test_memory_is_16_bytes_for_each_id_in_few_arrays() -> None:
    ids = IdSet()
    for start in range(0, 20_000, 500):
        assert not any(ids.add([f"PMID{i}" for i in range(start, start + 500)]))
    assert sum(array.nbytes for array in ids.arrays) == 16 * 20_000
    assert len(ids.arrays) < 15
    assert all(ids.add([f"PMID{i}" for i in range(20_000)]))
