"""The token that lies farthest out of a cloud of tokens, and how far it stands out of it.

A model that was tuned for answering moves the tokens it extracts away from the context's middle, in
its last layer. But some token of any cloud is the outermost, and in a long cloud one lies far out:
so it is held against chance in a normal cloud of the same shape.

>>> round(widest(60, 1.0), 2), round(widest(60, 0.3), 2)  # of 60 tokens, round and long
(2.26, 2.81)
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from solver.rules.bert.state_plots import Floats, Mask, Plots, last_context
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair

CHANCE_LEVEL = threshold(
    "hidden_states.chance_level",
    0.05,
    "probability by chance alone under which a finding counts: the usual one in twenty",
    lowest=1e-6,
    highest=0.5,
)


def distances(plots: Plots) -> tuple[Floats, Mask, npt.NDArray[np.intp]]:
    """Return the distance of each token of the context from its middle in the last layer.

    Returns:
        distances (n,), which of them are of the answer (n,), their places among the tokens (n,).
    """
    points, answer, places = last_context(plots)
    far: Floats = np.linalg.norm(points - middle_of(points), axis=1)
    return far, answer, places


def middle_of(points: Floats) -> Floats:
    """Return the geometric median of points (n, 2): (2,).

    The outlier itself would move a mean towards it, and a median of each coordinate turns with the
    axes, which principal components have none of. By the iteration of Weiszfeld 1937.
    """
    middle: Floats = np.median(points, axis=0)
    for _ in range(300):
        # Not 0 where a point lies in the middle.
        far = np.maximum(np.linalg.norm(points - middle, axis=1), 1e-12)
        before, middle = middle, (points / far[:, None]).sum(0) / (1 / far).sum()
        if np.abs(middle - before).max() <= 1e-12 * float(far.max()):
            break
    return middle


def outlier_lead(plots: Plots) -> tuple[float, Pair]:
    """Return the lead of the answer's outermost token in the last layer, and the outermost token.

    The lead is the difference of the outermost distances of answer and rest, as a share of the
    larger: above 0 the outermost token is one of the answer. The token is named by its piece or,
    where these are not known, by its role.
    """
    far, answer, places = distances(plots)
    best, rest = far[answer].max(), far[~answer].max()  # outermost of each
    place = int(places[far.argmax()])
    if place < len(plots.pieces):
        name = (repr(plots.pieces[place]), f"「{plots.pieces[place]}」")
    elif best > rest:
        name = ("a token of the answer", "答案的 token")
    else:
        name = ("a token that is no answer", "非答案的 token")
    # A share of the larger: layers and models have scales of their own.
    return float((best - rest) / max(best, rest, 1e-12)), name


REACHED = threshold(
    "hidden_states.reached",
    0.75,
    "share of the tokens whose distance from the middle an outermost one's is compared with: the "
    "third quartile, as what a model extracts, with its doubles in a text, is up to a fifth of the "
    "tokens of the demo's items",
    lowest=0.5,
    highest=0.95,
)

_TURNS = np.linspace(0, np.pi, 256, endpoint=False)
_FAR = np.linspace(0, 7, 141)  # finer grids change no bound by .0002


def outlier_score(plots: Plots) -> float:
    """Return the distance of the context's outermost token in the last layer, beyond chance.

    The distance from the middle over the one that most tokens (`REACHED`) do not pass, over the
    largest such ratio by chance (`widest`), less 1: above 0 a token stands apart.
    """
    far, _, _ = distances(plots)
    # In median distances, held against a round cloud, 78 % of clouds three times as long as wide
    # and 41 % of those in two lumps had a token apart; this way 2 % and none, and all still do of
    # which one lies twice as far out as the outermost (`python -m tests.benchmarks.second_ways`).
    reached = REACHED.now()
    ratio = float(far.max()) / max(float(np.quantile(far, reached)), 1e-12)
    thin = thinness(last_context(plots)[0])
    return ratio / widest(len(far), thin, CHANCE_LEVEL.now(), reached) - 1


def thinness(points: Floats) -> float:
    """Return how wide a cloud (n, 2) is for its length: 1 round, .05 at least.

    By the directions from its median alone, so that no outlier counts for more than a token: the
    eigenvalues of their covariance are to one another as the axes of an ellipse (sign covariance,
    Visuri, Koivunen, Oja 2000).
    """
    away = points - middle_of(points)
    length = np.linalg.norm(away, axis=1)
    directions = away[length > 0] / length[length > 0, None]
    if not len(directions):
        return 1.0
    least, most = np.linalg.eigvalsh(directions.T @ directions)
    return float(max(least / most, 0.05))


@lru_cache(maxsize=1024)
def widest(
    count: int, thin: float, chance: float = CHANCE_LEVEL.value, reached: float = REACHED.value
) -> float:
    """Return the largest ratio by chance of `count` points of a normal cloud: of the outermost's
    distance to the one that a share of `reached` do not pass.

    The outermost lies farther with a probability of `chance` at most (Bonferroni).
    """
    # Chance that a point lies farther out than so many lengths, by the direction it lies in.
    narrow = np.cos(_TURNS) ** 2 + (np.sin(_TURNS) / thin) ** 2
    beyond = (np.exp(-(_FAR[:, None] ** 2) * narrow / 2) / narrow).mean(1) / thin
    depth = -np.log(np.maximum(beyond, 1e-300))
    both = np.interp(-np.log([chance / max(count, 2), 1 - reached]), depth, _FAR)
    return float(both[0] / both[1])
