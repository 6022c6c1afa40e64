"""Compiled loops give the bits that NumPy's whole arrays give."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.rules.shapes import handle, solid_wireframes
from solver.rules.shapes.pose_kernels import arcs, edges, jug_lines, score, trials, turned
from solver.rules.shapes.pose_scores import GRID, Drawing, Marks, scores
from solver.rules.shapes.wireframe_fit import stroke_marks
from tests.solver.rules.made_maps import smooth_noise

DRAWINGS = {**solid_wireframes.DRAWINGS, **handle.DRAWINGS}
MARKS = stroke_marks(smooth_noise(2))


def widened(cells: np.ndarray) -> np.ndarray:
    """Cells (..., 64, 64) and the eight around each."""
    around = np.pad(cells, [(0, 0)] * (cells.ndim - 2) + [(1, 1)] * 2)
    parts = [around[..., i : i + GRID, j : j + GRID] for i in range(3) for j in range(3)]
    return np.any(parts, axis=0)


def by_whole_arrays(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray, marks: np.ndarray
) -> np.ndarray:
    """F score, share of lines on marks, share of marks on lines (3, S)."""
    row, column = (np.clip(each * np.float32(GRID), 0, GRID - 1).astype(int) for each in (y, x))
    hits = widened(marks)[row, column].astype(np.float32).sum(0)
    on_marks = (weights * hits).sum(0, dtype=np.float64)
    on_marks /= np.maximum(weights.sum(0, dtype=np.float64) * len(x), 1e-9)
    drawn = np.zeros((x.shape[-1], GRID, GRID), bool)
    seen = np.broadcast_to(weights > 0, x.shape)
    candidate = np.broadcast_to(np.arange(x.shape[-1]), x.shape)
    drawn[candidate[seen], row[seen], column[seen]] = True
    covered = (widened(drawn) & marks).sum((1, 2)) / max(marks.sum(), 1)
    total = on_marks + covered
    return np.stack(
        [
            np.where(total > 0, 2 * on_marks * covered / np.where(total > 0, total, 1), 0.0),
            on_marks,
            covered,
        ]
    )


def poses_of(drawing: Drawing, count: int, seed: int) -> np.ndarray:
    """Poses anywhere within the bounds, and a quarter of them moved half out of the map."""
    low, high = np.array(drawing.bounds, np.float32).T[..., None]
    generator = np.random.default_rng(seed)
    poses = low + (high - low) * generator.random((len(low), count), np.float32)
    poses[:2, ::4] += generator.uniform(-0.6, 0.6, poses[:2, ::4].shape).astype(np.float32)
    return poses


@pytest.mark.parametrize("name", DRAWINGS)
def test_scores_are_those_of_whole_arrays(name: str) -> None:
    """Lines that leave the map, lines not seen, and a last few that fill no block of poses."""
    poses = poses_of(DRAWINGS[name], 300, 3)
    x, y, weights = DRAWINGS[name].wires(poses)
    assert min(x.min(), y.min()) < 0 and max(x.max(), y.max()) > 1
    plain = by_whole_arrays(x, y, weights, MARKS)
    assert np.array_equal(scores(DRAWINGS[name], poses, Marks(MARKS)), plain)
    assert len(np.unique(plain[0])) > 100


def scored(x: np.ndarray, y: np.ndarray, weights: np.ndarray, marks: np.ndarray) -> np.ndarray:
    held, found = Marks(marks), np.empty((3, x.shape[-1]))
    score(x, y, weights, held.rows, held.near, max(held.count, 1), found)
    return found


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    points=st.integers(1, 20),
    lines=st.integers(1, 9),
    count=st.integers(1, 40),
    share=st.sampled_from([0.0, 0.02, 0.3]),
)
def test_scores_of_any_lines_on_any_marks(
    seed: int, points: int, lines: int, count: int, share: float
) -> None:
    generator = np.random.default_rng(seed)
    x, y = generator.uniform(-0.3, 1.3, (2, points, lines, count)).astype(np.float32)
    weights = generator.random((lines, count), np.float32)
    weights[generator.random(weights.shape) < 0.4] = 0
    marks = generator.random((GRID, GRID)) < share
    found = scored(x, y, weights, marks)
    assert np.array_equal(found, by_whole_arrays(x, y, weights, marks))
    # Rows and columns exchanged, in the lines and in the marks.
    assert np.array_equal(scored(y, x, weights, marks.T.copy()), found)
    # A candidate's score does not depend on its company.
    alone = [np.ascontiguousarray(each[..., -1:]) for each in (x, y, weights)]
    assert np.array_equal(scored(*alone, marks)[:, 0], found[:, -1])


@pytest.mark.parametrize("name", ["cube", "ball", "right"])
def test_trials_are_those_of_whole_arrays(name: str) -> None:
    drawing, generator = DRAWINGS[name], np.random.default_rng(4)
    bounds = np.array(drawing.bounds, np.float32)
    low, high = bounds.T[..., None, None]
    turns = np.isin(np.arange(len(bounds)), drawing.turns)
    width = np.where(turns[:, None, None], high - low, np.float32(np.inf))
    poses = low + (high - low) * generator.random((len(bounds), 5, 30), np.float32)
    leaders, ones, others = generator.integers(0, 30, (3, 5, 30))
    scales, chances = generator.random((5, 30)), generator.random(poses.shape, np.float32)
    tried = np.empty_like(poses)
    trials(poses, leaders, ones, others, scales, chances, np.float32(0.9), bounds, turns, tried)

    def wrapped(values: np.ndarray, into: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.where(turns[:, None, None], values % width + into, values + into)

    def step(values: np.ndarray) -> np.ndarray:
        half = np.where(turns[:, None, None], width / 2, np.float32(0))
        return wrapped(values + half, -half)

    led, one, other = (np.take_along_axis(poses, at[None], 2) for at in (leaders, ones, others))
    moved = (step(led - poses) + step(one - other)) * scales.astype(np.float32) + poses
    moved = np.where(chances < np.float32(0.9), moved, poses)
    kept = np.clip(high - np.abs(high - (np.abs(moved - low) + low)), low, high)
    kept = np.where(turns[:, None, None], wrapped(moved - low, low), kept)
    assert np.array_equal(tried, kept)
    assert (tried >= low).all() and (tried <= high).all()
    assert 0.05 < (tried == poses).mean() < 0.2


def test_a_wall_of_arcs_is_that_of_whole_arrays() -> None:
    generator = np.random.default_rng(5)
    ends = np.sort(generator.uniform(-1, 1, (4, 50)).astype(np.float32), axis=0)
    wide = generator.random((4, 50), np.float32)
    heights = np.linspace(-1, 1, 40, dtype=np.float32)[:, None] * np.ones((1, 50), np.float32)
    angle, middle, half = heights.copy(), *np.empty((2, 40, 50), np.float32)
    arcs(ends, wide, angle, middle, half)
    arc = (heights >= ends[1]).astype(int) + (heights >= ends[2])
    turn = np.float32(np.pi) / np.diff(ends, axis=0)
    low, high = np.take_along_axis(wide, arc, 0), np.take_along_axis(wide, arc + 1, 0)
    turned, begun = (np.take_along_axis(each, arc, 0) for each in (turn, turn * ends[:-1]))
    assert np.array_equal(angle, turned * heights - begun)
    assert np.array_equal(middle, (high + low) / 2)
    assert np.array_equal(half, (high - low) / 2)


@pytest.mark.parametrize("solid", ["CUBE", "PYRAMID", "TETRAHEDRON"])
def test_edges_are_those_of_whole_arrays(solid: str) -> None:
    body = getattr(solid_wireframes, f"_{solid}")
    flat = np.random.default_rng(6).random((2, len(body.vertices), 50), np.float32)
    along = np.linspace(0, 1, 16, dtype=np.float32)
    shape = (len(body.ends), 50)
    x, y = np.empty((2, 16, *shape), np.float32)
    steps, seen = np.empty((2, *shape), np.float32), np.empty(shape, np.float32)
    edges(flat, body.ends, body.corners, body.beside, along, x, y, steps, seen)
    first, last = (flat[:, body.ends[:, at]] for at in range(2))
    assert np.array_equal(steps, last - first)
    points = first[:, None] + (last - first)[:, None] * along[:, None, None]
    assert np.array_equal([x, y], points)
    a, b, c = (flat[:, body.corners[:, at]] for at in range(3))
    (ux, uy), (vx, vy) = b - a, c - a
    looks = ux * vy - uy * vx > 0
    assert np.array_equal(seen, looks[body.beside].any(1))
    assert 0.2 < seen.mean() < 0.98


def test_a_turned_template_is_that_of_whole_arrays() -> None:
    generator = np.random.default_rng(7)
    template, sizes, place, (cos, sin) = (
        generator.normal(size=shape).astype(np.float32)
        for shape in ((3, 20), (3, 9), (2, 9), (2, 9))
    )
    x, y = np.empty((2, 1, 20, 9), np.float32)
    turned(template, sizes, place, cos, sin, x, y)
    across, around, axial = template[..., None] * sizes[:, None]
    down = around + axial
    assert np.array_equal(x[0], across * cos - down * sin + place[0])
    assert np.array_equal(y[0], across * sin + down * cos + place[1])


def lengths(across: np.ndarray, along: np.ndarray) -> np.ndarray:
    """The length that each point of a line stands for: the first as the second."""
    squares = np.square(np.diff(across, axis=0)) + np.square(np.diff(along, axis=0))
    steps = np.sqrt(squares)
    return np.concatenate([steps[:1], steps])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_jugs_lines_are_those_of_whole_arrays(sign: int) -> None:
    generator = np.random.default_rng(8)
    radius, arch, drop = generator.random((3, 40, 9), np.float32)
    height, middle, centre = generator.random((3, 9), np.float32)
    wall, level = (np.linspace(-1, 1, count, dtype=np.float32) for count in (40, 24))
    across, along, weights = np.empty((3, 168, 9), np.float32)
    jug_lines(radius, arch, drop, height, wall, level, sign, middle, centre, across, along, weights)
    down, flat = height * wall[:, None], height * np.ones((24, 1), np.float32)
    rim, foot = (radius[at] * level[:, None] for at in (0, -1))
    lines = [(radius, down), (-radius, down), (rim, -flat), (foot, flat), (arch, drop)]
    x, y = (np.concatenate(each) for each in zip(*lines, strict=True))
    assert np.array_equal(across, (-x if sign < 0 else x) + middle)
    assert np.array_equal(along, y + centre)
    space = np.ones((24, 1), np.float32) / 23
    ends = [2 * np.abs(end[0]) * space for end in (rim, foot)]
    wide = lengths(radius, down)
    assert np.array_equal(weights, np.concatenate([wide, wide, *ends, lengths(arch, drop)]))


LOOP = """
from solver.rules.shapes.pose_kernels import compiled

@compiled("void(f8[::1])")
def doubled(values):
    for at in range(len(values)):
        values[at] *= 2
"""


@pytest.mark.parametrize("writable", ["beside", "cache", "nothing"])
def test_what_is_compiled_is_kept_where_it_can_be(
    writable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file where a folder should be, since to root no folder is read-only."""
    module, home = tmp_path / "module", tmp_path / "home"
    module.mkdir()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr("numba.core.config.CACHE_DIR", "")
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(home))
    if writable != "beside":
        (module / "__pycache__").write_text("")
    if writable == "nothing":
        home.write_text("")
    (module / "trial.py").write_text(LOOP)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = spec_from_file_location("trial", module / "trial.py")
    assert spec is not None and spec.loader is not None
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    values = np.arange(3.0)
    loaded.doubled(values)
    assert values.tolist() == [0, 2, 4]
    kept = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.nb[ci]")}
    assert kept == {"beside": {"module"}, "cache": {"home"}, "nothing": set()}[writable]
