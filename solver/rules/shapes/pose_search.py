"""Search for the pose worth most: differential evolution in islands, many coarse ones to few fine.

Each start becomes an island, a small population that evolves by itself (differential evolution,
Storn, Price 1997; a pose moves towards one of its island's leaders, after Zhang, Sanderson 2009).
Stage by stage the islands that lag are dropped (successive halving, Jamieson, Talwalkar 2016), and
those that are left begin again around their best pose, with more poses and closer together: the
best poses of a drawing lie side by side on one jagged hill, where a small population stops early.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.rules.shapes.pose_kernels import trials
from solver.rules.shapes.pose_scores import Drawing, Floats, Singles

Worth = Callable[[Singles], Floats]
"""The objective of a family: from poses (P, S) to the worth (S,) of each."""


@dataclass(frozen=True)
class Stage:
    """A stage of the search.

    Attributes:
        islands: how many go on.
        poses: of each island.
        generations: how long they evolve.
        spread: how far an island's first poses lie from its middle, as a share of each range.
        leaders: the share of an island's poses that others move towards; at least one.
    """

    islands: int
    poses: int
    generations: int
    spread: float
    leaders: float = 0.0


@dataclass(frozen=True)
class Effort:
    """Effort of a fit: what is screened, and the stages of each search.

    Attributes:
        shapes: screened, over all families.
        starts: kept of them.
        first: the stage that all searches share.
        stages: of each search from there.
        again: stages of a search that begins where a first decision ended.
        alike: searches that must end at the same. Fewer often settle side by side, in a lesser
            place.
        most: searches that are made at most, until so many agree.
    """

    shapes: int
    starts: int
    first: Stage
    stages: tuple[Stage, ...]
    again: tuple[Stage, ...]
    alike: int
    most: int


@dataclass(frozen=True)
class Found:
    """The pose found.

    Attributes:
        family: its place among the families.
        pose: (P,).
        worth: of the pose.
        places: for each family the best pose of every island of each stage (P, K).
    """

    family: int
    pose: Singles
    worth: float
    places: tuple[Singles, ...]


_CROSSING = np.float32(0.9)
_SCALES = (0.3, 0.9)


def search(
    drawing: Drawing,
    families: Sequence[Worth],
    starts: Sequence[Singles],
    stages: Sequence[Stage],
    generator: np.random.Generator,
) -> Found:
    """Return the pose worth most in any family, from starts (P, K) in each; some may have none.

    The families share the drawing's parameters, and the islands of all are ranked together.
    """
    places: list[list[Singles]] = [[] for _ in families]
    middles = list(starts)
    worths: list[Floats] = []
    for stage in stages:
        middles, worths = evolved(drawing, families, middles, stage, generator)
        for kept, each in zip(places, middles, strict=True):
            kept.append(each)
    best = int(np.argmax([each.max(initial=-1.0) for each in worths]))
    at = int(worths[best].argmax())
    found = tuple(np.concatenate(each, 1) for each in places)
    return Found(best, middles[best][:, at].copy(), float(worths[best][at]), found)


def evolved(
    drawing: Drawing,
    families: Sequence[Worth],
    starts: Sequence[Singles],
    stage: Stage,
    generator: np.random.Generator,
) -> tuple[list[Singles], list[Floats]]:
    """Return of each family the islands' best poses (P, K) after a stage, and their worths (K,)."""
    box = _Box(drawing)
    middles = [box.kept(each) for each in starts]
    worths = [
        worth(each) if each.shape[1] else np.zeros(0)
        for worth, each in zip(families, middles, strict=True)
    ]
    ahead = _ahead(worths, stage.islands)
    for at, (worth, kept) in enumerate(zip(families, ahead, strict=True)):
        middles[at], worths[at] = _evolved(worth, middles[at][:, kept], stage, box, generator)
    return middles, worths


def _ahead(worths: Sequence[Floats], count: int) -> list[npt.NDArray[np.int64]]:
    """For each family which of its islands are among the `count` best of all, best first."""
    family = np.repeat(np.arange(len(worths)), [len(each) for each in worths])
    own = np.concatenate([np.arange(len(each)) for each in worths])
    best = np.argsort(-np.concatenate(worths), kind="stable")[:count]
    return [own[best][family[best] == at] for at in range(len(worths))]


def _evolved(
    worth: Worth, middles: Singles, stage: Stage, box: _Box, generator: np.random.Generator
) -> tuple[Singles, Floats]:
    """The best pose of each island (P, K) that begins around one of the middles, and its worth."""
    count = middles.shape[1]
    if not count:
        return middles, np.zeros(0)
    shape = (*middles.shape, stage.poses)  # (P, islands, poses)
    away = generator.standard_normal(shape, dtype=np.float32) * (
        stage.spread * box.width[..., None]
    )
    away[..., 0] = 0  # an island keeps its middle
    poses = box.kept(middles[..., None] + away)
    found = worth(poses.reshape(len(poses), -1)).reshape(poses.shape[1:])
    row, leaders = np.arange(count)[:, None], max(int(stage.leaders * stage.poses), 1)
    for _ in range(stage.generations):
        tried = _tried(poses, found, leaders, box, generator)
        worths = worth(tried.reshape(len(tried), -1)).reshape(found.shape)
        better = worths >= found
        poses, found = np.where(better, tried, poses), np.where(better, worths, found)
    best = found.argmax(1)
    return poses[:, row[:, 0], best], found[row[:, 0], best]


def _tried(
    poses: Singles, found: Floats, leaders: int, box: _Box, generator: np.random.Generator
) -> Singles:
    """A trial for each pose (P, islands, poses): part of the way to a leader, and a difference."""
    islands, count = found.shape
    row = np.arange(islands)[:, None]
    first = np.argpartition(-found, leaders - 1, 1)[:, :leaders]
    led = first[row, generator.integers(0, leaders, (islands, count))]
    one = generator.integers(0, count, (islands, count))
    other = (one + generator.integers(1, count, (islands, count))) % count
    scales = generator.uniform(*_SCALES, (islands, count))
    chances = generator.random(poses.shape, dtype=np.float32)
    tried = np.empty_like(poses)
    trials(poses, led, one, other, scales, chances, _CROSSING, box.bounds, box.turns, tried)
    return tried


class _Box:
    """The bounds of poses: a turn wraps round, other parameters are reflected at their bounds."""

    def __init__(self, drawing: Drawing) -> None:
        self.bounds = np.asarray(drawing.bounds, np.float32)
        self.low, self.high = self.bounds.T[..., None]
        self.width = self.high - self.low
        self.turns = np.isin(np.arange(len(self.bounds)), drawing.turns)

    def kept(self, poses: Singles) -> Singles:
        """Poses (P, ...) brought back into the box."""
        flat = poses.reshape(len(poses), -1)
        kept = np.abs(flat - self.low)
        kept += self.low
        np.subtract(self.high, kept, out=kept)
        np.abs(kept, out=kept)
        np.subtract(self.high, kept, out=kept)
        np.clip(kept, self.low, self.high, out=kept)
        low, width = self.low[self.turns], self.width[self.turns]
        kept[self.turns] = low + (flat[self.turns] - low) % width
        reshaped: Singles = kept.reshape(poses.shape)
        return reshaped
