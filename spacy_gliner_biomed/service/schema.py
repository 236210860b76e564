"""The shapes of requests and answers, as OpenAPI shows them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

# Checked for each document, so that a bad one leaves the others alone.
Text = Annotated[Any, WithJsonSchema({"type": "string"})]

SENTENCE = "Vemurafenib is used in melanoma with BRAF mutations."
REQUEST_EXAMPLES: dict[str, Any] = {
    "one text": {"value": {"text": SENTENCE, "labels": ["disease", "drug", "gene or protein"]}},
    "several texts": {
        "value": {
            "texts": [SENTENCE, "Lisinopril was stopped because of cough."],
            "labels": [
                "disease",
                {"label": "MEDICATION", "prompt": "medication", "threshold": 0.4},
            ],
            "threshold": 0.3,
            "overlap": "nested",
            "multi_label": True,
            "utf16": True,
        }
    },
    "relations": {
        "value": {
            "text": SENTENCE,
            "labels": ["disease", "drug"],
            "relations": [
                "is associated with",
                {"relation": "treats", "head": ["drug"], "tail": ["disease"], "threshold": 0.4},
            ],
        }
    },
    "the server's labels": {"value": {"text": SENTENCE}},
}
ANSWER_EXAMPLE: dict[str, Any] = {
    "documents": [
        {
            "entities": [
                {"start": 0, "end": 11, "text": "Vemurafenib", "label": "drug", "score": 0.95}
            ]
        }
    ],
    "unfamiliar_labels": [],
    "hidden_labels": [],
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LabelSetting(_Strict):
    """A label with its prompt and threshold."""

    label: str = Field(description="What is written in the answer.")
    prompt: str | None = Field(None, description="What the model reads; default: the label.")
    threshold: float | None = Field(None, description="The label's own threshold, 0 to 1.")


class RelationSetting(_Strict):
    """A relation with its prompt, threshold, and the labels that its ends may have."""

    relation: str = Field(description="What is written in the answer.")
    prompt: str | None = Field(None, description="What the model reads; default: the relation.")
    threshold: float | None = Field(None, description="The relation's own threshold, 0 to 1.")
    head: str | list[str] | None = Field(None, description="Labels of its head; default: any.")
    tail: str | list[str] | None = Field(None, description="Labels of its tail; default: any.")


class CallOptions(_Strict):
    """What can be set for one request. Other settings are those of the server."""

    labels: list[str | LabelSetting] | None = Field(
        None, min_length=1, description="Labels in plain words, alone or with prompts."
    )
    relations: list[str | RelationSetting] | None = Field(
        None,
        description="Relations in plain words, alone or with prompts and labels of their ends. "
        "Only if the model finds relations; GET /labels tells.",
    )
    threshold: float | None = Field(None, description="Minimum score, 0 to 1.")
    overlap: Literal["flat", "nested"] | None = Field(
        None, description="nested: an entity may contain another."
    )
    multi_label: bool | None = Field(None, description="Allow several labels on one span.")
    alignment: Literal["expand", "contract", "split", "strict"] | None = Field(
        None, description="What happens where an entity ends inside a token."
    )
    utf16: bool = Field(False, description="Add offsets in UTF-16 units, as JavaScript counts.")
    attributes: list[str] = Field(
        [], description="Custom attributes (Span._) of the pipeline to add."
    )


class AnnotateRequest(CallOptions):
    """One text or several, and settings."""

    text: Text = Field(None, description="One text.")
    texts: list[Text] | None = Field(None, description="Several texts, instead of 'text'.")


class EntityAnswer(BaseModel):
    """An entity, with the keys that `spacy gliner annotate` writes, offsets and attributes that
    were asked for, and the address of its concept.
    """

    model_config = ConfigDict(extra="allow")

    start: int = Field(description="First character, counted in code points.")
    end: int = Field(description="One past the last character.")
    text: str
    label: str
    score: float | None = Field(description="Probability.")
    start_utf16: int | None = Field(None, description="If 'utf16' is true.")
    end_utf16: int | None = Field(None, description="If 'utf16' is true.")
    concept_id: str | None = Field(None, description="Id of the linked concept.")
    concept_name: str | None = Field(None, description="Its preferred name.")
    concept_score: float | None = Field(None, description="The score of the link.")
    concept_url: str | None = Field(None, description="The concept's page, if it is known.")


class RelationAnswer(BaseModel):
    """A relation between two entities of the same text, as `spacy gliner annotate` writes it."""

    head: int = Field(description="Its head, as an index of 'entities'.")
    tail: int = Field(description="Its tail, as an index of 'entities'.")
    label: str
    score: float = Field(description="Probability.")


class ErrorDetail(BaseModel):
    """An error of this package."""

    code: str | None = Field(description="Its code, such as GB-E244.")
    message: str = Field(description="What was found, what is allowed, and what to do.")


class ErrorAnswer(BaseModel):
    """An answer without a result."""

    error: ErrorDetail


class DocumentAnswer(BaseModel):
    """The result of one text: its entities, their relations if they are asked for; or its error."""

    entities: list[EntityAnswer] | None = None
    relations: list[RelationAnswer] | None = None
    error: ErrorDetail | None = None


class AnnotateAnswer(BaseModel):
    """The results in the order of the texts."""

    model_config = ConfigDict(json_schema_extra={"example": ANSWER_EXAMPLE})

    documents: list[DocumentAnswer]
    unfamiliar_labels: list[str] = Field(
        description="Labels that the model was not trained on; it may find little."
    )
    hidden_labels: list[str] = Field(
        description="Labels that find nothing: an earlier label has the same prompt, and a "
        "threshold that is not higher. Give them prompts of their own, or set 'multi_label'."
    )


class CatalogueLabel(BaseModel):
    """A label that the checkpoint was trained on."""

    label: str
    family: str
    prompt_variants: list[str]
    examples: list[str]
    mentions: int = Field(description="Annotated mentions in the training data.")
    f1: float | None = Field(description="Strict F1 in percent on held-out documents.")
    threshold: float = Field(description="Used where a request names none.")
    color: str


class CatalogueAnswer(BaseModel):
    """The catalogue, and what a request without settings gets."""

    pipeline: dict[str, str]
    labels: list[CatalogueLabel]
    finds_relations: bool = Field(description="Whether a request may set 'relations'.")
    defaults: dict[str, Any]
    limits: dict[str, float]


class LookupLabel(BaseModel):
    """What is known of a label."""

    label: str
    trained: str | None = Field(description="The trained label that it stands for, if any.")
    nearest: list[str] = Field(description="Trained labels with similar words.")
    color: str


class LookupAnswer(BaseModel):
    """What is known of labels, in the order of the request."""

    labels: list[LookupLabel]


class StateAnswer(BaseModel):
    """Whether the service is there."""

    status: Literal["ok", "ready"]
    version: str
