"""A fixed colour for each label, the same in all documents and sessions."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from math import cos, pi, sin

from spacy_gliner_biomed.pipeline.labels import DEFAULT_LABELS

CHROMA = 0.13
LIGHTNESS = (0.72, 0.86)  # black text is readable on both, in every hue

# Labels that are often seen together, around the circle of hues in equal steps. Neighbours differ
# in lightness, too.
CIRCLE = (
    "disease",
    "measurement value",
    "symptom",
    "drug",
    "dosage",
    "chemical",
    "gene or protein",
    "cell type",
    "cell line",
    "species",
    "anatomical structure",
    "lab test",
    "diagnostic procedure",
    "therapeutic procedure",
)


@lru_cache(10_000)
def label_color(label: str) -> str:
    """Return the colour of a label, in displaCy's form. It depends on the label's text only.

    Labels in `CIRCLE` have fixed hues; the hue of any other label comes from a hash of its text.

    label (str): The label; case does not matter, as in displaCy.
    RETURNS (str): A colour such as "#ffd9a8".
    """
    name = label.casefold()
    if name in CIRCLE:
        index = CIRCLE.index(name)
        turn, lightness = index / len(CIRCLE), LIGHTNESS[index % 2]
    else:
        digest = blake2b(name.encode("utf8", "backslashreplace"), digest_size=4).digest()
        turn, lightness = int.from_bytes(digest, "big") / 2**32, LIGHTNESS[digest[-1] % 2]
    chroma = CHROMA
    while not all(-0.0005 <= part <= 1.0005 for part in _linear_rgb(lightness, chroma, turn)):
        chroma -= 0.005  # the screen has no colour that strong
    return "#" + "".join(f"{_encoded(part):02x}" for part in _linear_rgb(lightness, chroma, turn))


def label_colors(labels: Iterable[str]) -> dict[str, str]:
    """Return the colours of some labels, for displaCy's option `colors`."""
    return {label: label_color(label) for label in labels}


def default_colors() -> dict[str, str]:
    """Return the colours of the default labels; displaCy uses them automatically.

    Registered as `spacy-gliner-biomed.colors.v1` (`spacy_displacy_colors`).
    """
    return label_colors(DEFAULT_LABELS)


def _linear_rgb(lightness: float, chroma: float, turn: float) -> tuple[float, float, float]:
    """Convert OKLCH, in which equal steps look equal, to linear sRGB.

    The numbers are those of https://bottosson.github.io/posts/oklab/.
    """
    a, b = chroma * cos(2 * pi * turn), chroma * sin(2 * pi * turn)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _encoded(part: float) -> int:
    """Return a part of a linear colour as one of 256 steps of sRGB."""
    part = min(max(part, 0.0), 1.0)
    return round(255 * (12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055))
