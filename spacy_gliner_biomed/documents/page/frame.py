"""The parts around a page's documents: head, settings of the run, legend, style and script."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from spacy_gliner_biomed.counting import count
from spacy_gliner_biomed.documents.colors import label_color
from spacy_gliner_biomed.documents.page.marks import data_attributes
from spacy_gliner_biomed.documents.writing.writer import SYSTEM, WriterSettings
from spacy_gliner_biomed.pipeline.relation_settings import RelationSpec
from spacy_gliner_biomed.types import LabelSpec

FOLDER = Path(__file__).parent
SCRIPTS = ("page.js", "page_relations.js", "page_tables.js")
DOCUMENTS = "<!-- documents -->"  # where they are in the template

# The page loads nothing, and runs only its own script. Colours are in `style` attributes.
POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; "
    "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
KEY = (
    '<li><button type="button" class="key" style="--label:{color}"{data}{title}>{label}'
    "</button></li>"
)


def page_head(settings: WriterSettings) -> str:
    """Return the page up to its first document.

    settings (WriterSettings): Settings of the run.
    RETURNS (str): HTML.
    """
    style, script = _style(), _script()
    legend = {label: KEY.format(**_key(LabelSpec(label, label))) for label in settings.labels}
    legend.update({spec.label: KEY.format(**_key(spec)) for spec in settings.run.labels})
    return _template(0).substitute(
        policy=POLICY.format(script=_hash(script), style=_hash(style)),
        generator=SYSTEM,
        style=style,
        about=_about(settings),
        lowest=f"{int(settings.run.lowest * 100) / 100:.2f}",
        legend="".join(legend.values()),
    )


def page_tail(n_documents: int, n_entities: int, n_relations: int) -> str:
    """Return the page after its last document.

    n_documents (int): The number of documents.
    n_entities, n_relations (int): The number of their entities and relations.
    RETURNS (str): HTML.
    """
    found = count_found(n_entities, n_relations)
    summary = f"{found} in {count(n_documents, 'document')}, found by {SYSTEM}."
    return _template(1).substitute(summary=summary, script=_script())


def count_found(n_entities: int, n_relations: int) -> str:
    """Return numbers with their nouns: "2 entities, 1 relation"; leave out 0 relations."""
    entities = count(n_entities, "entity", "entities")
    return f"{entities}, {count(n_relations, 'relation')}" if n_relations else entities


def _about(settings: WriterSettings) -> str:
    run = settings.run
    threshold = "" if run.threshold is None else f"{run.threshold:g}"
    specs: list[LabelSpec | RelationSpec] = [*run.labels, *run.relations]
    own = {s.label: s.threshold for s in specs if s.threshold not in (None, run.threshold)}
    rows = {
        "Model": run.model,
        "Pipeline": run.pipeline,
        "Threshold": ", ".join([threshold, *(f"{name}: {value:g}" for name, value in own.items())]),
        "Relations": ", ".join(dict.fromkeys(spec.label for spec in run.relations)),
        "Version": SYSTEM,
        "Date": settings.started.strftime("%Y-%m-%d %H:%M %Z"),
    }
    known = {name: value for name, value in rows.items() if value}
    return "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in known.items())


def _key(spec: LabelSpec) -> dict[str, str]:
    """Return the parts of a label in the legend; its prompt is a tooltip if it differs."""
    title = "" if spec.prompt == spec.label else f' title="asked as: {escape(spec.prompt)}"'
    data = data_attributes({"label": spec.label})
    color, label = label_color(spec.label), escape(spec.label)
    return {"color": color, "data": data, "title": title, "label": label}


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode("utf8")).digest()).decode()


@cache
def _template(part: int) -> Template:
    return Template(_read("page.html").split(DOCUMENTS)[part])


@cache
def _style() -> str:
    return _read("page.css")


@cache
def _script() -> str:
    content = "\n".join(map(_read, SCRIPTS))
    return '"use strict";\n{\n' + content + "}\n"


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf8")
