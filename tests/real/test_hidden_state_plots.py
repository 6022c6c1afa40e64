"""The rules on hidden states, held against plots of the course's own models, read off by colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from solver.evidence import Evidence, Record
from solver.rules.hidden_states import (
    ItemsClaim,
    LayersClaim,
    ModelsClaim,
    ModelSettings,
    ModelsSettings,
    checked,
    fine_tuned,
    lead_of_answer,
    matching_layers,
    wrong_items,
)

PLOTS = Path(__file__).resolve().parents[3] / "shared" / "real" / "hidden_state_plots"
COLOURS = {1: (255, 0, 0), 2: (0, 128, 0), 3: (0, 0, 255)}
LEGEND_ROWS = {3: 36, 1: 51, 2: 66}
"""Where the markers of the legend stand, under one another."""
LEAST_PIXELS = 3

pytestmark = pytest.mark.skipif(
    not PLOTS.is_dir(), reason="the real plots are not beside this checkout"
)


def read_plot(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) in pixels and roles (n,) of a scatter plot; covered points are lost."""
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(np.int16)
    found: list[tuple[int, float, float]] = []
    for role, colour in COLOURS.items():
        near = np.abs(pixels - np.int16(colour)).sum(-1) < 60
        labels, _ = ndimage.label(near)
        rows, columns = np.nonzero(near)
        which = labels[rows, columns]
        areas = np.bincount(which)
        xs, ys = (np.bincount(which, some) / np.maximum(areas, 1) for some in (columns, rows))
        kept_areas = np.flatnonzero(areas >= LEAST_PIXELS)
        found += [(role, float(xs[at]), float(ys[at])) for at in kept_areas]
    blue = [x for role, x, y in found if role == 3 and abs(y - LEGEND_ROWS[3]) < 1]
    in_legend = [
        any(abs(x - at) < 2 for at in blue) and abs(y - LEGEND_ROWS[role]) < 2
        for role, x, y in found
    ]
    kept = [one for one, legend in zip(found, in_legend, strict=True) if not legend]
    assert len(found) - len(kept) == 3, path.name
    return np.array([(x, -y) for _, x, y in kept]), np.array([role for role, _, _ in kept])


def record_of(model: int, item: int) -> Record:
    """Twelve layers of points; where tokens are lost in a layer, points without a role fill up."""
    plots = [read_plot(PLOTS / f"model{model}_q{item}_layer{n:02d}.png") for n in range(1, 13)]
    most = max(len(points) for points, _ in plots)
    points = np.zeros((12, most, 2))
    roles = np.zeros((12, most), int)
    for layer, (some, kinds) in enumerate(plots):
        points[layer, : len(some)] = some
        roles[layer, : len(some)] = kinds
    return Record(f"hidden_states/{model}/{item}", {"points": points, "roles": roles})


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """All five sets of plots."""
    pairs = ((1, 1), (1, 2), (1, 3), (2, 2), (3, 1))
    records = [record_of(model, item) for model, item in pairs]
    return Evidence({record.id: record for record in records})


def test_matching_happens_in_one_stretch_of_layers(evidence: Evidence) -> None:
    claims = [LayersClaim(first=first, last=first + 2) for first in (1, 4, 7, 10)]
    settings = ModelSettings(model=1, items=[1, 2, 3])
    verdicts = matching_layers(evidence, settings, claims).verdicts
    best = next(at for at, verdict in enumerate(verdicts) if verdict.holds)
    values = [float(verdict.value or 0) for verdict in verdicts]
    # Before it the values rise, after it they fall: matching comes, and then extraction.
    assert values[: best + 1] == sorted(values[: best + 1])
    assert values[best:] == sorted(values[best:], reverse=True)


def test_where_the_model_is_right_the_answer_is_outermost(evidence: Evidence) -> None:
    # The plots of items 1 and 3 name their outermost token: detention, 1856; of item 2, wolf.
    leads = {q: lead_of_answer(checked(evidence.get("hidden_states", 1, q)))[0] for q in (1, 2, 3)}
    assert leads[1] > 0.05
    assert leads[2] < -0.05
    assert leads[3] > 0.05
    claims = [ItemsClaim(items=items) for items in ([1], [2], [3], [1, 2], [1, 3], [2, 3])]
    verdicts = wrong_items(evidence, ModelSettings(model=1, items=[1, 2, 3]), claims).verdicts
    assert sum(bool(verdict.holds) for verdict in verdicts) == 1


@pytest.mark.parametrize(("model", "item"), [(1, 1), (1, 2), (1, 3), (3, 1)])
def test_a_model_that_extracts_is_told_from_one_that_groups_words(
    evidence: Evidence, model: int, item: int
) -> None:
    # Model 2's last plot of item 2 is clusters of equal words; the others have one token far out.
    for one, truth in (((model, item), True), ((2, 2), False)):
        decision = fine_tuned(
            evidence,
            ModelsSettings(models=[one[0]], items=[one[1]]),
            [ModelsClaim(models=[one[0]]), ModelsClaim(models=[])],
        )
        assert [verdict.holds for verdict in decision.verdicts] == [truth, not truth]
        assert (decision.verdicts[0].margin or 0) > 0.2
