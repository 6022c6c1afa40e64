"""Corpus with parts of speech: read already tagged, or tagged by spaCy where it is installed.

The tagged format is text, UTF-8, one word a line: the word, a tab, its part of speech (a
Universal tag such as NOUN, as spaCy's ``pos_`` gives them). An empty line ends a sentence. Lines
before the first word that begin with # and hold no tab are comments.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver.errors import BundleError
from solver.files.yaml_source import read_text

TAGS = ("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON",
        "PROPN", "PUNCT", "SCONJ", "SPACE", "SYM", "VERB", "X")  # fmt: skip
"""Universal parts of speech, and SPACE, which spaCy adds."""
SPACY_MODEL = "en_core_web_sm"
_PARAGRAPH_CHARACTERS = 100_000  # spaCy refuses texts of a million, and memory grows with them


@dataclass(frozen=True)
class Sentence:
    """The words of a sentence, and a part of speech for each."""

    words: tuple[str, ...]
    tags: tuple[str, ...]


def load_corpus(path: Path) -> list[Sentence]:
    """Read a corpus: ``.tsv`` is tagged, anything else is plain text.

    Raises:
        BundleError: it cannot be read, a line has no tag, or there is nothing to tag it with.
    """
    text = read_text(path, BundleError)
    found = read_tagged(text, path) if path.suffix == ".tsv" else tag_with_spacy(text, path)
    if not found:
        raise BundleError("holds no sentence", path=path, zh="沒有任何句子")
    return found


def read_tagged(text: str, path: Path) -> list[Sentence]:
    """Read the tagged format.

    Raises:
        BundleError: names the line.
    """
    sentences: list[Sentence] = []
    words: list[str] = []
    tags: list[str] = []
    # Not `splitlines`, for which a form feed or U+2028 inside a word ends a line, too.
    for number, line in enumerate([*re.split("\r\n|\r|\n", text), ""], start=1):
        if not line.strip():
            if words:
                sentences.append(Sentence(tuple(words), tuple(tags)))
                words, tags = [], []
            continue
        if "\t" not in line and line.startswith("#") and not sentences and not words:
            continue
        word, tab, tag = line.partition("\t")
        if not tab or not word.strip() or tag.strip() not in TAGS:
            raise BundleError(
                "is not a word, a tab and a part of speech",
                path=path,
                place=f"line {number}",
                mend=f"Parts of speech are {', '.join(TAGS)}.",
                zh=f"應為一個詞、一個定位字元與一個詞性（{', '.join(TAGS)}）",
            )
        words.append(word.strip())
        tags.append(tag.strip())
    return sentences


def tag_with_spacy(text: str, path: Path) -> list[Sentence]:
    """Return the tagged sentences of a plain text, by spaCy's small English model.

    Raises:
        BundleError: spaCy or the model is not installed.
    """
    if importlib.util.find_spec("spacy") is None or importlib.util.find_spec(SPACY_MODEL) is None:
        raise BundleError(
            "is plain text, and there is no spaCy with its English model to tag it",
            path=path,
            mend=f"Install spacy and {SPACY_MODEL}, or give the corpus as a .tsv of a word, a tab "
            "and its part of speech a line.",
            zh=f"是純文字，而這裡沒有 spaCy 及其英文模型可標詞性；請安裝 spacy 與 {SPACY_MODEL}，"
            "或給每行一詞一詞性的 .tsv",
        )
    # An optional package, of which nothing may be imported where it is not installed.
    pipeline: Any = importlib.import_module("spacy").load(SPACY_MODEL)
    result = []
    for document in pipeline.pipe(paragraphs(text)):
        for sentence in document.sents:
            pairs = [(token.text, token.pos_) for token in sentence if not token.is_space]
            if pairs:
                words, tags = zip(*pairs, strict=True)
                result.append(Sentence(tuple(words), tuple(tags)))
    return result


def paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a plain text, each on one line and none too long for a tagger."""
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        joined = " ".join(block.split())
        for begin in range(0, len(joined), _PARAGRAPH_CHARACTERS):
            yield joined[begin : begin + _PARAGRAPH_CHARACTERS]
