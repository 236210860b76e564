"""A colour for each label, the same in every document, page and session."""

from collections.abc import Iterable
from colorsys import hls_to_rgb
from hashlib import blake2b

from spacy_gliner_biomed.pipeline.labels import DEFAULT_LABELS

SATURATION = 0.75
LIGHTNESS = (0.73, 0.85)  # black text is readable on both, in every hue


def label_color(label: str) -> str:
    """The colour of a label, as displaCy takes it; depends on nothing but its letters.

    The default labels are spread over the circle of hues, any other label's hue is a hash.

    label (str): Any label; upper and lower case are the same to displaCy.
    RETURNS (str): As in "#ffd9a8".
    """
    name = label.casefold()
    if name in DEFAULT_LABELS:
        place = DEFAULT_LABELS.index(name)
        hue, lightness = place / len(DEFAULT_LABELS), LIGHTNESS[place % 2]
    else:
        digest = blake2b(name.encode("utf8", "backslashreplace"), digest_size=4).digest()
        hue, lightness = int.from_bytes(digest, "big") / 2**32, LIGHTNESS[digest[-1] % 2]
    rgb = hls_to_rgb(hue, lightness, SATURATION)
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def label_colors(labels: Iterable[str]) -> dict[str, str]:
    """The colours of some labels, as displaCy's option `colors`."""
    return {label: label_color(label) for label in labels}


def default_colors() -> dict[str, str]:
    """The colours of the component's default labels, which displaCy uses wherever it runs.

    Registered as `spacy-gliner-biomed.colors.v1` (`spacy_displacy_colors`).
    """
    return label_colors(DEFAULT_LABELS)
