"""Settings of a request, without a server."""

from collections.abc import Callable

from spacy.language import Language

from spacy_gliner_biomed.service.annotator import Annotator


def test_names_of_the_pipelines_labels_keep_their_prompts_and_thresholds(
    new_nlp: Callable[..., Language],
) -> None:
    known = {"label": "FINDING_X", "prompt": "disease", "threshold": 0.9}
    annotator = Annotator(new_nlp(labels=[known, "drug"]))

    def asked(*labels: object) -> list[tuple[str, str, float | None]]:
        settings = annotator.call_settings({"labels": list(labels)})
        return [(spec.label, spec.prompt, spec.threshold) for spec in settings.labels]

    kept = ("FINDING_X", "disease", 0.9)
    assert asked("FINDING_X", "FINDING_X", "drug") == [kept, ("drug", "drug", None)]
    assert asked("CELL_LINE", "FINDING_X") == [("CELL_LINE", "cell line", None), kept]
    assert asked({"label": "FINDING_X"}) == [("FINDING_X", "FINDING_X", None)]
