"""A fixed colour for each label, the same in all documents and sessions."""

from collections.abc import Iterable
from colorsys import hls_to_rgb
from hashlib import blake2b

from spacy_gliner_biomed.pipeline.labels import DEFAULT_LABELS

SATURATION = 0.75
LIGHTNESS = (0.73, 0.85)  # black text is readable on both, in every hue


def label_color(label: str) -> str:
    """Return the colour of a label, in displaCy's form. It depends on the label's text only.

    The hues of the default labels are evenly spaced; the hue of any other label is a hash.

    label (str): The label; case does not matter, as in displaCy.
    RETURNS (str): A colour such as "#ffd9a8".
    """
    name = label.casefold()
    if name in DEFAULT_LABELS:
        index = DEFAULT_LABELS.index(name)
        hue, lightness = index / len(DEFAULT_LABELS), LIGHTNESS[index % 2]
    else:
        digest = blake2b(name.encode("utf8", "backslashreplace"), digest_size=4).digest()
        hue, lightness = int.from_bytes(digest, "big") / 2**32, LIGHTNESS[digest[-1] % 2]
    rgb = hls_to_rgb(hue, lightness, SATURATION)
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def label_colors(labels: Iterable[str]) -> dict[str, str]:
    """Return the colours of some labels, for displaCy's option `colors`."""
    return {label: label_color(label) for label in labels}


def default_colors() -> dict[str, str]:
    """Return the colours of the default labels; displaCy uses them automatically.

    Registered as `spacy-gliner-biomed.colors.v1` (`spacy_displacy_colors`).
    """
    return label_colors(DEFAULT_LABELS)
