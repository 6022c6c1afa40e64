"""Masked-word prediction by a BERT (Devlin et al. 2018, arXiv:1810.04805).

The word is swapped for [MASK] and the softmax of the masked-LM head is read at its place.
"""

from __future__ import annotations

import numpy as np

from solver.evidence import Record
from solver.explain.bert.attention import word_span
from solver.explain.job import Job, bert_inputs, no_picture
from solver.explain.registry import explanation, record_of
from solver.models.bert import Bert, Encoding

SHOWN = 10


@explanation("masked_words", pictures=no_picture, passes=lambda job: 1, inputs=bert_inputs)
def masked_words(job: Job) -> Record:
    """Prediction for the masked word: ``masked_words/0`` hides it alone, ``/1`` the other as well.

    Arrays: probabilities float64 (vocabulary,); pieces, the vocabulary as text.
    Values: sentence, as the model got it; hidden, the words; likeliest, pairs of piece and
    probability.

    >>> masked_words(Job("masked_words/0", demo)).values["hidden"]
    ['her']
    """
    (both,) = job.place
    materials = job.bundle.bert
    part, bert = materials.masked, materials.english
    hidden = [part.word, part.also] if both else [part.word]
    sentence = with_masks(materials.attention.sentence, hidden, bert)
    encoding = bert.tokenizer.encode(sentence)
    at = place_of_mask(materials.attention.sentence, hidden, encoding, bert)
    logits = bert.predictions(encoding)[at].double()  # (vocabulary,)
    job.advance(1)
    probabilities = logits.softmax(0).numpy()[: len(bert.tokenizer.pieces)]
    pieces = bert.tokenizer.pieces
    best = np.argsort(-probabilities, kind="stable")[:SHOWN]
    values = {
        "sentence": sentence,
        "hidden": hidden,
        "likeliest": [[pieces[int(n)], float(probabilities[n])] for n in best],
    }
    return record_of(job, {"probabilities": probabilities, "pieces": np.array(pieces)}, values)


def with_masks(sentence: str, words: list[str], bert: Bert) -> str:
    """Return the sentence with each word swapped for [MASK], once for each of its pieces."""
    spans = sorted((word_span(sentence, word), word) for word in words)
    # From the end on: a mask of another length would shift the places behind it.
    for (begin, end), word in reversed(spans):
        count = bert.tokenizer.count_of(word)
        # One mask a piece, so that the sentence keeps its number of pieces.
        masks = " ".join([str(bert.tokenizer.inner.mask_token)] * max(1, count))
        sentence = sentence[:begin] + masks + sentence[end:]
    return sentence


def place_of_mask(sentence: str, words: list[str], encoding: Encoding, bert: Bert) -> int:
    """Return the place of the first [MASK] of ``words[0]``, where several words are hidden."""
    masks = [place for place, one in enumerate(encoding.ids) if one == bert.tokenizer.mask_id]
    order = sorted(words, key=lambda word: word_span(sentence, word))
    before = order[: order.index(words[0])]
    return masks[sum(max(1, bert.tokenizer.count_of(word)) for word in before)]
