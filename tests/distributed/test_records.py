from spacy_gliner_biomed.distributed.records import (
    CorpusRecord,
    Partition,
    effective,
    parse_partition_name,
)


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
    assert names(*left) == [f"part-000007.{span}" for span in ("00003-00005", "00005-00007")] + [
        "part-000007.00009-00010"
    ]
    assert list(partition(3).without([(0, 1), (1, 3)])) == []
    piece = partition(10).halves()[1]
    assert ids(*piece.without([(0, 5), (6, 7)])) == ["d5", "d7", "d8", "d9"]
    assert ids(*partition(10).halves()[0].without([(4, 5), (7, 9)])) == ["d0", "d1", "d2", "d3"]


def test_pieces_of_two_runs_contain_each_other_or_share_nothing() -> None:
    """Whatever was finished when the second began, from its names each record is found once."""
    first = [
        *partition(11).halves(),
        *(x for half in partition(11).halves() for x in half.halves()),
    ]
    for done in first:
        second = list(partition(11).without([span(done)]))
        for piece in (*second, *(half for one in second for half in one.halves())):
            for other in first:
                (a, b), (c, d) = span(piece), span(other)
                assert b <= c or d <= a or (a <= c and d <= b) or (c <= a and b <= d)
        both = [*names(*first), *names(*second)]
        found = sorted(parse_partition_name(name)[1] or () for name in effective(both))
        assert found == [(0, 5), (5, 11)]


def span(piece: Partition) -> tuple[int, int]:
    assert piece.first is not None
    return piece.first, piece.first + len(piece.records)


def test_a_whole_partition_counts_before_its_pieces() -> None:
    names = ["part-000001.00000-00005", "part-000002", "part-000001", "part-000002.00003-00004"]
    assert sorted(effective(names)) == ["part-000001", "part-000002"]
