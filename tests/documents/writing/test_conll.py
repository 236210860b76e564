import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_gliner_biomed.documents.inputs import Record
from spacy_gliner_biomed.documents.writing.conll import bio_tags
from spacy_gliner_biomed.documents.writing.entities import Entity
from tests.documents.writing.samples import NLP, Written, documents, sample, write


def read(content: str) -> list[tuple[list[str], list[str], list[tuple[int, int, str]]]]:
    """Documents as tokens, the lines that begin sentences, and entities in tokens."""
    found: list[tuple[list[str], list[str], list[tuple[int, int, str]]]] = []
    before = ""
    for line in content.split("\n"):
        if line.startswith("-DOCSTART-"):
            found.append(([], [], []))
        elif line:
            token, tag = line.split("\t")
            tokens, starts, entities = found[-1]
            if not before:
                starts.append(token)
            if tag.startswith("B-"):
                entities.append((len(tokens), len(tokens) + 1, tag[2:]))
            elif tag.startswith("I-"):
                first, end, label = entities.pop()
                assert (end, label) == (len(tokens), tag[2:])
                entities.append((first, end + 1, label))
            tokens.append(token)
        before = line
    return found


@pytest.mark.filterwarnings("ignore:.GB-W207")
def test_tokens_have_tags_in_the_bio_scheme() -> None:
    assert write("conll", sample()).decode().split("\n") == [
        "-DOCSTART- (n1)\tO",
        "",
        "Aspirin\tB-drug",
        "for\tO",
        "no\tO",
        "gastric\tB-gastric_disease",
        "ulcer\tI-gastric_disease",
        "in\tO",
        "Köln\tO",
        "🙂\tO",
        ".\tO",
        "",
        "",
    ]


def test_sentences_are_separated_but_no_entity_is() -> None:
    doc = NLP.make_doc("It is E. coli . Next one")
    for token in doc:
        token.is_sent_start = token.text in ("It", "coli", "Next")
    coli = Entity(6, 13, "species", 0.9, "E. coli")
    ((_, starts, entities),) = read(write("conll", (doc, Record("a"), [coli])).decode())
    assert (starts, entities) == (["It", "Next"], [(2, 4, "species")])


def test_of_overlapping_entities_the_surest_is_written_and_others_are_counted() -> None:
    doc = NLP.make_doc("small cell lung cancer \n here")
    found = [
        Entity(0, 22, "disease", 0.6, "small cell lung cancer"),
        Entity(6, 10, "cell", 0.9, "cell"),
        Entity(11, 15, "organ", None, "lung"),
        Entity(23, 24, "nothing", 0.9, "\n"),
    ]
    with pytest.warns(UserWarning, match=r"GB-W211\] 2 entities"):
        content = write("conll", (doc, Record("a"), found)).decode()
    ((_, _, entities),) = read(content)
    assert entities == [(1, 2, "cell"), (2, 3, "organ")]


@pytest.mark.filterwarnings("ignore:.GB-W211", "ignore:.GB-W207")
@settings(max_examples=40)
@given(written=st.lists(documents(), max_size=2))
def test_any_documents_are_read_back(written: list[Written]) -> None:
    back = read(write("conll", *written).decode())
    assert len(back) == len(written)
    for (tokens, _, entities), (doc, _, found) in zip(back, written, strict=True):
        assert tokens == ["_".join(t.text.split()) or "_" for t in doc if not t.is_space]
        assert len(entities) == len(found) - bio_tags(doc, found)[1]


def test_a_word_that_looks_like_the_beginning_of_a_document_is_written_otherwise() -> None:
    doc = Doc(NLP.vocab, words=["-DOCSTART-", "x"])
    lines = write("conll", (doc, Record("a"), [])).decode().splitlines()
    assert lines == ["-DOCSTART- (a)\tO", "", "_DOCSTART_\tO", "x\tO", ""]
