"""Tables of curation and silver data: selection, annotation order, language models, memory."""

from collections import defaultdict
from collections.abc import Iterable
from statistics import mean
from typing import Any

from benchmarks.curation.paired import differences, seed_differences, seed_means, shown
from scripts.docs.table_parts import markdown, named, read, spread

Scores = dict[tuple[str, int], float]  # F1 by corpus and seed


def curation() -> str:
    """Means and deviations over the seeds, by scorer and share."""
    scores: dict[tuple[Any, ...], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in read("curation"):
        key = (row["scorer"], f"{row['ratio']:.0%}", "yes" if row["negatives"] else "no")
        scores[key][row["corpus"]].append(row["strict_f"])
    corpora = ["ncbi_disease", "bc5cdr", "bc2gm"]
    rows = (
        [*key, *(spread(by[c]) for c in corpora), f"{mean(mean(by[c]) for c in corpora):.1f}"]
        for key, by in scores.items()
    )
    head = ["positives by", "share", "negatives", *map(named, corpora), "mean"]
    return markdown(head, rows)


def curation_paired(name: str = "curation_paired") -> str:
    """F1 by scorer and share, and the paired differences to all and to random positives.

    name (str): The file of results.
    """
    found: dict[tuple[str, float], Scores] = defaultdict(dict)
    entities: dict[tuple[str, float], list[int]] = defaultdict(list)
    for row in read(name):
        key = row["scorer"], row["ratio"]
        found[key][row["corpus"], row["seed"]] = row["strict_f"]
        entities[key].append(row["entities"])
    corpora = _corpora(found.values())
    rows = []
    order = sorted(found, key=lambda key: (key[0] != "all", key[1]))
    for scorer, ratio in order:
        own = found[scorer, ratio]
        cells = [spread(list(_only(own, corpus).values())) for corpus in corpora]
        gains = [
            "" if scorer in ("all", other[0]) else shown(seed_differences(own, found[other]))
            for other in (("all", 1.0), ("random", ratio))
        ]
        size = round(mean(entities[scorer, ratio]))
        rows.append([scorer, f"{ratio:.0%}", size, *cells, *gains])
    head = ["positives by", "share", "entities", *map(named, corpora), "to all", "to random"]
    return markdown(head, rows)


def annotation_order() -> str:
    """F1 of both orders by corpus and number of documents, and their paired difference."""
    rows = read("annotation_order")
    found: dict[tuple[str, str], Scores] = defaultdict(dict)
    for row in rows:
        for size, score in row["strict_f"].items():
            found[row["order"], size][row["corpus"], row["seed"]] = score
    orders = dict.fromkeys(order for order, _ in found if order != "random")
    for scores in found.values():
        scores |= seed_means(scores)
    lines = []
    for corpus in _corpora(found.values()):
        for size in rows[0]["strict_f"]:
            chance = _only(found["random", size], corpus)
            line = [named(corpus), size, spread(list(chance.values()))]
            for order in orders:
                own = _only(found[order, size], corpus)
                line += [spread(list(own.values())), shown(differences(own, chance))]
            lines.append(line)
    head = ["corpus", "documents", "random"]
    head += [each for order in orders for each in (f"`next`: {order}", "difference")]
    return markdown(head, lines)


def llm_accuracy(name: str) -> str:
    """Precision and recall of `annotate-llm` with one model.

    name (str): The file of results.
    """
    keys = ["sentences", "failed", "entities", "precision", "recall", "f"]
    rows = ([named(row["corpus"]), *(row[key] for key in keys)] for row in read(name))
    return markdown(["corpus", *keys[:-1], "F1"], rows)


def curation_memory() -> str:
    """Peak memory of each command, by number of documents."""
    found = read("curation_memory")
    sizes = list(next(iter(found.values())))
    rows = ([f"`{what}`", *(by[size] for size in sizes)] for what, by in found.items())
    return markdown(["peak MiB of a process", *(f"{size} documents" for size in sizes)], rows)


def distillation() -> str:
    """What became of documents and quotes."""
    found = read("distillation")
    rows = [
        ["documents", found["documents"]],
        ["written", found["written"]],
        *([f"failed: {why}", n] for why, n in found["failed"].items()),
        ["lost", len(found["lost"])],
        ["written twice", found["written twice"]],
        *([f"quotes: {how}", n] for how, n in found["quotes"].items()),
        ["answers asked for twice", found["answers sent twice"]],
    ]
    return markdown(["", "count"], rows)


def _corpora(found: Iterable[Scores]) -> list[str]:
    return list(dict.fromkeys(corpus for scores in found for corpus, _ in scores))


def _only(scores: Scores, corpus: str) -> Scores:
    return {key: score for key, score in scores.items() if key[0] == corpus}
