"""Families of labels that exclude each other on one mention, to train refusal without new
annotation.

A corpus is silent about labels that it does not annotate, but not on its own mentions: what is
marked as a disease is not an occupation, a device or a date. A pair is in the table only if no
exact mention can be both. For example, "insulin" can be a gene, a drug or a laboratory test, so
these are no pairs; and species do not exclude persons, because corpora mark patients as species.
"""

from collections.abc import Sequence

# Labels of each family, as users write them.
FAMILIES: dict[str, tuple[str, ...]] = {
    "condition": ("disease", "symptom", "cancer", "injury", "adverse event", "infection"),
    "substance": ("drug", "chemical", "medication", "vaccine"),
    "gene": ("gene or protein", "gene", "protein"),
    "variant": ("genetic variant", "mutation", "single nucleotide polymorphism"),
    "organism": ("species", "bacterium", "virus", "plant"),
    "anatomy": ("anatomical structure", "organ", "tissue", "body part", "body fluid or specimen"),
    "cell": ("cell type", "cell line"),
    "procedure": (
        "diagnostic procedure",
        "therapeutic procedure",
        "surgical procedure",
        "imaging procedure",
        "questionnaire",
    ),
    "device": (
        "medical device",
        "implant",
        "surgical instrument",
        "software",
        "protective equipment",
    ),
    "person": ("occupation", "family member", "sex", "person name", "medical specialty"),
    "place": ("hospital unit or facility", "country", "city", "address", "organisation"),
    "time": ("date or time", "duration", "time of day", "appointment"),
    "quantity": (
        "age",
        "dosage",
        "frequency",
        "measurement value",
        "sample size",
        "phone number",
        "price",
        "cancer stage",
        "score or scale",
        "unit of measurement",
        "statistical result",
    ),
    "route": ("route of administration",),
    "food": ("food or nutrient", "meal", "beverage"),
}

# Families of which no label can be right on a mention of the family that is named first.
_ALWAYS = ("device", "place", "time", "quantity", "route")
DISJOINT: dict[str, tuple[str, ...]] = {
    "condition": (*_ALWAYS, "variant", "anatomy", "cell", "procedure", "person", "food"),
    "substance": (*_ALWAYS, "variant", "anatomy", "cell", "procedure", "person", "condition"),
    "gene": (*_ALWAYS, "anatomy", "procedure", "person", "condition"),
    "variant": (*_ALWAYS, "anatomy", "procedure", "person", "condition", "substance", "organism",
                "cell", "food"),
    "organism": ("device", "time", "quantity", "route", "variant", "procedure"),
    "anatomy": (*_ALWAYS, "variant", "gene", "procedure", "person", "condition"),
    "cell": (*_ALWAYS, "variant", "procedure", "person", "food"),
}  # fmt: skip

# The family of what corpora annotate, by their natural label.
FAMILY_OF: dict[str, str] = {
    "disease": "condition",
    "disease or disorder": "condition",
    "condition name": "condition",
    "sign or symptom": "condition",
    "cancer": "condition",
    "chronic disease": "condition",
    "chemical": "substance",
    "drug": "substance",
    "medication": "substance",
    "drug name": "substance",
    "gene or protein": "gene",
    "protein": "gene",
    "genetic variant": "variant",
    "DNA mutation": "variant",
    "protein mutation": "variant",
    "single nucleotide polymorphism": "variant",
    "species": "organism",
    "organism": "organism",
    "anatomical structure": "anatomy",
    "biological structure": "anatomy",
    "organ": "anatomy",
    "tissue": "anatomy",
    "multi-tissue structure": "anatomy",
    "organism subdivision": "anatomy",
    "cell type": "cell",
    "cell line": "cell",
    "cell": "cell",
}


def excluded_labels(label: str) -> Sequence[str]:
    """Return the labels that are wrong on any mention of this label; none without a family."""
    families = DISJOINT.get(FAMILY_OF.get(label, ""), ())
    return [excluded for family in families for excluded in FAMILIES[family]]
