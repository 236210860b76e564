"""The options of the commands that write documents in many formats."""

from pathlib import Path
from typing import Annotated

import typer

# The names of `documents.formats`, which is not imported here, so that --help is fast.
OUTPUT_FORMATS = (
    "table",
    "jsonl",
    "docbin",
    "html",
    "csv",
    "parquet",
    "relations-csv",
    "relations-parquet",
    "bioc-xml",
    "bioc-json",
    "pubannotation",
    "pubtator",
    "brat",
    "conll",
    "labelstudio",
    "prodigy",
    "fhir",
    "omop",
)

AttributesOption = Annotated[
    str | None,
    typer.Option(
        "--attributes",
        help="Custom attributes to write (ent._.NAME), separated by commas: "
        "negex,section_category.",
    ),
]
FhirMappingOption = Annotated[
    Path | None,
    typer.Option(
        "--fhir-mapping",
        help="File .json or .toml that changes how entities become FHIR resources.",
    ),
]
