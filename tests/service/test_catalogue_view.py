"""The catalogue of the packaged model, as the service tells it."""

import pytest

from spacy_gliner_biomed.documents.colors import label_color
from spacy_gliner_biomed.models.catalogue import read_catalogue
from spacy_gliner_biomed.models.hub import LABELS_NAME, PACKAGED_FOLDER
from spacy_gliner_biomed.pipeline.labels import DEFAULT_LABELS
from tests.service.serving import Client, Running

TEXT = "Vemurafenib is used in melanoma with BRAF mutations."


@pytest.fixture
def packaged(packaged_service: Running) -> Client:
    return packaged_service.client()


def test_labels_are_those_of_the_checkpoint_with_thresholds(packaged: Client) -> None:
    answer = packaged.request("GET", "/labels").json()
    trained = read_catalogue(PACKAGED_FOLDER / LABELS_NAME).labels
    assert [row["label"] for row in answer["labels"]] == [row.label for row in trained]
    assert all(0 < row["threshold"] < 1 for row in answer["labels"])
    assert answer["defaults"]["labels"] == DEFAULT_LABELS
    assert answer["defaults"]["threshold"] == 0.5
    assert answer["limits"]["max_characters"] == 100_000


def test_a_label_is_looked_up(packaged: Client) -> None:
    reply = packaged.request("GET", "/labels/lookup?label=Genes&label=zodiac%20sign")
    gene, other = reply.json()["labels"]
    assert gene["trained"] is not None
    assert gene["nearest"] == []
    assert gene["color"] == label_color("Genes")
    assert other["trained"] is None
    nearest = read_catalogue(PACKAGED_FOLDER / LABELS_NAME).nearest("zodiac sign")
    assert other["nearest"] == nearest
    assert any("sign" in label for label in nearest)


def test_labels_to_look_up_are_limited(packaged: Client) -> None:
    reply = packaged.request("GET", f"/labels/lookup?label={'x' * 201}")
    assert (reply.status, reply.code()) == (422, "GB-E243")
    assert packaged.request("GET", "/labels/lookup").status == 422


def test_unfamiliar_labels_are_told(packaged: Client) -> None:
    reply = packaged.annotate(TEXT, labels=["drug", "zodiac sign"])
    assert reply.json()["unfamiliar_labels"] == ["zodiac sign"]
    found = [(e["text"], e["label"]) for e in reply.json()["documents"][0]["entities"]]
    assert ("Vemurafenib", "drug") in found


def test_a_checkpoint_without_a_catalogue_knows_no_label(client: Client) -> None:
    assert client.request("GET", "/labels").json()["labels"] == []
    (row,) = client.request("GET", "/labels/lookup?label=disease").json()["labels"]
    assert row["trained"] is None
    reply = client.annotate("the drug", labels=["disease"])
    assert reply.json()["unfamiliar_labels"] == []
