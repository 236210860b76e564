"""The report of a run: what it did and what it cost, as JSON and as text."""

from dataclasses import dataclass
from typing import Any

from spacy_gliner_biomed.silver.run_counts import RunCounts

GROUPS = (
    "documents",
    "failed",
    "texts",
    "pieces",
    "requests",
    "faults",
    "replies",
    "answers",
    "mentions",
    "entities",
    "relations",
    "labels",
    "tokens",
)


@dataclass(frozen=True)
class Prices:
    """Prices of a million tokens, in any currency.

    prompt (float | None): Price of prompt tokens; None if unknown.
    completion (float | None): Price of completion tokens; None if unknown.
    """

    prompt: float | None = None
    completion: float | None = None

    def cost(self, n_prompt: int, n_completion: int) -> float | None:
        """Return the cost of tokens, or None if no price is known.

        n_prompt (int): Number of prompt tokens.
        n_completion (int): Number of completion tokens.
        """
        if self.prompt is None and self.completion is None:
            return None
        total = n_prompt * (self.prompt or 0) + n_completion * (self.completion or 0)
        return round(total / 1e6, 6)


def make_report(
    counts: RunCounts, prices: Prices, settings: dict[str, Any], seconds: float
) -> dict[str, Any]:
    """Return all counts; tokens and cost are split into new and cached ones.

    counts (RunCounts): The counts of the run.
    prices (Prices): The prices of tokens.
    settings (dict[str, Any]): Settings to include in the report.
    seconds (float): Duration of the run.
    RETURNS (dict[str, Any]): The report, for JSON.
    """
    report: dict[str, Any] = {"settings": settings, "seconds": round(seconds, 1)}
    for group in GROUPS:
        report[group] = counts.group(group)
    report["cost"] = {
        origin: prices.cost(
            counts[f"tokens:{origin}, prompt"], counts[f"tokens:{origin}, completion"]
        )
        for origin in ("new", "cached")
    }
    return report


def summarize(report: dict[str, Any]) -> str:
    """Return a report as a few lines of text, without counts that are 0.

    report (dict[str, Any]): See `make_report`.
    """
    documents, failed = report["documents"], report["failed"]
    written, n_failed = documents.get("written", 0), sum(failed.values())
    entities = sum(report["labels"].values())
    head = f"{entities:,} entities in {written:,} documents, {report['seconds']:.1f} s"
    shown = [name for name in GROUPS if name not in ("failed", "labels", "tokens")]
    lines = [head, *(_line(name, report[name]) for name in shown)]
    tokens, cost = report["tokens"], report["cost"]
    for origin in ("new", "cached"):
        prompt, completion = (tokens.get(f"{origin}, {x}", 0) for x in ("prompt", "completion"))
        if prompt + completion:
            price = "" if cost[origin] is None else f", cost {cost[origin]:,}"
            lines.append(f"tokens {origin}: {prompt:,} prompt, {completion:,} completion{price}")
    most_frequent = dict(list(report["labels"].items())[:12])
    lines.append(_line(f"labels ({len(report['labels']):,})", most_frequent))
    if n_failed:
        lines.append("FAILED, and missing in the output: " + _line("documents", failed))
    return "\n".join(line for line in lines if line)


def _line(name: str, counts: dict[str, int]) -> str:
    listed = [f"{n:,} {what}" for what, n in counts.items() if n]
    return f"{name}: " + ", ".join(listed) if listed else ""
