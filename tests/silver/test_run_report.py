import pytest

from spacy_gliner_biomed.silver.run_counts import RunCounts
from spacy_gliner_biomed.silver.run_report import Prices, make_report, summarize


def test_cost_is_of_prompt_and_answer_and_not_known_without_prices() -> None:
    assert Prices(1.5, 6).cost(2_000_000, 500_000) == pytest.approx(6)
    assert Prices(None, 6).cost(2_000_000, 500_000) == pytest.approx(3)
    assert Prices().cost(1, 1) is None


def test_a_report_says_what_was_paid_saved_and_lost() -> None:
    counts = RunCounts()
    counts.update(
        {
            "documents:read": 3,
            "documents:written": 2,
            "failed:timeout": 1,
            "faults:timeout": 4,
            "mentions:not found": 5,
            "pieces:halved": 0,
            "labels:drug": 7,
            "tokens:new, prompt": 1_000_000,
            "tokens:cached, completion": 2_000_000,
        }
    )
    report = make_report(counts, Prices(1, 2), {"model": "x"}, 1.23)
    assert report["cost"] == {"new": 1, "cached": 4}
    assert report["failed"] == {"timeout": 1}
    assert report["settings"] == {"model": "x"}
    text = summarize(report)
    assert "7 entities in 2 documents, 1.2 s" in text
    for line in ("faults: 4 timeout", "mentions: 5 not found", "cost 1.0", "FAILED", "1 timeout"):
        assert line in text
    assert "halved" not in text
