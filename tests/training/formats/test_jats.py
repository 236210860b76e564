"""JATS: title, abstract and body with their sections; the rest is counted."""

from pathlib import Path

import pytest

from spacy_gliner_biomed.training.corpora import AnnotatedText
from spacy_gliner_biomed.training.formats.jats import read_jats
from spacy_gliner_biomed.training.formats.options import ReadOptions
from spacy_gliner_biomed.training.record_checks import LEFT_OUT, Counts

ARTICLE = """<?xml version="1.0"?><!DOCTYPE article PUBLIC "JATS" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink"><front>
<journal-meta><journal-title>J</journal-title></journal-meta>
<article-meta><article-id pub-id-type="doi">10.1/x</article-id>
<article-id pub-id-type="pmc">123</article-id>
<title-group><article-title>Aspirin in <italic>migraine</italic></article-title></title-group>
<abstract><title>Abstract</title><sec><title>Methods</title><p>We gave 5&nbsp;mg.</p></sec>
</abstract>
<trans-abstract xml:lang="fr"><p>Non.</p></trans-abstract></article-meta></front>
<body><p>Opening.</p><sec sec-type="results"><label>1</label><title>Results</title>
<p>Seen <xref ref-type="bibr">[1]</xref> twice<fig id="f"><label>F1</label><caption>
<title>Pain</title><p>Over time.</p></caption><graphic xlink:href="x"/></fig>.</p>
<sec><title>Patients</title><list><list-item><p>Asthma</p></list-item>
<list-item><p>Gout</p></list-item></list><def-list><def-item><term>HT</term>
<def><p>hypertension</p></def></def-item></def-list></sec>
<table-wrap><caption><p>Doses</p></caption><table><tr><td>5</td></tr></table></table-wrap>
<disp-formula>x = y</disp-formula></sec></body>
<back><ref-list><ref>Old.</ref></ref-list></back></article>"""

PASSAGES = [
    ("Aspirin in migraine", "title", None),
    ("Methods", "section_title", "Abstract > Methods"),
    ("We gave 5 mg.", "abstract", "Abstract > Methods"),
    ("Opening.", "paragraph", None),
    ("Results", "section_title", "Results"),
    ("Seen [1] twice.", "paragraph", "Results"),
    ("Pain", "caption", "Results"),
    ("Over time.", "caption", "Results"),
    ("Patients", "section_title", "Results > Patients"),
    ("Asthma", "paragraph", "Results > Patients"),
    ("Gout", "paragraph", "Results > Patients"),
    ("HT", "paragraph", "Results > Patients"),
    ("hypertension", "paragraph", "Results > Patients"),
    ("Doses", "caption", "Results"),
]


def read(path: Path, content: str) -> tuple[list[AnnotatedText], Counts]:
    path.write_text(content, encoding="utf8")
    counts = Counts()
    return list(read_jats(path, ReadOptions(), counts)), counts


def test_passages_with_their_sections(tmp_path: Path) -> None:
    [text], counts = read(tmp_path / "a.nxml", ARTICLE)
    found = [
        (
            text.text[each["start"] : each["end"]],
            each["infons"]["type"],
            each["infons"].get("section"),
        )
        for each in text.passages
    ]
    assert found == PASSAGES
    assert text.text == "\n\n".join(passage for passage, *_ in PASSAGES)
    assert text.name == "PMC123"
    assert counts[LEFT_OUT] == 4  # translation, table, formula, references


def test_a_set_of_articles_and_one_without_anything(tmp_path: Path) -> None:
    body = ARTICLE[ARTICLE.index("<article ") :].replace("&nbsp;", " ")
    content = f"<pmc-articleset>{body}<article><front/></article></pmc-articleset>"
    [first, second], _ = read(tmp_path / "a.xml", content)
    assert (first.name, second.name, second.text) == ("PMC123", "", "")


def test_broken_articles_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GB-E060.*a\.xml, line \d+: "):
        read(tmp_path / "a.xml", ARTICLE[:-40])
