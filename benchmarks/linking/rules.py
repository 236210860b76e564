"""The labels of BC5CDR and their trees of MeSH, as the default rules have them."""

RULES = [
    {"label": "Disease", "types": ["C", "F03", ""]},
    {"label": "Chemical", "types": ["D", ""]},
]
