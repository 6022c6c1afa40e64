"""Plots of hidden states as evidence gives them: points and roles of tokens, layer by layer.

Points are the first two principal components of each layer, as the course plots them, so that a
plot read off by eye can be decided on as well. Roles of tokens: 0 special or not drawn, 1 question,
2 context, 3 answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence, Record

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
QUESTION, CONTEXT, ANSWER = 1, 2, 3


@dataclass(frozen=True)
class Plots:
    """A model's plots of an item, checked: one a layer.

    Attributes:
        points: (layers, T, 2), layer 1 first.
        roles: (T,), or (layers, T) where tokens are not the same in every plot.
    """

    points: tuple[Floats, ...]
    roles: tuple[npt.NDArray[np.int64], ...]
    pieces: list[str]
    item: int

    def split(self, layer: int) -> tuple[Floats, Floats, Floats]:
        """The points of question, context and answer in a layer (0 for layer 1)."""
        points, roles = self.points[layer], self.roles[layer]
        return points[roles == QUESTION], points[roles == CONTEXT], points[roles == ANSWER]


def checked(record: Record) -> Plots:
    """Return the plots of a record.

    Raises:
        EvidenceError: roles and points are of different lengths, or a role is missing.
    """
    points = record.array("points", 3).astype(np.float64)
    roles = record.array("roles").astype(np.int64)
    # One list for all layers, or one each where plots were read off a notebook.
    if roles.shape == points.shape[1:2]:
        roles = np.broadcast_to(roles, points.shape[:2])
    if roles.shape != points.shape[:2] or points.shape[2] != 2:
        raise EvidenceError(
            f"record {record.id}: 'points' and 'roles' differ in tokens",
            zh=f"紀錄 {record.id}：'points' 與 'roles' 的 token 數不同",
        )
    for role, name in ((QUESTION, "question"), (CONTEXT, "context"), (ANSWER, "answer")):
        # In every layer: a plot without an answer has nothing to measure.
        if not (roles == role).any(1).all():
            raise EvidenceError(
                f"record {record.id} marks no token as {name}",
                zh=f"紀錄 {record.id} 沒有把任何 token 標為 {name}",
            )
    pieces = [str(piece) for piece in record.values.get("pieces", [])]
    return Plots(tuple(points), tuple(roles), pieces, int(record.id.rsplit("/", 1)[-1]))


def last_context(plots: Plots) -> tuple[Floats, Mask, npt.NDArray[np.intp]]:
    """Return the context in the last layer: points (n, 2), true for the answer's (n,), places."""
    points, roles = plots.points[-1], plots.roles[-1]
    places = np.flatnonzero(np.isin(roles, (CONTEXT, ANSWER)))
    return points[places], roles[places] == ANSWER, places


def mean_distance(points: Floats, others: Floats) -> Floats:
    """Return the mean distance of each point (n, 2) to the others (m, 2): (n,)."""
    result: Floats = np.linalg.norm(points[:, None] - others[None], axis=-1).mean(1)
    return result


FEWEST_ITEMS = 2
"""Items on which layers are compared where not all are there: one text may be an exception."""


def plots_of_some(evidence: Evidence, names: Sequence[str]) -> list[Plots]:
    """Return the checked plots of those records that are there, in order.

    Raises:
        EvidenceError: roles and points do not fit one another.
        MissingEvidence: fewer than FEWEST_ITEMS are there, and not all.
    """
    there = evidence.among(names)
    if len(there) < min(FEWEST_ITEMS, len(names)):
        raise MissingEvidence(evidence.missing(names))
    return [checked(record) for record in there.values()]
