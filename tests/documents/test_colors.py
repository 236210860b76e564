from itertools import combinations

from spacy_gliner_biomed.documents.colors import default_colors, label_color
from spacy_gliner_biomed.pipeline.labels import DEFAULT_LABELS


def test_color_is_a_function_of_the_label_in_every_session() -> None:
    assert label_color("Größe") == "#f5f3bc"
    assert label_color("drug") == "#eeee87"


def test_case_makes_no_difference_as_in_displacy() -> None:
    assert label_color("Cell Type") == label_color("CELL TYPE") == default_colors()["cell type"]


def test_default_labels_can_be_told_apart() -> None:
    colors = {k: [int(v[i : i + 2], 16) for i in (1, 3, 5)] for k, v in default_colors().items()}
    assert list(colors) == DEFAULT_LABELS
    for one, two in combinations(colors.values(), 2):
        assert sum(abs(a - b) for a, b in zip(one, two, strict=True)) > 40


def test_black_text_is_readable_on_every_color() -> None:
    for label in [*DEFAULT_LABELS, *map(str, range(500))]:
        color = label_color(label)
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        assert 0.3 * red + 0.59 * green + 0.11 * blue > 128
