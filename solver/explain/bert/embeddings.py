"""Hidden states of one character in different sentences, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.errors import BundleError
from solver.evidence import Record
from solver.explain.job import Job, bert_inputs, no_picture
from solver.explain.registry import explanation, record_of
from solver.models.bert import Bert, Encoding

FILLER = "的"
"""A common character without a meaning of its own, which fills a sentence up."""
Vectors = npt.NDArray[np.float32]


@explanation(
    "embeddings",
    pictures=no_picture,
    passes=lambda job: len(job.bundle.bert.embeddings.sentences),
    inputs=bert_inputs,
    version=2,
)
def embeddings(job: Job) -> Record:
    """Hidden states of the word's characters in each sentence.

    Arrays: states float32 (layers + 1, sentences, characters, width), layer 0 the embedding
    output; places int64 (sentences,), the piece the word begins at; lengths int64 (sentences,),
    pieces with [CLS] and [SEP]. Values: word, sentences.

    >>> embeddings(Job("embeddings", demo)).array("states").shape
    (13, 10, 2, 72)
    """
    part = job.bundle.bert.embeddings
    check_chinese(part.word)
    texts = [(sentence.text, sentence.at) for sentence in part.sentences]
    states, places, lengths = characters(job.bundle.bert.chinese, texts, len(part.word))
    job.advance(len(texts))
    arrays = {
        "states": states,
        "places": np.array([first for first, *_ in places]),
        "lengths": np.array(lengths),
    }
    values = {"word": part.word, "sentences": [sentence.text for sentence in part.sentences]}
    return record_of(job, arrays, values)


def check_chinese(word: str) -> None:
    """Refuse a word that is not written in Chinese characters.

    Raises:
        BundleError: the word has other characters.
    """
    # Each character must be a piece of its own, and texts are filled up with a Chinese one.
    others = [letter for letter in word if not "\u4e00" <= letter <= "\u9fff"]
    if others:
        raise BundleError(
            f"the embeddings' word {word!r} has characters that are not Chinese ({others[0]!r})",
            mend="Give a Chinese word: these questions follow it character by character.",
            zh=f"詞 {word!r} 含有中文以外的字元（{others[0]!r}），請給中文詞",
        )


def characters(
    bert: Bert, texts: Sequence[tuple[str, int]], count: int, layers: int | None = None
) -> tuple[Vectors, list[list[int]], list[int]]:
    """Return states (layers + 1, texts, count, width) of `count` characters of each text.

    Besides, for each text, the places of these characters among its pieces, and its number of
    pieces. All texts go through the network together.

    Args:
        bert: the model.
        texts: each with the place its characters begin at.
        count: how many characters.
        layers: the last layer to run, as in `Bert.hidden_states`; None: all.

    Raises:
        BundleError: the tokenizer does not make a piece of each character.
    """
    encodings = [bert.tokenizer.encode(text) for text, _ in texts]
    places = [
        _pieces_of(bert, encoding, text, at, count)
        for encoding, (text, at) in zip(encodings, texts, strict=True)
    ]
    rows = [[row] * count for row in range(len(texts))]
    states = bert.hidden_states(encodings, layers)
    picked = [state[rows, places].float().cpu().numpy() for state in states]
    return np.stack(picked), places, [len(encoding.ids) for encoding in encodings]


def _pieces_of(bert: Bert, encoding: Encoding, text: str, at: int, count: int) -> list[int]:
    places = [encoding.piece_of_character(at + n) for n in range(count)]
    found = [place for place in places if place is not None]
    if len(set(found)) != count:
        raise BundleError(
            f"the tokenizer does not make a piece of each character of {text[at : at + count]!r}",
            path=bert.tokenizer.source,
            mend="Take the vocabulary that belongs to the model.",
            zh=f"tokenizer 沒有把 {text[at : at + count]!r} 的每個字各切成一個 token；"
            "請用該模型的詞彙表",
        )
    if any(encoding.pieces[place] == bert.tokenizer.unknown for place in found):
        raise BundleError(
            f"its vocabulary does not have each character of {text[at : at + count]!r}",
            path=bert.tokenizer.source,
            mend="Take a Chinese model, such as bert-base-chinese.",
            zh=f"詞彙表缺少 {text[at : at + count]!r} 的字；請用中文模型，如 bert-base-chinese",
        )
    return found


CHANGES = ("meaning", "length", "position", "frequency")


@explanation(
    "embedding_trials",
    pictures=no_picture,
    passes=lambda job: 2 * len(CHANGES) * len(job.bundle.bert.embeddings.sentences),
    inputs=bert_inputs,
)
def embedding_trials(job: Job) -> Record:
    """Similarity of a word at layer 0 before and after one thing about its sentence is changed.

    Each sentence is brought to one length with the word at one place; then the rest of the
    sentence is swapped for another's (meaning), the end is lengthened (length), the word is moved
    (position), or repeated further on (frequency).

    Arrays: similarities float64 (changes, sentences, characters), the cosine at layer 0 between
    the word before the change and after it; held bool (changes, 4), for each change which of
    meaning, length, position and frequency it left alone. Values: changes, word, example (one
    pair of texts a change).

    >>> embedding_trials(Job("embedding_trials", demo)).array("similarities").shape
    (4, 10, 2)
    """
    part = job.bundle.bert.embeddings
    check_chinese(part.word)
    bert = job.bundle.bert.chinese
    texts = [(one.text, one.at) for one in part.sentences]
    similarities = np.zeros((len(CHANGES), len(texts), len(part.word)))
    example: dict[str, Any] = {}
    for row, change in enumerate(CHANGES):
        pairs = [changed_pair(texts, column, part.word, change) for column in range(len(texts))]
        # Layer 0 is the embedding output: no layer above it need be run.
        (befores, afters) = (
            characters(bert, side, len(part.word), layers=0)[0][0].astype(np.float64)
            for side in zip(*pairs, strict=True)
        )
        similarities[row] = [
            [cosine(a, b) for a, b in zip(before, after, strict=True)]
            for before, after in zip(befores, afters, strict=True)
        ]
        example[change] = [pairs[0][0][0], pairs[0][1][0]]
        job.advance(2 * len(texts))
    held = ~np.eye(len(CHANGES), dtype=bool)  # each change leaves the other three alone
    values = {"changes": list(CHANGES), "word": part.word, "example": example}
    return record_of(job, {"similarities": similarities, "held": held}, values)


def changed_pair(
    texts: list[tuple[str, int]], which: int, word: str, change: str
) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return a text with the place of the word in it, before and after one change.

    Texts are filled up with FILLER: in front, so that the word has one place in all, and behind, to
    one length with room for the word once more.
    """
    # One more than needed, so that the word can be moved forward by one place.
    front = max(at for _, at in texts) + 1
    behind = max(len(text) - at for text, at in texts) + len(word)
    parts = [_framed(text, at, word, front, behind) for text, at in texts]
    before, after = parts[which]
    base = (before + word + after, len(before))
    if change == "meaning":
        # The lists are ordered by sense: the sentence half the list away has the other one.
        other, rest = parts[(which + len(parts) // 2) % len(parts)]
        return base, (other + word + rest, len(other))
    if change == "length":
        return base, (base[0] + FILLER * 4, base[1])
    if change == "position":
        return base, (before[1:] + word + after + FILLER, len(before) - 1)
    # In place of filler at the end: length and position stay as they were.
    again = after[: -len(word)] + word
    return base, (before + word + again, len(before))


def _framed(text: str, at: int, word: str, front: int, behind: int) -> tuple[str, str]:
    before = FILLER * (front - at) + text[:at]
    rest = text[at + len(word) :]
    return before, rest + FILLER * (behind - len(word) - len(rest))


def cosine(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Return the cosine of two vectors, to nine digits."""
    # More than the network's own numbers hold; the rest is noise.
    return round(float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))), 9)
