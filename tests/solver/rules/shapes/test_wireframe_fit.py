"""Fitting line drawings to the bright points of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import differential_evolution
from skimage.draw import circle_perimeter

from solver.rules.registry import Verdict
from solver.rules.shapes.pose_scores import (
    GRID,
    Drawing,
    Marks,
    cells_of,
    scores,
)
from solver.rules.shapes.pose_search import Stage
from solver.rules.shapes.search_starts import begun_at, noted
from solver.rules.shapes.solid_wireframes import DRAWINGS
from solver.rules.shapes.wireframe_fit import (
    AGREED,
    FRAME,
    PLAIN,
    fit,
    note_on_searches,
    stroke_marks,
    strongest_if_clear,
)
from solver.rules.thresholds import reads, varied
from tests.solver.rules.made_maps import smooth_noise
from tests.solver.rules.shapes.simulated_solids import simulated_marks

FRAME_CELLS = int(FRAME.value) * GRID // 128


def ring(row: int, column: int, radius: int, width: int = 2) -> np.ndarray:
    """A circle drawn on a dark map (128, 128)."""
    values = np.zeros((128, 128))
    for grow in range(width):
        rows, columns = circle_perimeter(row, column, radius + grow, shape=values.shape)
        values[rows, columns] = 1
    return values


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), share=st.floats(0.02, 0.3), scale=st.floats(1e-9, 1e9))
def test_the_brightest_share_is_marked_whatever_the_scale(
    seed: int, share: float, scale: float
) -> None:
    values = smooth_noise(seed)
    marks = stroke_marks(values, share)
    inner = (GRID - 2 * FRAME_CELLS) ** 2
    assert marks.shape == (GRID, GRID)
    assert marks.sum() / inner == pytest.approx(share, abs=0.002)
    assert (stroke_marks(values * scale, share) ^ marks).sum() <= 2
    assert np.array_equal(stroke_marks(values[:, ::-1], share), marks[:, ::-1])
    assert np.array_equal(stroke_marks(values.T, share), stroke_marks(values, share).T)


def test_each_threshold_moves_the_marks() -> None:
    values = smooth_noise(1)
    as_is = stroke_marks(values)
    with reads() as names:
        stroke_marks(values)
    assert {"wireframe.marked_share", "wireframe.frame"} < names
    for name in names:
        with varied({name: 0.75}):
            assert not np.array_equal(stroke_marks(values), as_is)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_an_even_map_has_no_marks(level: float) -> None:
    assert not stroke_marks(np.full((128, 128), level)).any()


def test_a_glowing_frame_is_not_marked() -> None:
    values = 0.01 * smooth_noise(0)
    values[[0, 1, -1, -2]] = 1
    values[:, [0, 1, -1, -2]] = 1
    marks = stroke_marks(values)
    assert marks.any()
    assert not marks[:FRAME_CELLS].any()
    assert not marks[:, -FRAME_CELLS:].any()


def test_a_slope_that_ends_at_the_border_is_no_stroke() -> None:
    """The map brightens towards its upper edge, as SmoothGrad maps do; only the ring is a line."""
    slope = np.exp(-np.arange(128)[:, None] / 20)
    marks = stroke_marks(slope + ring(80, 64, 20) * slope, 0.04)
    assert marks.any()
    assert not marks[: FRAME_CELLS + 3].any()


def test_a_faint_stroke_counts_beside_a_bright_one() -> None:
    bright, faint = ring(64, 40, 25), ring(64, 100, 20)
    values = bright + 0.15 * faint + 0.01
    there = faint[::2, ::2] > 0
    assert stroke_marks(values)[there].mean() > 0.8


@settings(max_examples=5, deadline=None, derandomize=True)
@given(row=st.integers(45, 80), column=st.integers(45, 80), radius=st.integers(18, 36))
def test_a_drawn_circle_is_found_where_it_is(row: int, column: int, radius: int) -> None:
    values = ring(row, column, radius)
    found = fit(DRAWINGS["ball"], stroke_marks(values, min(0.1, float(values.mean() * 2.5))))
    assert found.score > 0.85
    x, y, size = found.parameters * 128
    assert abs(x - column) < 3
    assert abs(y - row) < 3
    assert abs(size - radius) < 4
    assert found.score == pytest.approx(
        2 * found.on_marks * found.marks_on_lines / (found.on_marks + found.marks_on_lines)
    )
    assert found.above_chance <= found.score


def test_the_same_seed_finds_the_same_and_nothing_fits_nothing() -> None:
    marks = stroke_marks(smooth_noise(3))
    ball = DRAWINGS["ball"]
    first = fit(ball, marks, seed=5)
    assert fit(ball, marks.copy(), seed=5) is first  # not looked for twice
    with begun_at({"ball": first.parameters[:, None]}):
        again = fit(ball, marks, seed=5)
    assert first.score <= again.score < first.score + 0.01
    assert again.spread == 0
    assert fit(ball, np.zeros((GRID, GRID), bool)).score == 0


@pytest.mark.parametrize("solid", ["ball", "tetrahedron"])
def test_other_seeds_find_the_same_value(solid: str) -> None:
    """On the lines of a solid with gaps and specks."""
    marks = simulated_marks(DRAWINGS[solid], 1, np.random.default_rng(4))[0]
    found = [fit(DRAWINGS[solid], marks, seed=seed) for seed in range(2)]
    assert abs(found[0].above_chance - found[1].above_chance) < AGREED
    assert max(one.spread for one in found) < AGREED


def test_a_repeat_begins_where_the_first_decision_ended() -> None:
    """On half of the marks it finds what a search from everywhere finds, and looks at less."""
    solid = DRAWINGS["tetrahedron"]
    marks = simulated_marks(solid, 1, np.random.default_rng(4))[0]
    with noted() as places:
        fit(solid, marks)
    fewer = marks & (np.random.default_rng(0).random(marks.shape) < 0.8)
    with begun_at(places):
        again = fit(solid, fewer)
    assert places["tetrahedron"].shape[0] == len(solid.bounds)
    assert again.above_chance > fit(solid, fewer).above_chance - 0.03


def plain_scores(points: np.ndarray, weights: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The two shares and their harmonic mean, of one drawing, cell by cell."""
    near = {(r + i, c + j) for r, c in np.argwhere(marks) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    cells = [(int(y * GRID), int(x * GRID)) for x, y in points]
    on_marks = sum(w for cell, w in zip(cells, weights, strict=True) if cell in near)
    drawn = {cell for cell, w in zip(cells, weights, strict=True) if w > 0}
    lined = {(r + i, c + j) for r, c in drawn for i in (-1, 0, 1) for j in (-1, 0, 1)}
    on_marks /= weights.sum()
    covered = np.mean([(r, c) in lined for r, c in np.argwhere(marks)])
    return np.array([2 * on_marks * covered / max(on_marks + covered, 1e-9), on_marks, covered])


@pytest.mark.parametrize("solid", ["cube", "cylinder", "tetrahedron"])
def test_scores_are_the_shares_they_are_said_to_be(solid: str) -> None:
    generator = np.random.default_rng(1)
    low, high = np.array(DRAWINGS[solid].bounds, np.float32).T
    poses = (low + (high - low) * generator.random((20, len(low)), np.float32)).T
    poses[2] = 0.15  # no line leaves the map
    marks = stroke_marks(smooth_noise(2))
    x, y, weights = DRAWINGS[solid].wires(poses)  # (points, lines, S)
    each = np.broadcast_to(weights, x.shape)
    plain = [
        plain_scores(
            np.stack([x[..., at].ravel(), y[..., at].ravel()], -1), each[..., at].ravel(), marks
        )
        for at in range(poses.shape[1])
    ]
    assert np.allclose(np.stack(scores(DRAWINGS[solid], poses, Marks(marks)), 1), plain, atol=1e-5)


def scipys(drawing: Drawing, marks: np.ndarray, seed: int) -> float:
    """The slow way: the best of six searches by SciPy's differential evolution."""
    held = Marks(marks)
    return max(
        -differential_evolution(
            lambda poses: -scores(drawing, poses, held)[0],
            drawing.bounds,
            rng=np.random.default_rng([seed, again]),
            maxiter=100,
            popsize=14,
            recombination=0.9,
            tol=1e-4,
            polish=False,
            vectorized=True,
            updating="deferred",
        ).fun
        for again in range(6)
    )


@pytest.mark.slow
@pytest.mark.parametrize("solid", ["cube", "pyramid"])
def test_the_quick_search_finds_what_a_slow_one_finds(solid: str) -> None:
    """On noise, where there are many poor places to end in, and on the lines of a cube."""
    pose = np.array([0.5, 0.5, 0.25, 1, 1.2, 0.6, 0.9, 0.3], np.float32)
    x, y = DRAWINGS["cube"].points(pose).T.astype(np.float32)
    cube = np.zeros((GRID, GRID), bool)
    cube.ravel()[cells_of(x, y)] = True
    cases = [cube, *(stroke_marks(smooth_noise(seed)) for seed in range(2))]
    lost = [
        scipys(DRAWINGS[solid], marks, seed) - fit(DRAWINGS[solid], marks).score
        for seed, marks in enumerate(cases)
    ]
    assert np.mean(lost) < 0.01
    assert max(lost) < 0.06  # either search may miss once; the slow one by 0.23


def test_a_repeat_of_several_families_begins_where_one_of_them_was_found() -> None:
    """Families that were left behind have no places, and are not looked for again."""
    families = [DRAWINGS["ball"], replace(DRAWINGS["ball"], name="other")]
    marks = stroke_marks(ring(60, 64, 30), 0.05)
    whole = fit(families[0], marks)
    none = whole.parameters[:, None][:, :0]
    with begun_at({"ball": whole.parameters[:, None], "other": none}):
        again = fit(families, marks)
    assert again.family == 0
    assert again.score >= whole.score


NAMES = [("a", "甲"), ("b", "乙"), ("c", "丙")]


def verdicts_of(values: Sequence[float], spreads: Sequence[float]) -> list[Verdict]:
    return strongest_if_clear(
        values,
        NAMES,
        unit="F score above chance",
        what=("fit of {0}", "{0}的吻合度"),
        clearness=max(values),
        least=0.3,
        spreads=spreads,
    )


def test_a_margin_is_less_by_the_larger_spread_of_its_two_values() -> None:
    found = verdicts_of([0.5, 0.4, 0.35], [0.01, 0.02, 0.004])
    assert [one.holds for one in found] == [True, False, False]
    assert [one.margin for one in found] == pytest.approx([0.08, 0.08, 0.14])
    assert [one.spread for one in found] == [0.02, 0.02, 0.01]


@pytest.mark.parametrize(
    ("values", "spreads", "limit"),
    [
        ([0.5, 0.48, 0.3], [0.0, 0.03, 0.0], 0.03),  # the second best may be the best
        ([0.5, 0.48, 0.47], [0.0, 0.0, 0.05], 0.05),  # or the third, whose searches lie far apart
    ],
)
def test_a_lead_within_the_spread_of_the_searches_is_left_open(
    values: list[float], spreads: list[float], limit: float
) -> None:
    found = verdicts_of(values, spreads)
    assert [one.holds for one in found] == [None] * 3
    assert {one.against for one in found} == {"the spread of the searches"}
    lead = 0.5 - values[spreads.index(limit)]
    for one in found:
        assert one.threshold == limit
        assert one.margin == pytest.approx(limit - lead)
        assert f"{lead:.2g}" in one.sentence[0]
        assert f"{lead:.2g}" in one.sentence[1]


def test_noise_is_left_open_for_being_noise() -> None:
    found = verdicts_of([0.2, 0.19, 0.1], [0.05] * 3)
    assert {one.against for one in found} == {"what noise may get"}
    assert found[0].margin == pytest.approx(0.1)


def test_the_note_says_what_did_not_converge() -> None:
    assert note_on_searches(0.00004, ("units", "單位"), []) is None
    noted = note_on_searches(0.021, ("units", "單位"), [NAMES[1]])
    assert noted is not None
    assert "0.021 units" in noted[0] and "did not converge for b" in noted[0]
    assert "margins are less by" in noted[0] and "差距已扣除" in noted[1]
    assert "0.021" in noted[1] and "乙的搜尋尚未收斂" in noted[1]
    agreed = note_on_searches(0.004, ("units", "單位"), [])
    assert agreed is not None
    assert "converge" not in agreed[0]


def test_searches_are_made_until_so_many_agree() -> None:
    """Where they cannot, as many as there may be, and the spread is said."""
    marks = stroke_marks(smooth_noise(3))
    one = replace(PLAIN, stages=(Stage(4, 12, 10, 0.02, 0.1),), most=4)
    hurried = fit(DRAWINGS["cube"], marks, effort=one)
    assert hurried.spread > AGREED
    assert len(hurried.others) < one.most - 1  # what is worse does not count as found
    assert fit(DRAWINGS["cube"], marks, effort=replace(one, alike=2)).spread < hurried.spread


def test_the_spread_is_that_of_the_best_three_above_chance() -> None:
    cube, marks = DRAWINGS["cube"], stroke_marks(smooth_noise(0))
    hurried = replace(PLAIN, stages=(Stage(4, 12, 10, 0.02, 0.1),), most=4, alike=3)
    found = fit(cube, marks, effort=hurried)
    poses = np.stack([pose for _, pose in found.others], 1)
    others = scores(cube, poses, Marks(marks))[0]
    assert len(others) == 2 and found.spread > 0.001
    assert found.spread == pytest.approx((found.score - others.min()) / (1 - cube.chance))
    assert found.above_chance == pytest.approx((found.score - cube.chance) / (1 - cube.chance))
