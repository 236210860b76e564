from spacy_gliner_biomed.training.families import FAMILIES
from spacy_gliner_biomed.training.far_labels import FAR_LABELS
from spacy_gliner_biomed.training.prompt_variants import PROMPT_VARIANTS


def test_far_labels_are_many_each_once_and_none_is_a_label_of_the_field() -> None:
    assert len(FAR_LABELS) == len({label.lower() for label in FAR_LABELS}) > 250
    assert all(label == label.strip() and label for label in FAR_LABELS)
    known = {word for words in FAMILIES.values() for word in words} | {*PROMPT_VARIANTS}
    known |= {word for words in PROMPT_VARIANTS.values() for word in words}
    assert not known & {*FAR_LABELS}
