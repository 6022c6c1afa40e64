"""Hidden states of the reading models, and their first two principal components.

As the course draws them: for each layer scikit-learn's PCA with two components, fitted on all
tokens of that layer; the special tokens are fitted but not drawn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from solver.bundle.bert_materials import Reading
from solver.evidence import Record
from solver.explain.bert.projection import COURSE_SEED, principal_points
from solver.explain.job import Job, bert_inputs, no_picture
from solver.explain.registry import explanation, record_of
from solver.text.scripts import in_one_word

SPECIAL, QUESTION, CONTEXT, ANSWER = range(4)
"""Roles of a token, in the array `roles`."""


@explanation("hidden_states", pictures=no_picture, passes=lambda job: 1, inputs=bert_inputs)
def hidden_states(job: Job) -> Record:
    """Hidden states of model m on item q: ``hidden_states/m/q``, both from 1.

    Arrays: states float32 (layers + 1, T, width); points float64 (layers, T, 2), the principal
    components of layer 1, 2, ...; roles int8 (T,): 0 special, 1 question, 2 context, 3 answer;
    sentences int16 (T,), which sentence of the context a token is in (-1: none).
    Values: pieces, question, answer.

    >>> hidden_states(Job("hidden_states/1/1", demo)).array("points").shape
    (12, 78, 2)
    """
    model, item = job.place
    reading = job.bundle.bert.reading(model, item)
    roles = token_roles(reading)
    job.advance(1)
    points = np.stack(
        [principal_points(layer, COURSE_SEED) for layer in reading.states[1:]]
    )  # (layers, T, 2)
    values = {
        "pieces": reading.encoding.pieces,
        "question": reading.item.question,
        "answer": reading.item.answer,
    }
    arrays = {
        "states": reading.states,
        "points": points,
        "roles": roles,
        "sentences": context_sentences(reading.encoding.pieces, roles),
    }
    return record_of(job, arrays, values)


SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")


def token_roles(reading: Reading) -> npt.NDArray[np.int8]:
    """Return the role of each token (T,); an answer is marked at every place of its whole words."""
    encoding = reading.encoding
    roles = np.where(np.array(encoding.segments) == 1, CONTEXT, QUESTION).astype(np.int8)
    roles[np.array(encoding.special)] = SPECIAL
    context, answer = reading.item.context, reading.item.answer
    begin = context.find(answer)
    while begin >= 0:
        end = begin + len(answer)
        edges = ((context[begin - 1 : begin], answer[0]), (answer[-1], context[end : end + 1]))
        if not any(in_one_word(*edge) for edge in edges):
            for at in range(begin, end):
                place = encoding.piece_of_character(at, 1)
                if place is not None:
                    roles[place] = ANSWER
        begin = context.find(answer, begin + 1)
    return roles


def context_sentences(pieces: list[str], roles: npt.NDArray[np.int8]) -> npt.NDArray[np.int16]:
    """Return for each token (T,) the number of its sentence in the context, from 0; -1 outside."""
    numbers = np.full(len(pieces), -1, np.int16)
    current = 0
    for place, piece in enumerate(pieces):
        if roles[place] not in (CONTEXT, ANSWER):
            continue
        numbers[place] = current
        # By pieces: an abbreviation's stop ends a sentence here as well.
        if piece in SENTENCE_ENDS:
            current += 1
    return numbers
