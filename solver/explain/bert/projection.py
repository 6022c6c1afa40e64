"""The two principal components in which the course draws a layer's tokens.

Of states wider than 500 numbers scikit-learn takes a randomized solver for two
components (Halko et al. 2011, doi:10.1137/090771806). Where the second component leads by little
its points are up to a third of the plot off the exact ones, and another seed moves them as far.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

COURSE_SEED = 0


def principal_points(states: npt.NDArray[np.floating], seed: int | None) -> npt.NDArray[np.float64]:
    """Return the first two principal components of a layer's tokens, (T, width): (T, 2).

    Args:
        states: of all tokens, special ones too: the course fits all and draws those of the text.
        seed: of the randomized solver, which scikit-learn takes where it is faster; None: exact.

    Example:
        >>> tokens = np.random.default_rng(0).normal(size=(40, 72))
        >>> bool(np.allclose(principal_points(tokens, 0), principal_points(tokens, None)))
        True
    """
    from sklearn.decomposition import PCA

    solver = "full" if seed is None else "auto"
    points: npt.NDArray[np.float64] = PCA(
        n_components=2, svd_solver=solver, random_state=seed
    ).fit_transform(states.astype(np.float64))
    return points
