"""Everyday texts: labels together and alone, silence, layout and wording.

    python -m benchmarks.accuracy.everyday --corpora FOLDER [--checkpoint FOLDER] [--output FILE]

Strict micro F1 on characters, at one threshold for all. `everyday_dev` has 24 invented texts with
30 labels that are annotated everywhere, so that what is found beyond them is wrong.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy.scorer import PRFScore

from benchmarks.accuracy.corpora import make_nlp
from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.readers import read_corpus

# No text of biomedicine holds them, and none is in `training.far_labels`.
ABSENT = [
    "bird of prey in a coat of arms",
    "knitting pattern",
    "cocktail bar",
    "Shakespeare character",
    "sumo wrestler",
    "bicycle race stage",
    "perfume bottle designer",
    "board game",
    "tram stop",
    "rap album",
    "samurai sword",
    "chess grandmaster",
]
LAYOUTS = {
    "newline": ("", "\n"),
    "blank line": ("", "\n\n"),
    "bullet": ("- ", "\n"),
    "CRLF": ("", "\r\n"),
    "tab": ("", "\t"),
    "columns": ("", "        "),
}
NAMES = {
    "drug": ["Eliquis", "Zofran", "Lasix", "Keppra", "metformin", "lisinopril", "amoxicillin",
             "prednisone", "atorvastatin", "insulin glargine", "folic acid", "warfarin"],
    "disease": ["asthma", "gout", "migraine", "type 2 diabetes", "psoriasis", "heart failure",
                "hypertension", "anemia", "pneumonia", "chronic kidney disease", "epilepsy",
                "osteoporosis"],
}  # fmt: skip
WORDINGS = {
    "drug": ["drug", "drugs", "medication", "medicine", "Drug", "DRUG", "drug name", "medications",
             "pharmaceutical", "DrugName"],
    "disease": ["disease", "diseases", "disorder", "medical condition", "illness", "Disease",
                "diagnosis", "disease or disorder", "DISEASE", "MedicalCondition"],
    "symptom": ["symptom", "symptoms", "sign or symptom", "complaint", "Symptom", "clinical sign",
                "signs and symptoms", "SYMPTOM", "clinical symptom", "SignOrSymptom"],
    "dosage": ["dosage", "dose", "drug dose", "dosages", "Dosage", "strength", "amount of drug",
               "DOSAGE", "medication dosage", "DrugDosage"],
    "lab test": ["lab test", "laboratory test", "lab tests", "blood test", "Lab test", "LAB TEST",
                 "laboratory analysis", "lab_test", "LabTest", "laboratory examination"],
    "anatomical structure": ["anatomical structure", "body part", "anatomy", "anatomical site",
                             "anatomical structures", "organ or body part", "Anatomical structure",
                             "anatomical_structure", "AnatomicalStructure", "anatomical location"],
    "date or time": ["date or time", "date", "point in time", "dates or times", "Date or time",
                     "DATE OR TIME", "date_or_time", "DateOrTime", "calendar date or time",
                     "time expression"],
    "medical device": ["medical device", "medical devices", "device", "medical equipment",
                       "Medical device", "MEDICAL DEVICE", "medical_device", "MedicalDevice",
                       "clinical device", "device or implant"],
    "occupation": ["occupation", "job", "profession", "occupations", "Occupation", "OCCUPATION",
                   "job title", "professions", "person's job", "healthcare role or job"],
    "measurement value": ["measurement value", "measured value", "measurement", "numeric result",
                          "measurement values", "Measurement value", "test result value",
                          "measurement_value", "MeasurementValue", "lab or vital sign value"],
}  # fmt: skip


def score(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], labels: Sequence[Any], **options: Any
) -> dict[str, PRFScore]:
    """Strict counts by label."""
    names = [label["label"] if isinstance(label, dict) else label for label in labels]
    counts = {name: PRFScore() for name in names}
    docs = [nlp.make_doc(text.text) for text in texts]
    found = nlp.get_pipe("gliner_biomed").predict(docs, labels=labels, **options)
    for text, prediction in zip(texts, found, strict=True):
        for name, count in counts.items():
            gold = {(start, end) for start, end, label in text.spans if label == name}
            spans = {(span.start, span.end) for span in prediction.spans if span.label == name}
            count.score_set(spans, gold)
    return counts


def micro(counts: Iterable[PRFScore]) -> PRFScore:
    """All counts as one."""
    total = PRFScore()
    for count in counts:
        total += count
    return total


def percent(count: PRFScore) -> dict[str, float]:
    """Precision, recall and F1 in percent."""
    values = {"p": count.precision, "r": count.recall, "f": count.fscore}
    return {name: round(100 * value, 1) for name, value in values.items()}


def together(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], labels: Sequence[str], threshold: float
) -> dict[str, Any]:
    """All labels asked at once: nested with several labels a span, and flat."""
    options = {"overlap": "nested", "multi_label": True, "threshold": threshold}
    nested = score(nlp, texts, labels, **options)
    flat = score(nlp, texts, labels, overlap="flat", threshold=threshold)
    by_label = {
        name: {**percent(count), "gold": count.tp + count.fn} for name, count in nested.items()
    }
    result = {"nested": percent(micro(nested.values())), "flat": percent(micro(flat.values()))}
    return {**result, "by_label": by_label}


def alone(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], labels: Sequence[str], threshold: float
) -> dict[str, float]:
    """Each label asked by itself: F1 in percent, and the mean."""
    options = {"overlap": "nested", "threshold": threshold}
    found = {label: percent(score(nlp, texts, [label], **options)[label])["f"] for label in labels}
    return {"mean": round(sum(found.values()) / len(found), 1), **found}


def silence(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], threshold: float
) -> dict[str, float]:
    """Entities per 1,000 words and label, of labels that no text holds."""
    n_words = sum(len(text.text.split()) for text in texts)
    rate = 1000 / n_words / len(ABSENT)
    by_itself = [score(nlp, texts, [label], threshold=threshold) for label in ABSENT]
    at_once = score(nlp, texts, ABSENT, threshold=threshold, multi_label=True)
    n_alone = sum(count.fp for counts in by_itself for count in counts.values())
    n_at_once = sum(count.fp for count in at_once.values())
    return {"alone": round(n_alone * rate, 2), "together": round(n_at_once * rate, 2)}


def layout(nlp: spacy.Language, threshold: float) -> dict[str, int]:
    """Of 24 names in a list, how many are found exactly, by layout."""
    component = nlp.get_pipe("gliner_biomed")
    found: dict[str, int] = defaultdict(int)
    for name, (before, after) in LAYOUTS.items():
        for label, names in NAMES.items():
            doc = nlp.make_doc("".join(f"{before}{item}{after}" for item in names))
            options = {"labels": [*NAMES], "threshold": threshold}
            (prediction,) = component.predict([doc], **options)
            exact = {
                doc.text[span.start : span.end] for span in prediction.spans if span.label == label
            }
            found[name] += len(exact & {*names})
    return dict(found)


def wording(
    nlp: spacy.Language, texts: Sequence[AnnotatedText], labels: Sequence[str], threshold: float
) -> dict[str, Any]:
    """F1 of labels asked in ten ways, beside all others as they are, and the largest spread."""
    result: dict[str, Any] = {}
    for label, prompts in WORDINGS.items():
        found = {}
        for prompt in prompts:
            asked = [{"label": x, "prompt": prompt if x == label else x} for x in labels]
            options = {"overlap": "nested", "multi_label": True, "threshold": threshold}
            found[prompt] = percent(score(nlp, texts, asked, **options)[label])["f"]
        result[label] = {"spread": round(max(found.values()) - min(found.values()), 1), **found}
    return {"largest": max(row["spread"] for row in result.values()), **result}


def main() -> None:
    """Read the arguments, measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--checkpoint", default="packaged")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--abstracts", default="bc5cdr", help="test set of abstracts for silence")
    parser.add_argument("--only", nargs="*", help="parts to measure")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    nlp = make_nlp(arguments.checkpoint)
    threshold = arguments.threshold
    texts = read_corpus(arguments.corpora, "everyday_dev", ["dev"])
    labels = list(texts[0].annotated or ())
    abstracts = read_corpus(arguments.corpora, arguments.abstracts, ["test"])[:200]
    parts = {
        "together": lambda: together(nlp, texts, labels, threshold),
        "alone": lambda: alone(nlp, texts, labels, threshold),
        "silence_everyday": lambda: silence(nlp, texts, threshold),
        "silence_abstracts": lambda: silence(nlp, abstracts, threshold),
        "layout": lambda: layout(nlp, threshold),
        "wording": lambda: wording(nlp, texts, labels, threshold),
    }
    rows: dict[str, Any] = {"threshold": threshold}
    for name in arguments.only or parts:
        rows[name] = parts[name]()
        print(name, json.dumps(rows[name]), flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
