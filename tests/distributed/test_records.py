from spacy_gliner_biomed.distributed.records import CorpusRecord, Partition, parse_partition_name


def partition(n: int) -> Partition:
    return Partition(7, [CorpusRecord(f"d{i}", f"in:{i}", "text") for i in range(n)], n_bytes=100)


def names(*partitions: Partition) -> list[str]:
    return [part.name for part in partitions]


def ids(*partitions: Partition) -> list[str]:
    return [record.id for part in partitions for record in part.records]


def test_halves_of_halves_are_named_by_their_place_in_the_whole() -> None:
    left, right = partition(5).halves()
    assert names(left, right) == ["part-000007.00000-00002", "part-000007.00002-00005"]
    assert names(*right.halves()) == ["part-000007.00002-00003", "part-000007.00003-00005"]
    assert ids(left, *right.halves()) == ids(partition(5))
    assert left.n_bytes + right.n_bytes == 100


def test_a_name_says_the_number_and_the_piece() -> None:
    whole = partition(5)
    assert parse_partition_name(whole.name) == (7, None)
    assert parse_partition_name(whole.halves()[1].name) == (7, (2, 5))
    assert parse_partition_name("part-1234567.00000-10000") == (1234567, (0, 10000))


def test_without_finished_pieces_the_rest_is_left() -> None:
    left = list(partition(10).without([(7, 9), (0, 2), (2, 3)]))
    assert ids(*left) == ["d3", "d4", "d5", "d6", "d9"]
    assert names(*left) == ["part-000007.00003-00007", "part-000007.00009-00010"]
    assert list(partition(3).without([(0, 1), (1, 3)])) == []
    piece = partition(10).halves()[1]
    assert names(*piece.without([(0, 5), (6, 7)])) == [
        "part-000007.00005-00006",
        "part-000007.00007-00010",
    ]
    assert ids(*partition(10).halves()[0].without([(4, 5), (7, 9)])) == ["d0", "d1", "d2", "d3"]
