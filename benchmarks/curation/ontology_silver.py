"""Silver labels for the sentences of a pool: the names of an ontology, wherever they stand.

    python -m benchmarks.curation.ontology_silver --corpora FOLDER --exclude FILE
        --ontologies FOLDER --pool 480 --target FOLDER

Writes TARGET/CORPUS.jsonl for `selection_paired --silver TARGET`, and prints how well the silver
labels agree with the gold ones. spaCy's entity ruler finds names and aliases of at least three
characters, in upper or lower case; of overlapping ones the longest.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.scorer import PRFScore

from benchmarks.common import make_parser
from benchmarks.curation.pools import split_train
from spacy_gliner_biomed.common.json_files import read_json_lines

ONTOLOGIES = {  # by corpus: files, and the type of the concepts whose names are used
    "ncbi_disease": {"doid": "disease", "mesh_descriptors": "Diseases"},
}
MIN_LENGTH = 3  # characters of a name


def read_names(folder: Path, corpus: str) -> Iterator[str]:
    """Read the names and aliases of a corpus's ontologies.

    folder (Path): Files of concepts in scispaCy's form, NAME.jsonl.gz.
    corpus (str): The corpus.
    YIELDS (str): Each name that is long enough, in the order of the files.
    """
    for name, kind in ONTOLOGIES[corpus].items():
        for _, concept in read_json_lines(folder / f"{name}.jsonl.gz"):
            if kind in concept["types"]:
                names = (concept["canonical_name"], *concept["aliases"])
                yield from (each for each in names if len(each) >= MIN_LENGTH)


def make_ruler(names: Iterator[str], label: str) -> Language:
    """Return a pipeline whose entities are some names, in upper or lower case."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns([{"label": label, "pattern": each} for each in dict.fromkeys(names)])
    return nlp


def annotate(arguments: argparse.Namespace, corpus: str) -> PRFScore:
    """Write the silver labels of a pool.

    arguments (argparse.Namespace): The command line.
    corpus (str): The corpus.
    RETURNS (PRFScore): The agreement with the gold entities.
    RAISES (ValueError): If the corpus annotates several labels.
    """
    pool, _ = split_train(arguments, corpus)
    (label,) = pool[0].annotated or ()
    nlp = make_ruler(read_names(arguments.ontologies, corpus), label)
    score = PRFScore()
    arguments.target.mkdir(parents=True, exist_ok=True)
    with (arguments.target / f"{corpus}.jsonl").open("w", encoding="utf8") as file:
        for text, doc in zip(pool, nlp.pipe(each.text for each in pool), strict=True):
            found = [(ent.start_char, ent.end_char, label) for ent in doc.ents]
            score.score_set(set(found), set(text.spans))
            entities = [dict(zip(("start", "end", "label"), each, strict=True)) for each in found]
            file.write(json.dumps({"text": text.text, "entities": entities}) + "\n")
    return score


def main(argv: Sequence[str] | None = None) -> None:
    """Read the arguments, write the silver labels, and print their agreement with gold."""
    parser = make_parser(__doc__, output=False)
    parser.add_argument("--exclude", type=Path, help="JSON file of documents to leave out")
    parser.add_argument("--ontologies", type=Path, required=True, help="folder of concepts")
    parser.add_argument("--names", nargs="+", default=list(ONTOLOGIES), choices=list(ONTOLOGIES))
    parser.add_argument("--pool", type=int, default=1280, help="sentences of each corpus")
    parser.add_argument("--target", type=Path, required=True, help="folder for CORPUS.jsonl")
    arguments = parser.parse_args(argv)
    for corpus in arguments.names:
        score = annotate(arguments, corpus)
        values = (score.precision, score.recall, score.fscore)
        print(corpus, *(f"{name} {100 * x:.1f}" for name, x in zip("PRF", values, strict=True)))


if __name__ == "__main__":
    main()
