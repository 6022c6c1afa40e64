"""Attention, nearest words of a corpus, and one word across sentences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from solver.evidence import Record
from solver.rules.bert.attention import target_pairs
from tests.benchmarks.simulated import FAMILIES, Case, Floats, Generator, one_of

LAYERS, HEADS = 12, 12
TARGETS = ("full_stop", "previous", "same", "next", "special")
WORDS = ["cat", "dog", "saw", "ran", "it", "and", "bird", "sang", "tree", "old", "red", "fell"]


def sentence(generator: Generator) -> tuple[list[str], list[bool]]:
    """Pieces of two sentences with some words twice, and which are special."""
    words = [WORDS[at] for at in generator.integers(len(WORDS), size=generator.integers(10, 18))]
    half = len(words) // 2
    pieces = ["[CLS]", "the", *words[:half], ".", "the", *words[half:], ".", "[SEP]"]
    return pieces, [piece.startswith("[") for piece in pieces]


def heads(shape: str, count: int, generator: Generator) -> Floats:
    """Attention of heads without a meaning: even, or each row on a few places."""
    sharp = {"even": 5.0, "sharp": 0.3}[shape]
    rows = generator.dirichlet(np.full(count, sharp), (LAYERS, HEADS, count))
    weights: Floats = rows.astype(np.float32)
    return weights


def where(shape: str, target: str, generator: Generator) -> Case:
    """In one layer head 12 pays two thirds or more of each token's attention to the target, the
    rest as the other heads do."""
    pieces, special = sentence(generator)
    weights = heads(shape, len(pieces), generator)
    layer = int(generator.integers(LAYERS))
    if target != "none":
        pairs = target_pairs(pieces, special, target)  # type: ignore[arg-type]
        for row in np.flatnonzero(pairs.any(1)):
            paid = generator.uniform(0.66, 0.95)
            weights[layer, 11, row] *= 1 - paid
            weights[layer, 11, row, pairs[row]] += paid / pairs[row].sum()
    record = Record("attention", {"attentions": weights}, {"pieces": pieces, "special": special})
    claims = [{"target": one} for one in TARGETS]
    return Case([record], {"head": 12}, claims, [one == target for one in TARGETS])


def coreference(shape: str, links: int, generator: Generator) -> Case:
    """One of four heads pays the words referred to .5 to .9 of the attention of those that refer;
    of the other heads one makes a part of the links, where there are several."""
    pieces, special = sentence(generator)
    words = [at for at, piece in enumerate(pieces) if piece.isalpha()]
    some = generator.permutation(words)[: 2 * links].reshape(-1, 2)
    pairs = [sorted(map(int, pair), reverse=True) for pair in some]
    weights = heads(shape, len(pieces), generator)
    offered = [(int(layer), int(head)) for layer, head in generator.integers(1, 13, (4, 2))]
    while len(set(offered)) < 4:
        offered = [(int(layer), int(head)) for layer, head in generator.integers(1, 13, (4, 2))]
    which = int(generator.integers(4))
    for at, made in ((which, pairs), ((which + 1) % 4, pairs[1:])):
        layer, head = offered[at]
        for row, column in made:
            paid = generator.uniform(0.5, 0.9)
            weights[layer - 1, head - 1, row] *= 1 - paid
            weights[layer - 1, head - 1, row, column] += paid
    told = {"pieces": pieces, "special": special, "links": pairs}
    claims = [{"layer": layer, "head": head} for layer, head in offered]
    return Case([Record("attention", {"attentions": weights}, told)], {}, claims, one_of(4, which))


for _shape in ("even", "sharp"):
    for _target in (*TARGETS, "none"):
        FAMILIES.add("bert.attention.where_a_head_looks", f"{_shape}, {_target}")(
            partial(where, _shape, _target)
        )
    for _links in (1, 2, 3):
        FAMILIES.add("bert.attention.coreference", f"{_shape}, {_links} links")(
            partial(coreference, _shape, _links)
        )

TAGS = ["ADJ", "ADV", "NOUN", "VERB"]


def corpus_search(order: str, generator: Generator) -> Case:
    """Fifty words a layer: from one of the layers offered on two thirds are nouns, before it two
    thirds are of another kind; mixed, or nouns first among them."""
    offered = (2, 4, 7, 10)
    which = int(generator.integers(4))
    tags = np.zeros((LAYERS, 50), np.int64)
    for layer in range(1, LAYERS + 1):
        share = 0.67 if layer >= offered[which] else 0.2
        weights = np.full(4, (1 - share) / 3)
        if layer < offered[which]:
            weights = np.array([0.67, 0.07, 0.2, 0.06])
        else:
            weights[2] = share
        row = generator.choice(4, 50, p=weights)
        if order == "own kind nearer":
            row = row[np.argsort((row != 2) + 2 * generator.random(50), kind="stable")]
        tags[layer - 1] = row
    counts = np.stack([np.bincount(row, minlength=4) for row in tags])
    values = {"tags": TAGS, "tag": "NOUN", "nearest": words_of(TAGS, tags, generator)}
    record = Record("corpus_search", {"counts": counts, "tags": tags}, values)
    return Case([record], {}, [{"layer": one} for one in offered], one_of(4, which))


def words_of(names: Sequence[str], tags: Floats, generator: Generator) -> list[list[list[str]]]:
    """Words of these kinds, each kind a language's of its own: the n-th commonest is found 1/n
    times as often as the commonest (Zipf 1935), of a vocabulary of 300."""
    chance = 1 / np.arange(1, 301)
    drawn = generator.choice(300, tags.shape, p=chance / chance.sum())
    return [
        [[f"{names[tag]}{word}", names[tag]] for tag, word in zip(*row, strict=True)]
        for row in zip(tags, drawn, strict=True)
    ]


for _order in ("mixed", "own kind nearer"):
    FAMILIES.add("bert.corpus_search", _order)(partial(corpus_search, _order))

CANDIDATES = [{"metric": one} for one in ("euclidean", "cosine")]
CANDIDATES += [{"part": one} for one in ("first", "second", "both")]


def similarity(width: int, groups: int, generator: Generator) -> Case:
    """The picture of one matrix, read with a noise of a hundredth, of states of a word in ten
    sentences of one or two senses, which grow longer and shorter."""
    sense = np.arange(10) * groups // 10
    middles = generator.normal(size=(13, groups, 2, width))
    states = middles[:, sense] + 0.7 * generator.normal(size=(13, 10, 2, width))
    states *= generator.uniform(0.6, 1.6, (13, 10, 2, 1))
    layer, metric, part = generator.integers(13), generator.integers(2), generator.integers(3)
    vectors = states.mean(2) if part == 2 else states[:, :, part]
    vectors = vectors[layer]
    if metric == 0:
        matrix = np.linalg.norm(vectors[:, None] - vectors[None], axis=-1)
    else:
        unit = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
        matrix = unit @ unit.T
    shown = (matrix - matrix.min()) / np.ptp(matrix) + 0.01 * generator.normal(size=(10, 10))
    records = [
        Record("embeddings", {"states": states}, {"sentences": [str(at) for at in range(10)]}),
        Record("similarity_picture", {"values": np.clip(shown, 0, 1)}),
    ]
    truth = [at == metric for at in range(2)] + one_of(3, int(part))
    return Case(records, {}, CANDIDATES, truth)


for _width in (72, 768):
    for _groups in (1, 2):
        FAMILIES.add("bert.similarity_image", f"width {_width}, {_groups} senses")(
            partial(similarity, _width, _groups)
        )

SHAPES = ("falls", "rises", "falls_then_rises", "rises_then_falls")


def curve(shape: str, kind: str, generator: Generator) -> Case:
    """The similarity of two sentences over layers 0 to 11 by a curve with noise of a twentieth of
    its range; a turn has a quarter of the way on each side of it at least."""
    at = np.linspace(0, 1, 12)
    up = 1.0 if shape.startswith("rises") else -1.0
    bend = {"straight": 1.0, "early": 0.5, "late": 2.0}[kind]
    if "then" in shape:
        turn = generator.uniform(0.3, 0.7)
        back = generator.uniform(0.4, 1.0)
        before = np.clip(at / turn, 0, 1) ** bend
        after = np.clip((at - turn) / (1 - turn), 0, 1) ** bend
        values = up * (before - back * after)
    else:
        values = up * at**bend
    values = values + 0.05 * generator.normal(size=12)
    values = 0.5 + 0.4 * values / np.abs(values).max()
    about = {"curve": {"sentences": [7, 8], "character": 0, "first": 0, "metric": "cosine"}}
    told = {"sentences": [""] * 10, "tables": about}
    record = Record("embeddings", {"curve": values}, told)
    settings = {"sentences": [7, 8], "character": 0, "first": 0, "last": 11}
    claims = [{"shape": one} for one in SHAPES]
    return Case([record], settings, claims, one_of(4, SHAPES.index(shape)))


for _shape in SHAPES:
    for _kind in ("straight", "early", "late"):
        FAMILIES.add("bert.embeddings.curve_over_layers", f"{_shape}, {_kind}")(
            partial(curve, _shape, _kind)
        )

CAUSES = ("meaning", "length", "position", "frequency")


def layer0(moved: str, generator: Generator) -> Case:
    """Ten sentences and trials of a word whose vector hangs on its position alone, as a BERT's
    does, or on nothing; with rounding."""
    places = generator.integers(0, 3, 10)
    lengths = places + 3 + generator.integers(0, 5, 10)
    texts = [
        "x" * place + "ab" + "y" * int(long - place - 2)
        for place, long in zip(places, lengths, strict=True)
    ]
    for at in generator.permutation(10)[:4]:
        texts[at] = texts[at] + "b"
    lengths = np.array([len(text) for text in texts])
    vectors = generator.normal(size=(3, 16))
    hangs = vectors[places] if moved == "position" else np.repeat(vectors[:1], 10, 0)
    states = np.repeat(hangs[None, :, None], 2, 2) + 1
    states = states + 1e-7 * generator.normal(size=states.shape)
    similarities = 1 - 1e-7 * generator.random((4, 6, 2))
    if moved == "position":
        similarities[2] -= generator.uniform(0.02, 0.3, (6, 2))
    arrays = {"states": states, "places": places, "lengths": lengths}
    records = [
        Record("embeddings", arrays, {"sentences": texts, "word": "ab"}),
        Record("embedding_trials", {"similarities": similarities}, {"changes": list(CAUSES)}),
    ]
    claims = [{"independent_of": one} for one in CAUSES]
    return Case(records, {"character": 1}, claims, [one != moved for one in CAUSES])


for _moved in ("position", "nothing"):
    FAMILIES.add("bert.embeddings.layer0_independent", f"hangs on {_moved}")(
        partial(layer0, _moved)
    )
