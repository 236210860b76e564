"""Web addresses of the pages that describe concepts."""

import re
from urllib.parse import quote

from spacy_gliner_biomed.documents.writing.fhir_mapping import CUI

MESH = "https://meshb.nlm.nih.gov/record/ui?ui={}"
UMLS = "https://uts.nlm.nih.gov/uts/umls/concept/{}"
OBO = "http://purl.obolibrary.org/obo/{}_{}"  # the ontologies' own addresses
OTHERS = {
    "MESH": MESH,
    "UMLS": UMLS,
    "OMIM": "https://omim.org/entry/{}",
    "NCBIGENE": "https://www.ncbi.nlm.nih.gov/gene/{}",
    "EFO": "http://www.ebi.ac.uk/efo/EFO_{}",
}
# Prefixes of the OBO Foundry, as their addresses spell them.
OBO_PREFIXES = (
    *("BTO", "CHEBI", "CL", "CLO", "DOID", "ECO", "ENVO", "FMA", "GENO", "GO", "HP", "HsapDv"),
    *("IDO", "MA", "MAXO", "MONDO", "MP", "MPATH", "NBO", "NCBITaxon", "NCIT", "OAE", "OBA"),
    *("OBI", "OGMS", "PATO", "PR", "RO", "SO", "SYMP", "TRANS", "UBERON", "UO", "UPHENO", "VO"),
    *("XAO", "XCO", "ZFA"),
)
OBO_NAMES = {prefix.upper(): prefix for prefix in OBO_PREFIXES}

# Without a prefix, the form of an id says what it is.
MESH_ID = re.compile(r"[DC]\d{6}(\d{3})?")
LOCAL = re.compile(r"\w[\w.-]*", re.ASCII)


def concept_url(concept_id: str) -> str | None:
    """Return the address of a concept's page.

    concept_id (str): An id such as "MESH:D008545", "C0025202" (UMLS) or "MONDO:0005105".
    RETURNS (str | None): The address; None for ids of another form or with an unknown prefix.
    """
    prefix, _, local = concept_id.rpartition(":")
    if not prefix:
        prefix = "UMLS" if CUI.fullmatch(local) else "MESH" if MESH_ID.fullmatch(local) else ""
    if not LOCAL.fullmatch(local):
        return None
    if (name := OBO_NAMES.get(prefix.upper())) is not None:
        return OBO.format(name, quote(local))
    form = OTHERS.get(prefix.upper())
    return None if form is None else form.format(quote(local))
