"""Tables of `benchmarks/scale/`."""

from scripts.docs.table_parts import markdown, read


def scale() -> str:
    """What `benchmarks/scale/runs.py` measured."""
    workers, overhead = read("scale-workers"), read("scale-overhead")
    memory, compared = read("scale-memory"), read("scale-compare")
    of_two_threads = workers.get("one_worker_of_two_threads_per_second")  # not in older results
    rows = [
        ["one worker, abstracts/s", workers["one_worker_per_second"]],
        ["two workers, abstracts/s", workers["two_workers_per_second"]],
        *([["one worker of two threads, abstracts/s", of_two_threads]] if of_two_threads else []),
        ["engine beside `nlp.pipe`, ms a document", overhead["trivial"]["overhead_ms"]],
        ["a million texts: growth of a worker, MiB", memory["growth_mib"]["workers"]],
        ["a million texts: growth of the driver, MiB", memory["growth_mib"]["driver"]],
        ["entities of 50,000 sentences, local = Ray = Spark", f"{compared['entities']:,}"],
        [
            "largest difference of a score",
            f"{max(compared['largest_score_difference'].values()):.1e}",
        ],
    ]
    return markdown(["", "measured"], rows)


def worker_memory() -> str:
    """PSS of all workers, by what they share."""
    found = read("scale-worker-memory")
    kinds = {
        "mapped": "imports and weights shared",
        "forked": "imports shared",
        "spawned": "nothing shared",
    }
    numbers = sorted({int(name.rpartition("-")[2]) for name in found})
    rows = ([n, *(found[f"{kind}-{n}"]["pss_of_all"] for kind in kinds)] for n in numbers)
    return markdown(["workers", *(f"{name}, MiB" for name in kinds.values())], rows)
