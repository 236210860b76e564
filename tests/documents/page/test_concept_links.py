import pytest

from spacy_gliner_biomed.documents.page.concept_links import concept_url


@pytest.mark.parametrize(
    ("concept", "url"),
    [
        ("MESH:D008545", "https://meshb.nlm.nih.gov/record/ui?ui=D008545"),
        ("D008545", "https://meshb.nlm.nih.gov/record/ui?ui=D008545"),
        ("C000657245", "https://meshb.nlm.nih.gov/record/ui?ui=C000657245"),
        ("C0025202", "https://uts.nlm.nih.gov/uts/umls/concept/C0025202"),
        ("UMLS:C0025202", "https://uts.nlm.nih.gov/uts/umls/concept/C0025202"),
        ("MONDO:0005105", "http://purl.obolibrary.org/obo/MONDO_0005105"),
        ("NCBITAXON:9606", "http://purl.obolibrary.org/obo/NCBITaxon_9606"),
        ("NCBIGene:673", "https://www.ncbi.nlm.nih.gov/gene/673"),
        ("OMIM:155600", "https://omim.org/entry/155600"),
    ],
)
def test_ids_with_a_known_prefix_or_form_have_a_page(concept: str, url: str) -> None:
    assert concept_url(concept) == url


@pytest.mark.parametrize(
    "concept",
    [
        "",
        ":",
        "X:1",
        "melanoma",
        "MESH:",
        "MESH:D1 onclick",
        'HP:"><b>',
        "javascript:alert",
        "9606",
    ],
)
def test_others_have_none(concept: str) -> None:
    assert concept_url(concept) is None
