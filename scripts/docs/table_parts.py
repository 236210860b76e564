"""What all tables of results share: names, files of results, and Markdown."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
NAMES = {
    "bc5cdr": "BC5CDR",
    "bionlp13cg": "BioNLP13CG",
    "jnlpba": "JNLPBA",
    "ncbi_disease": "NCBI Disease",
    "bc2gm": "BC2GM",
    "anatem": "AnatEM",
    "craft": "CRAFT",
    "nlm_gene": "NLM-Gene",
    "tmvar3": "tmVar3",
    "linnaeus": "LINNAEUS",
    "maccrobat": "MACCROBAT",
    "leaf_clinical_trials": "LEAF clinical trials",
    "phee": "PHEE",
    "crossner_science": "CrossNER science",
    "trialsieve": "TrialSieve",
    "tasteset": "TASTEset",
    "loctext": "LocText",
    "pcmsp": "PcMSP",
    "nlm_chem_test": "NLM-Chem",
    "coneco": "CoNECo",
    "psytar": "PsyTAR",
    "agri_ner": "ORKG Agriculture NER",
    "fb_clinical_trials": "FB clinical trials",
    "random-small-512": "DeBERTa-v3-small, D = 512 (random weights)",
    "random-small-768": "DeBERTa-v3-small, D = 768 (random weights)",
    "random-base-768": "DeBERTa-v3-base, D = 768 (random weights)",
    "random-bi-small": "bi-encoder of DeBERTa-v3-small (random weights)",
    "starter": "MiniLM-L6 with an LSTM",
    "packaged": "packaged model",
    "fp32": "float32",
    "bf16": "bfloat16",
}


def markdown(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def read(name: str) -> Any:
    """Read the results of a file, which also names machine and arguments."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf8"))["results"]


def named(name: str) -> str:
    """Return the name that a table shows."""
    return NAMES.get(name, name)


def spread(values: Sequence[float]) -> str:
    """Return mean and standard deviation."""
    deviation = f" ± {stdev(values):.1f}" if len(values) > 1 else ""
    return f"{mean(values):.1f}{deviation}"
