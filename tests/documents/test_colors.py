from itertools import combinations

from spacy_gliner_biomed.documents.colors import CIRCLE, default_colors, label_color
from spacy_gliner_biomed.pipeline.labels import DEFAULT_LABELS


def linear(color: str) -> list[float]:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def oklab(color: str) -> list[float]:
    """The colour in a space in which distances are as large as they look."""
    r, g, b = linear(color)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return [
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    ]


def distance(one: str, two: str) -> float:
    pairs = zip(oklab(one), oklab(two), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


def test_color_is_a_function_of_the_label_in_every_session() -> None:
    assert label_color("Größe") == "#ffc297"
    assert label_color("drug") == "#ffc66d"


def test_case_makes_no_difference_as_in_displacy() -> None:
    assert label_color("Cell Type") == label_color("CELL TYPE") == default_colors()["cell type"]


def test_usual_labels_can_be_told_apart() -> None:
    assert list(default_colors()) == DEFAULT_LABELS
    assert set(DEFAULT_LABELS) < set(CIRCLE)
    for one, two in combinations(CIRCLE, 2):
        assert distance(label_color(one), label_color(two)) > 0.065, (one, two)
    assert distance(label_color("gene or protein"), label_color("cell line")) > 0.1


def test_black_text_is_readable_on_every_color() -> None:
    for label in [*CIRCLE, *map(str, range(500))]:
        red, green, blue = linear(label_color(label))
        luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        assert (luminance + 0.05) / 0.05 > 7  # the contrast that WCAG calls enhanced
