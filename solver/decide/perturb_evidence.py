"""Resampling of records that keep no samples, for evidence without a network.

It tells whether a verdict depends on a few places of a map, a few tokens, a few words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from solver.decide.redraw_smoothgrad import redrawn
from solver.decide.resample_draws import MIN_WEIGHT, SHOWN, has_samples
from solver.evidence import Record
from solver.explain.bert.projection import principal_points
from solver.explain.cnn.lime_surrogate import shown_signs

Records = dict[str, Record]

BLOCKS = 32
"""Blocks along a map's side (fewer on a small map, which has blocks of 2x2): 4x4 pixels of 128,
about as far as a gradient's speckle hangs together."""

MOVED = 0.3
"""The share of blocks that are drawn again. It was chosen with real maps of the course in view
(docs/measured/real-outputs.md). SmoothGrad maps are drawn again by what their samples do
(`solver.decide.redraw_smoothgrad`), and moved only beside another map of their picture."""

MAPS = ("saliency", "smoothgrad", "integrated_gradients", "activation")

DROPPED_SEGMENTS = 2
"""Drawn segments of LIME that are left out, as another seed might not have drawn them: on a
confident network two seeds share 9 of the 11 first at about half the samples."""

DROPPED_TOKENS = 0.1
"""The chance of a token to be left out: a marker that lies under another one in a plot, a word
that another wording of the context would not have."""

TINY = float(np.finfo(np.float64).tiny)

NOT_DRAWN = 0
"""The role of a token that is not drawn."""


def can_resample(records: Mapping[str, Record]) -> bool:
    """Return whether `resampled` would change any of the records a question rests on."""
    others = (_is_map(record) or _resampler(record) for record in records.values())
    return _sentences_are_free(records) or any(others)


def resampled(records: Mapping[str, Record], generator: np.random.Generator) -> Records:
    """Return the records with each that can be resampled replaced by a resample of itself."""
    changed = dict(records)
    if _sentences_are_free(records):
        changed |= _other_sentences(records, generator)
    of_maps = _of_maps(records)
    # In the order of ids: the generator's numbers go to the same records in every run.
    for name in sorted(records):
        resampler = of_maps if _is_map(records[name]) else _resampler(records[name])
        if resampler is not None:
            changed[name] = resampler(records[name], generator)
    return changed


Resampler = Callable[[Record, np.random.Generator], Record]


def _is_map(record: Record) -> bool:
    return record.kind in MAPS and "map" in record.arrays and not has_samples(record)


def _resampler(record: Record) -> Resampler | None:
    if has_samples(record):
        return None  # its own samples tell how it varies: solver.decide.resample_draws
    kinds: dict[str, tuple[str, Resampler]] = {
        # Without its segments an overlay cannot be resampled: eleven side by side are one patch.
        "lime": ("segments", with_segments_dropped),
        "hidden_states": ("roles", drawn_again),
        "corpus_search": ("counts", resampled_words),
        "embedding_trials": ("similarities", resampled_trials),
    }
    array, resampler = kinds.get(record.kind, ("", None))
    return resampler if array in record.arrays else None


def _with(record: Record, arrays: Mapping[str, Any], **values: object) -> Record:
    return Record(
        record.id,
        {**record.arrays, **arrays},
        {**record.values, **values},
        record.settings,
        record.inputs,
    )


Moves = npt.NDArray[np.int64]
"""For each block of a picture, how many blocks down and to the right its values come from."""


def _of_maps(records: Mapping[str, Record]) -> Resampler:
    """A resampler of maps that moves all maps of one picture alike."""
    # They are one observation: moved each by itself, two of them would seem less alike than they
    # are.
    moves: dict[str, Moves] = {}
    pictures = [_picture_of(record) for record in records.values() if _is_map(record)]
    sides = [min(record.arrays["map"].shape[:2]) for record in records.values() if _is_map(record)]
    blocks = min([BLOCKS, *(side // 2 for side in sides)])

    def resample(record: Record, generator: np.random.Generator) -> Record:
        picture = _picture_of(record)
        if record.kind == "smoothgrad":
            record = redrawn(record, generator)
            if pictures.count(picture) == 1:
                return record
        if picture not in moves:
            count = max(blocks, 1)
            # One block at the most, so that bright places stay where they are to within a block.
            steps: Moves = generator.integers(-1, 2, (2, count, count))
            moves[picture] = steps * (generator.random((count, count)) < MOVED)
        return resampled_map(record, moves[picture])

    return resample


def _picture_of(record: Record) -> str:
    place = record.id.split("/")
    return place[1] if record.kind == "integrated_gradients" else place[-1]


def resampled_map(record: Record, moves: Moves) -> Record:
    """Return a local block bootstrap of a map (Paparoditis and Politis 2002).

    Some blocks take the values of one of the nine around them, so that bright places stay where
    they are to within a block.

    Args:
        record: with a map (H, W) or (H, W, 3).
        moves: (2, B, B), for each block -1, 0 or 1 block down, and to the right.
    """
    values = record.array("map")
    blocks = moves.shape[1]
    height, width = values.shape[:2]
    rows, columns = np.arange(height)[:, None], np.arange(width)
    block = rows * blocks // height, columns * blocks // width
    down = np.rint(moves[0] * height / blocks).astype(int)[block]  # (H, W)
    right = np.rint(moves[1] * width / blocks).astype(int)[block]
    rows, columns = np.clip(rows + down, 0, height - 1), np.clip(columns + right, 0, width - 1)
    changed = {"map": values[rows, columns]}
    if "valid" in record.arrays:
        changed["valid"] = record.arrays["valid"][rows, columns]
    return _with(record, changed)


def with_segments_dropped(record: Record, generator: np.random.Generator) -> Record:
    """Return LIME's overlay without `DROPPED_SEGMENTS` drawn segments, as under another seed.

    Where the weights are known the next segments by weight are drawn instead. At least one drawn
    segment is left.
    """
    signs = record.array("signs", 2)
    if {"weights", "segments"} <= set(record.arrays):
        weights = record.array("weights", 1).astype(np.float64).copy()
        shown = int(record.settings.get("lime_shown", SHOWN))
        least = float(record.settings.get("lime_min_weight", MIN_WEIGHT))
        drawn = np.argsort(-np.abs(weights), kind="stable")[:shown]
        drawn = drawn[np.abs(weights[drawn]) >= least]
        weights[_dropped(drawn, generator)] = 0.0
        # A segment left out has no weight: it is not drawn, even where the least weight is 0.
        signs = shown_signs(record.array("segments", 2), weights, shown, max(least, TINY))
        changed = {"weights": weights, "signs": signs}
        return _with(record, changed)
    segments = record.array("segments", 2)
    gone = _dropped(np.unique(segments[signs != 0]), generator)
    return _with(record, {"signs": np.where(np.isin(segments, gone), 0, signs).astype(np.int8)})


def _dropped(
    drawn: npt.NDArray[np.integer], generator: np.random.Generator
) -> npt.NDArray[np.integer]:
    # At least one is left: an overlay of nothing would decide nothing.
    count = min(DROPPED_SEGMENTS, len(drawn) - 1)
    return generator.choice(drawn, count, replace=False) if count > 0 else drawn[:0]


def drawn_again(record: Record, generator: np.random.Generator) -> Record:
    """Return the plots of hidden states by another solver, where states are kept, and some tokens.

    Every other time the projection is the exact one, else the randomized solver's with another
    seed: of wide states the course's is one draw (`solver.explain.bert.projection`).
    """
    if {"states", "points"} <= set(record.arrays):
        exact, seed = generator.integers(0, 2), int(generator.integers(0, 1 << 31))
        layers = record.array("states", 3)[1:]
        points = [principal_points(layer, None if exact else seed) for layer in layers]
        record = _with(record, {"points": np.stack(points)})
    return with_tokens_dropped(record, generator)


def with_tokens_dropped(record: Record, generator: np.random.Generator) -> Record:
    """Return the plots without some drawn tokens, each with the chance `DROPPED_TOKENS`.

    The axes stay, and in each layer at least one token of each role.
    """
    # No bootstrap: the outermost token is a maximum, whose spread a bootstrap does not show
    # (Bickel and Freedman 1981, doi:10.1214/aos/1176345637).
    roles = record.array("roles")
    if roles.ndim not in (1, 2):
        return record
    rows = [_without_some(row, generator) for row in np.atleast_2d(roles)]  # one a layer
    return _with(record, {"roles": np.stack(rows).reshape(roles.shape)})


def _without_some(
    roles: npt.NDArray[np.integer], generator: np.random.Generator
) -> npt.NDArray[np.integer]:
    gone = generator.random(len(roles)) < DROPPED_TOKENS
    for role in np.unique(roles):
        places = np.flatnonzero(roles == role)
        if gone[places].all():
            gone[generator.choice(places)] = False
    return np.where(gone, NOT_DRAWN, roles)


def resampled_words(record: Record, generator: np.random.Generator) -> Record:
    """Return a bootstrap of each layer's nearest words, as counts of their parts of speech."""
    counts = record.array("counts", 2)
    again = [generator.multinomial(int(row.sum()), row / max(row.sum(), 1)) for row in counts]
    return _with(record, {"counts": np.stack(again).astype(counts.dtype)})


def resampled_trials(record: Record, generator: np.random.Generator) -> Record:
    """Return the trials of embeddings on a bootstrap of their sentences."""
    similarities = record.array("similarities")
    chosen = generator.integers(0, similarities.shape[1], similarities.shape[1])
    return _with(record, {"similarities": similarities[:, np.sort(chosen)]})


def _sentences_are_free(records: Mapping[str, Record]) -> bool:
    """True if sentences may be drawn again: they are compared with a picture of all of them."""
    # A question that names two of them has no such picture.
    return {"embeddings", "similarity_picture"} <= set(records) and (
        "states" in records["embeddings"].arrays
        and "values" in records["similarity_picture"].arrays
    )


def _other_sentences(records: Mapping[str, Record], generator: np.random.Generator) -> Records:
    """A bootstrap of the sentences, the same for the states and for the picture's matrix."""
    embeddings, picture = records["embeddings"], records["similarity_picture"]
    states, values = embeddings.array("states", 4), picture.array("values", 2)
    if values.shape != (states.shape[1],) * 2:
        return {}
    chosen = np.sort(generator.integers(0, len(values), len(values)))
    texts = embeddings.values.get("sentences")
    again = [texts[at] for at in chosen] if isinstance(texts, list) else texts
    return {
        "embeddings": _with(embeddings, {"states": states[:, chosen]}, sentences=again),
        "similarity_picture": _with(picture, {"values": values[np.ix_(chosen, chosen)]}),
    }
