"""Attention weights of every head of a BERT (after exBERT, Hoover et al. 2020, arXiv:1910.05276).

Attention of layer L, head H (both from 1) is ``attentions[L - 1, H - 1]``: row i says how much
piece i takes from each piece; a row sums to 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from solver.bundle.bert_materials import FILE
from solver.errors import BundleError
from solver.evidence import Record
from solver.explain.job import Job, bert_inputs, no_picture
from solver.explain.registry import explanation, record_of
from solver.models.bert import Encoding


@explanation("attention", pictures=no_picture, passes=lambda job: 1, inputs=bert_inputs)
def attention(job: Job) -> Record:
    """Attention on the sentence of the bundle.

    Arrays: attentions float32 (layers, heads, T, T). Values: pieces; special, true for [CLS] and
    [SEP]; links, the places [from, to] of words that refer to one another, with link_words.

    >>> attention(Job("attention", demo)).array("attentions").shape
    (12, 12, 16, 16)
    """
    materials = job.bundle.bert
    part = materials.attention
    encoding = materials.english.tokenizer.encode(part.sentence)
    weights = materials.english.attentions(encoding)
    job.advance(1)
    values: dict[str, Any] = {
        "sentence": part.sentence,
        "pieces": encoding.pieces,
        "special": encoding.special,
        "links": [
            [place_of(encoding, part.sentence, word, materials.folder / FILE)
             for word in (link.source, link.target)]
            for link in part.links
        ],
        "link_words": [[link.source, link.target] for link in part.links],
    }  # fmt: skip
    return record_of(job, {"attentions": weights.numpy()}, values)


def word_span(sentence: str, word: str) -> tuple[int, int]:
    """Return where a word begins and ends in a sentence: whole words before parts of words."""
    for at in range(len(sentence)):
        if not sentence.startswith(word, at):
            continue
        end = at + len(word)
        # "her" stands in "there" too; only where no whole word is one is a part of a word meant.
        if not sentence[at - 1 : at].isalpha() and not sentence[end : end + 1].isalpha():
            return at, end
    at = sentence.index(word)
    return at, at + len(word)


def place_of(encoding: Encoding, sentence: str, word: str, path: Path) -> int:
    """Return the place of a word's first piece; `path` is of the file that names the word.

    Raises:
        BundleError: the tokenizer passes over it, as over signs that do not print.
    """
    place = encoding.piece_of_character(word_span(sentence, word)[0])
    if place is None:
        raise BundleError(
            f"the word {word!r} is none to the model's tokenizer",
            path=path,
            zh=f"模型的 tokenizer 讀不到詞 {word!r}",
        )
    return place
