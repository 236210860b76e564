"""The labels of BC5CDR and the semantic types of MeSH that belong to them."""

DISEASES = ["Diseases", "Psychiatry and Psychology", "Phenomena and Processes", ""]
RULES = [
    {"label": "Disease", "types": DISEASES},
    {"label": "Chemical", "types": ["Chemicals and Drugs", ""]},
]
