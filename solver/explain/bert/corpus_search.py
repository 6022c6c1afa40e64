"""The corpus words nearest to a BERT's state at a hidden word, layer by layer.

As in exBERT (Hoover et al. 2020, arXiv:1910.05276): "layer L" (from 1) is ``hidden_states[L - 1]``,
vectors have unit length and are compared by inner product; each sentence of the corpus is run on
its own, [CLS] and [SEP] are left out. Memory is bounded by the batch: of a batch only the nearest
pieces are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from solver.bundle.tagged_corpus import TAGS, Sentence
from solver.evidence import Record
from solver.explain.bert.masked_lm import place_of_mask, with_masks
from solver.explain.job import Job, bert_inputs, no_picture
from solver.explain.registry import explanation, record_of
from solver.explain.torch_later import torch
from solver.models.bert import Bert, Encoding

if TYPE_CHECKING:
    from torch import Tensor

PIECES_AT_ONCE = 512
"""Pieces of a batch on a CPU; more are slower a piece, since they do not fit into the caches."""
PIECES_AT_ONCE_CUDA = 16384
Tagged = tuple[Encoding, Sentence, list[int]]
"""A sentence's encoding, the sentence, and for each piece the word it belongs to (-1: none)."""


@explanation(
    "corpus_search",
    pictures=no_picture,
    passes=lambda job: len(job.bundle.bert.corpus) + 1,
    used=("corpus_nearest",),
    inputs=bert_inputs,
    version=3,
)
def corpus_search(job: Job) -> Record:
    """The pieces of the corpus nearest to the second hidden word, hidden alone.

    Arrays: similarities float32 (layers, k), falling; tags int64 (layers, k), places in the
    value `tags`; counts int64 (layers, tags). Values: word, its part of speech, tags, searched
    (number of pieces), nearest: for each layer the k words with their tags.

    >>> corpus_search(Job("corpus_search", demo)).array("similarities").shape
    (12, 50)
    """
    materials = job.bundle.bert
    bert, sentence = materials.english, materials.attention.sentence
    hidden = [materials.masked.also]
    masked = bert.tokenizer.encode(with_masks(sentence, hidden, bert))
    at = place_of_mask(sentence, hidden, masked, bert)
    last = bert.layers - 1  # "layer L" is what enters layer L: the last one's output is not asked
    query = unit(torch.stack([state[0, at] for state in bert.hidden_states([masked], last)]))
    job.advance(1)
    best = Nearest(job.settings.corpus_nearest, bert.layers)
    words: list[str] = []
    tags: list[str] = []
    for batch in batches(bert, materials.corpus):
        search_batch(bert, batch, query, best, len(words))
        for _, one, owners in batch:
            kept = [owner for owner in owners if owner >= 0]
            words += [one.words[owner] for owner in kept]
            tags += [one.tags[owner] for owner in kept]
        job.advance(len(batch))
    places, similarities = best.places.numpy(), best.similarities.numpy()  # (layers, k)
    order = np.array([TAGS.index(tag) for tag in tags])[places]  # (layers, k)
    counts = np.stack([np.bincount(row, minlength=len(TAGS)) for row in order])  # (layers, tags)
    values = {
        "sentence": sentence,
        "word": hidden[0],
        "tag": materials.masked.tag,
        "tags": list(TAGS),
        "searched": len(words),
        "nearest": [[[words[n], tags[n]] for n in row] for row in places],
    }
    arrays = {"similarities": similarities, "tags": order, "counts": counts}
    return record_of(job, arrays, values)


class Nearest:
    """The k nearest pieces of each layer so far."""

    def __init__(self, k: int, layers: int) -> None:
        self.k = k
        self.similarities = torch.empty(layers, 0)
        self.places = torch.empty(layers, 0, dtype=torch.long)

    def offer(self, layer_similarities: Tensor, first: int) -> None:
        """Add similarities (layers, n) of the pieces `first`, `first` + 1, ..."""
        count = layer_similarities.shape[1]
        places = torch.arange(first, first + count).expand(len(self.places), -1)
        every = torch.cat([self.similarities, layer_similarities], 1)  # (layers, k + n)
        where = torch.cat([self.places, places], 1)
        # Stable: of equally near pieces the earlier one stays, in batches of any size.
        order = every.argsort(dim=1, descending=True, stable=True)[:, : self.k]
        self.similarities, self.places = every.gather(1, order), where.gather(1, order)


def search_batch(bert: Bert, batch: list[Tagged], query: Tensor, best: Nearest, first: int) -> None:
    """Offer `best` the similarity of every piece of a batch to the query (layers, width)."""
    states = torch.stack(bert.hidden_states([one for one, _, _ in batch], len(query) - 1))
    keep = torch.zeros(states.shape[1:3], dtype=torch.bool)  # (B, T)
    for row, (_, _, owners) in enumerate(batch):
        # [CLS], [SEP] and padding belong to no word.
        keep[row, : len(owners)] = torch.tensor(owners) >= 0
    # All layers and pieces in one product: (L, B x T, width) with (L, width, 1).
    products = (states.flatten(1, 2) @ query[:, :, None])[..., 0]
    lengths = states.norm(dim=-1).flatten(1).clamp_min(1e-12)
    cosines = (products / lengths).float().cpu()  # (L, B x T)
    best.offer(cosines[:, keep.flatten()], first)


def unit(vectors: Tensor) -> Tensor:
    """Return the vectors (..., width) at length 1."""
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp_min(1e-12)


def batches(bert: Bert, corpus: list[Sentence]) -> Iterator[list[Tagged]]:
    """Yield the sentences in batches of at most PIECES_AT_ONCE pieces, padding included."""
    at_once = PIECES_AT_ONCE_CUDA if bert.device.startswith("cuda") else PIECES_AT_ONCE
    rows: list[Tagged] = []
    for sentence in corpus:
        # Word by word as the corpus has them, so that each piece keeps its word's part of speech.
        encoding = bert.tokenizer.encode_words(list(sentence.words), bert.longest)
        owners = [-1 if word is None else int(word) for word in encoding.raw.word_ids()]
        rows.append((encoding, sentence, owners))
    rows.sort(key=lambda row: len(row[0].ids))  # alike lengths together: less padding
    batch: list[Tagged] = []
    for row in rows:
        if batch and len(row[0].ids) * (len(batch) + 1) > at_once:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
