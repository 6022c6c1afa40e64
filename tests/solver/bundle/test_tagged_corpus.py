"""Corpora with parts of speech."""

from __future__ import annotations

import importlib.util
import types
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.bundle.tagged_corpus import TAGS, Sentence, load_corpus, paragraphs, read_tagged
from solver.errors import BundleError
from solver.files.resources import data_folder

words = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=8)
pairs = st.tuples(words, st.sampled_from(TAGS))
corpora = st.lists(st.lists(pairs, min_size=1, max_size=6), min_size=1, max_size=5)


@settings(max_examples=50, deadline=None)
@given(corpus=corpora, gaps=st.integers(1, 3), newline=st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read(
    corpus: list[list[tuple[str, str]]], gaps: int, newline: str
) -> None:
    lines = [["\t".join(pair) for pair in sentence] + [""] * gaps for sentence in corpus]
    text = newline.join(["# a comment", *(line for some in lines for line in some)])
    found = read_tagged(text, Path("corpus.tsv"))
    assert found == [
        Sentence(tuple(word for word, _ in one), tuple(tag for _, tag in one)) for one in corpus
    ]


@pytest.mark.parametrize(
    ("line", "place"),
    [("word", "line 3"), ("word\tNONE", "line 3"), ("\tNOUN", "line 3"), ("a\tDET\tb", "line 3")],
)
def test_a_bad_line_is_named(line: str, place: str) -> None:
    with pytest.raises(BundleError, match=place):
        read_tagged(f"# comment\nThe\tDET\n{line}\n", Path("corpus.tsv"))


def test_a_number_sign_can_be_a_word() -> None:
    assert read_tagged("#\tSYM\n", Path("corpus.tsv"))[0].words == ("#",)


def test_an_empty_corpus_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text("# nothing\n\n")
    with pytest.raises(BundleError, match="holds no sentence"):
        load_corpus(path)


@pytest.mark.skipif(importlib.util.find_spec("spacy") is not None, reason="spaCy is installed")
def test_plain_text_without_spacy_names_both_ways_out(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("Dorothy lived in Kansas.")
    with pytest.raises(BundleError, match=r"Install spacy .* or give the corpus as a \.tsv"):
        load_corpus(path)


def test_paragraphs_keep_every_word() -> None:
    text = "One two\nthree.\r\n\r\nFour   five.\n\n\nSix."
    assert list(paragraphs(text)) == ["One two three.", "Four five.", "Six."]


def test_the_demo_corpus_is_tagged() -> None:
    corpus = load_corpus(data_folder("demo") / "corpus.tsv")
    assert len(corpus) >= 300
    assert {"NOUN", "VERB", "DET", "PRON"} <= {tag for one in corpus for tag in one.tags}


class Token:
    def __init__(self, text: str) -> None:
        self.text = text
        self.is_space = text.isspace()
        self.pos_ = "PUNCT" if text == "." else "NOUN"


class Document:
    def __init__(self, text: str) -> None:
        words = [Token(word) for word in text.replace(".", " .").split()]
        self.sents = [words, [Token(" ")]]


class Pipeline:
    def pipe(self, texts: Iterable[str]) -> Iterator[Document]:
        return (Document(text) for text in texts)


def test_what_spacy_says_is_taken_sentence_by_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = types.SimpleNamespace(load=lambda name: Pipeline())
    monkeypatch.setattr("solver.bundle.tagged_corpus.importlib.util.find_spec", lambda name: True)
    monkeypatch.setattr("solver.bundle.tagged_corpus.importlib.import_module", lambda name: made)
    path = tmp_path / "book.txt"
    path.write_text("Cats sleep.\n\nDogs run.\n")
    assert load_corpus(path) == [
        Sentence(("Cats", "sleep", "."), ("NOUN", "NOUN", "PUNCT")),
        Sentence(("Dogs", "run", "."), ("NOUN", "NOUN", "PUNCT")),
    ]


@pytest.mark.parametrize("sign", ["\x0c", "\x0b", "\u2028", "\x85", "\x1c"])
def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "corpus.tsv"
    path.write_text(f"one{sign}word\tNOUN\nno tag\n", "utf-8")
    with pytest.raises(BundleError, match="line 2"):
        load_corpus(path)
    path.write_text(f"one{sign}word\tNOUN\n", "utf-8")
    assert load_corpus(path)[0].words == (f"one{sign}word",)
