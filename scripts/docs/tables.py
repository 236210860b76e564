"""Tables of results, made of `benchmarks/results/*.json`, by the names that pages give them."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from scripts.docs.curation_tables import (
    annotation_order,
    curation,
    curation_memory,
    curation_paired,
    distillation,
    llm_accuracy,
)
from scripts.docs.linking_tables import linking, linking_coverage, linking_speed
from scripts.docs.relation_tables import relation_speed, relations
from scripts.docs.scale_tables import scale, worker_memory
from scripts.docs.table_parts import markdown, named, read, spread


def accuracy() -> str:
    """One row for each test set of the packaged model."""
    head = ["test set", "documents", "threshold", "P", "R", "strict F1", "overlap F1"]
    keys = ["documents", "threshold", "strict_p", "strict_r", "strict_f", "overlap_f"]
    rows = read("accuracy-test").items()
    return markdown(head, ([named(name), *(row[key] for key in keys)] for name, row in rows))


def accuracy_short() -> str:
    """The README's table: five corpora."""
    head = ["test set", "strict F1", "overlap F1"]
    rows = list(read("accuracy-test").items())[:5]
    return markdown(
        head, ([named(n), f"{r['strict_f']:.1f}", f"{r['overlap_f']:.1f}"] for n, r in rows)
    )


def precision() -> str:
    """Strict F1 of each test set, one column for each precision and device."""
    files = {
        "float32, CPU": "accuracy-test",
        "bfloat16, CPU": "accuracy-bfloat16-cpu",
        "float32, GPU": "accuracy-float32-gpu",
        "bfloat16, GPU": "accuracy-bfloat16-gpu",
        "float16, GPU": "accuracy-float16-gpu",
    }
    found = list(map(read, files.values()))
    rows = ([named(name), *(f"{by[name]['strict_f']:.2f}" for by in found)] for name in found[-1])
    return markdown(["test set", *files], rows)


def word_borders() -> str:
    """Percentage of gold entities at word borders, for each way to cut a text."""
    rows = read("word_borders")
    corpora = list(next(iter(rows.values())))
    return markdown(
        ["words", *map(named, corpora)], ([words, *by.values()] for words, by in rows.items())
    )


def zero_shot() -> str:
    """One row for each corpus that was not trained on: after a first training, and a longer one."""
    runs = {"1,400": read("zero_shot"), "2,770": read("zero_shot-longer")}
    head = ["test set", "documents", "labels"]
    head += [f"{what}, {n} steps" for n in runs for what in ("labels at 0", "strict F1")]
    keys, table = ("labels_at_zero", "strict_f"), []
    for name, row in runs["1,400"].items():
        found = [each[name][key] for each in runs.values() for key in keys]
        table.append([row["documents"], row["labels"], *found])
    sums = [sum(column) for column in zip(*table, strict=True)]
    sums[3::2] = [round(total / len(table), 2) for total in sums[3::2]]
    rows = zip([*map(named, runs["1,400"]), "all, or mean"], [*table, sums], strict=True)
    return markdown(head, [[name, *row] for name, row in rows])


def few_shot(name: str = "few_shot") -> str:
    """One row for each number of training documents.

    name (str): The file of results.
    """
    head = ["corpus", "training documents", "strict F1", "overlap F1"]
    rows = ([named(r["corpus"]), r["documents"], r["strict_f"], r["overlap_f"]] for r in read(name))
    return markdown(head, rows)


def wordings() -> str:
    """One row for each wording of a label."""
    groups = read("wordings").items()
    rows = (
        [label, prompt, row["strict_f"], row["overlap_f"]]
        for label, prompts in groups
        for prompt, row in prompts.items()
    )
    return markdown(["label", "prompt", "strict F1", "overlap F1"], rows)


SYSTEMS = {"ours": "this package", "gliner": "GLiNER package", "gliner_spacy": "gliner-spacy"}


def speed(name: str) -> str:
    """One run of `benchmarks/speed/throughput.py`: words a second, one column for each system."""
    found: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for row in read(name):
        case = (named(row["checkpoint"]), row["mix"], str(row["labels"]))
        found[case][_system(row)] = f"{row['words_s']:,.0f}"
    systems = sorted({each for by in found.values() for each in by})
    rows = ([*case, *(by.get(each, "") for each in systems)] for case, by in found.items())
    return markdown(["model, words/s", "texts", "labels", *systems], rows)


# CPU, instruction set and cores of each run of the packaged model, by file of results.
CPUS = {
    "packaged-avx2-cpu": ("AMD EPYC (Zen 3)", "AVX2", 1),
    "packaged-cpu": ("AMD EPYC (Zen 4)", "AVX-512 with BF16", 2),
    "packaged-wide-cpu": ("not recorded", "AVX-512 with BF16", 2),
}


def cpus() -> str:
    """Words a second of the packaged model on abstracts, one row for each CPU."""
    head = ["CPU", "instruction set", "cores", "GFLOP/s per core, float32"]
    systems = [(system, p) for p in ("fp32", "bf16") for system in ("ours", "gliner")]
    head += [f"{SYSTEMS[system]}, {named(p)}" for system, p in systems]
    table = []
    for name, (cpu, instructions, cores) in CPUS.items():
        rows = {(r["system"], r["precision"]): r for r in read(name) if r["mix"] == "abstracts"}
        rate = rows["ours", "fp32"]["gflops"] / cores
        found = [f"{rows[each]['words_s']:,.0f}" if each in rows else "" for each in systems]
        table.append([cpu, instructions, cores, f"{rate:.0f}", *found])
    return markdown(head, table)


def _system(row: dict[str, Any]) -> str:
    """Name what was measured in a row of `benchmarks/speed/throughput.py`."""
    name = f"{SYSTEMS.get(row['system'], row['system'])}, {named(row['precision'])}"
    return name if row["system"] == "ours" else f"{name}, batches of {row['batch']}"


def levers(name: str) -> str:
    """One run of `benchmarks/speed/levers.py`: the time without a lever over the time with it."""
    gains: dict[str, dict[str, str]] = defaultdict(dict)
    for row in read(name):
        if row["without"] != "all of them":
            gains[row["without"]][row["precision"]] = f"{row['times_slower']:.2f}"
    rows = ([what, g.get("float32", ""), g.get("bfloat16", "")] for what, g in gains.items())
    return markdown(["without", "float32", "bfloat16"], rows)


def int8() -> str:
    """One row for each model and precision."""
    rows = (
        [
            named(row["checkpoint"]),
            named(row["setting"]),
            f"{row['words_s']:,}",
            row["of_bf16"],
            # random weights find no entities to compare
            f"{row['same_entities_as_fp32']:.1%}" if row["same_entities_as_fp32"] else "",
        ]
        for row in read("int8-cpu")
    )
    head = ["model", "precision", "words/s", "times bfloat16", "entities equal to float32's"]
    return markdown(head, rows)


def training() -> str:
    """Windows a second and memory of two trainers."""
    found = read("training-cpu")
    rows = (
        [what, found[key]["windows_per_second"], f"{found[key]['peak_mib']:,.0f}"]
        for what, key in (("GLiNER package", "gliner"), ("this package", "spacy_gliner_biomed"))
    )
    return markdown(["trainer", "windows/s", "peak memory, MiB"], rows)


def partial_annotation() -> str:
    """F1 with and without the rule for labels that a corpus does not annotate."""
    found = read("partial_annotation")
    rules = list(found)
    rows = (
        [named(corpus), *(found[rule][corpus]["strict_f"] for rule in rules)]
        for corpus in found[rules[0]]
    )
    return markdown(["strict F1", *(rule.replace("_", " ") for rule in rules)], rows)


def self_training() -> str:
    """F1 before and after training on own silver."""
    return _before_after(read("self_training"), "stage", ["before", "after"])


def auxiliary() -> str:
    """F1 without and with general corpora."""
    return _before_after(read("auxiliary"), "general", [False, True], ["alone", "with general"])


def _before_after(
    rows: list[dict[str, Any]], key: str, values: Sequence[Any], heads: Sequence[str] = ()
) -> str:
    scores: dict[str, dict[Any, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        scores[row["corpus"]][row[key]].append(row["strict_f"])
    table = ([named(c), *(spread(by[value]) for value in values)] for c, by in scores.items())
    return markdown(["strict F1", *map(str, heads or values)], table)


TABLES: dict[str, Callable[..., str]] = {
    "accuracy": accuracy,
    "accuracy-short": accuracy_short,
    "annotation-order": annotation_order,
    "auxiliary": auxiliary,
    "cpus": cpus,
    "curation": curation,
    "curation-memory": curation_memory,
    "curation-paired": curation_paired,
    "curation-silver": lambda: curation_paired("curation_silver"),
    "distillation": distillation,
    "few-shot": few_shot,
    "int8": int8,
    "levers": levers,
    "linking": linking,
    "linking-coverage": linking_coverage,
    "linking-speed": linking_speed,
    "llm-accuracy": llm_accuracy,
    "partial-annotation": partial_annotation,
    "precision": precision,
    "relation-speed": relation_speed,
    "relations": relations,
    "scale": scale,
    "self-training": self_training,
    "speed": speed,
    "training": training,
    "word-borders": word_borders,
    "wordings": wordings,
    "worker-memory": worker_memory,
    "zero-shot": zero_shot,
}
