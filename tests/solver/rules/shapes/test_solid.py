"""Drawn solids are recognised in several poses: the drawing here is not the rule's own."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from solver.evidence import Evidence, Record
from solver.rules.shapes import solid as module
from solver.rules.shapes.solid import NAMES, fit_solids
from solver.rules.shapes.solid_wireframes import DRAWINGS
from solver.rules.shapes.wireframe_fit import AGREED, CLEAR, Fit, fit, stroke_marks
from tests.solver.rules.made_maps import decide, evidence_of, held
from tests.solver.rules.noise_maps import NOISE

CLAIMS = [{"solid": name} for name in NAMES]


def _turned_body(profile: list[tuple[float, float]], sides: int) -> np.ndarray:
    """Points on circles (height, radius) around the z axis."""
    angles = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    return np.array(
        [(r * np.cos(a), r * np.sin(a), height) for height, r in profile for a in angles]
    )


def _ball() -> np.ndarray:
    tilts = np.linspace(-np.pi / 2, np.pi / 2, 17)
    return _turned_body([(float(np.sin(t)), float(np.cos(t)) + 1e-6) for t in tilts], 32)


SHAPES = {
    "cube": np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float),
    "ball": _ball(),
    "cylinder": _turned_body([(-1.2, 0.8), (1.2, 0.8)], 48),
    "pyramid": np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0), (0, 0, 1.9)])
    - [0, 0, 0.7],
    "tetrahedron": np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)], float),
}
POSES = {
    "cube": [(35, 25, 20)],
    "ball": [(0, 0, 0)],
    "cylinder": [(60, 0, 50)],
    "pyramid": [(-65, 0, 25)],
    "tetrahedron": [(40, -30, 0)],  # seen with a corner in front
}
SIZES = {"cube": 32, "ball": 44, "cylinder": 36, "pyramid": 38, "tetrahedron": 34}


def drawn(solid: str, pose: tuple[float, ...], size: float = 0, centre: int = 64) -> np.ndarray:
    """The solid's visible edges, drawn 3 pixels wide on a dark map (128, 128).

    An edge is drawn where two faces meet at more than 25 degrees and one of them is seen, or where
    a face that is seen meets one that is not.
    """
    size = size or SIZES[solid]
    points = SHAPES[solid] @ Rotation.from_euler("xyz", pose, degrees=True).as_matrix().T
    hull = ConvexHull(points)
    canvas = Image.new("L", (128, 128))
    pen = ImageDraw.Draw(canvas)
    for at, face in enumerate(hull.simplices):
        for side, other in enumerate(hull.neighbors[at]):
            here, there = hull.equations[at][:3], hull.equations[other][:3]
            seen = here[2] > 1e-9
            crease = here @ there < np.cos(np.radians(25))
            if at < other or seen != (there[2] > 1e-9):
                contour = seen and there[2] <= 1e-9
                if contour or (crease and (seen or there[2] > 1e-9)):
                    a, b = (points[corner, :2] * size + centre for corner in np.delete(face, side))
                    pen.line([*a, *b], fill=255, width=3)
    return np.asarray(canvas, float) / 255


def answer(values: np.ndarray, claims: list[dict[str, str]] = CLAIMS) -> list[str]:
    evidence = evidence_of(Record("saliency/0", {"map": values}))
    decision = decide("shapes.solid", evidence, {"source": "saliency", "picture": 0}, claims)
    return [c["solid"] for c, holds in zip(claims, held(decision), strict=True) if holds]


@pytest.mark.parametrize(("solid", "pose"), [(s, pose) for s in POSES for pose in POSES[s]])
def test_a_drawn_solid_is_recognised(solid: str, pose: tuple[float, ...]) -> None:
    generator = np.random.default_rng(sum(map(abs, map(int, pose))))
    values = drawn(solid, pose) * generator.uniform(0.6, 1, (128, 128))
    assert answer(values + 0.1 * generator.random((128, 128))) == [solid]


def test_the_options_named_are_the_rivals() -> None:
    """Without the cube among the options another one is the best of those that are left."""
    values = drawn("cube", POSES["cube"][0])
    assert answer(values) == ["cube"]
    (best,) = answer(values, [claim for claim in CLAIMS if claim["solid"] != "cube"])
    assert best != "cube"


def test_without_marks_nothing_is_recognised() -> None:
    assert answer(np.zeros((128, 128))) == []
    fits = fit_solids(np.full((128, 128), 0.3))
    assert {fit.score for fit in fits.values()} == {0.0}
    assert fits.keys() == DRAWINGS.keys() == NAMES.keys()


@pytest.mark.parametrize(
    "kind", ["smooth", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("white", "pink"))]
)
def test_noise_is_no_solid(kind: str) -> None:
    """Left open, and not because one solid is far above the others."""
    evidence = evidence_of(Record("saliency/0", {"map": NOISE[kind](7)}))
    decision = decide("shapes.solid", evidence, {"source": "saliency", "picture": 0}, CLAIMS)
    assert held(decision) == [None] * 5
    values = [verdict.value for verdict in decision.verdicts]
    assert max(values) < 0.2  # type: ignore[type-var, operator]
    assert all("Not decided" in verdict.sentence[0] for verdict in decision.verdicts)


def test_a_glow_in_the_middle_is_no_solid() -> None:
    """A bump is bright, and every solid can be laid over it; it has no strokes."""
    row, column = np.mgrid[:128, :128] - 64
    glow = np.exp(-(row**2 + column**2) / (2 * 30**2))
    assert answer(glow * np.random.default_rng(0).random((128, 128))) == []


def test_a_map_in_colours_may_be_the_source_and_may_be_turned() -> None:
    grey = np.rot90(drawn("pyramid", POSES["pyramid"][0], centre=60))
    values = np.stack([grey] * 3, -1) * 1e-6
    evidence = Evidence({"smoothgrad/0": Record("smoothgrad/0", {"map": values})})
    decision = decide("shapes.solid", evidence, {"source": "smoothgrad", "picture": 0}, CLAIMS)
    assert held(decision) == [claim["solid"] == "pyramid" for claim in CLAIMS]


@pytest.mark.slow
def test_chance_is_what_noise_gets() -> None:
    """The numbers in the drawings are those of the simulation they are said to come from."""
    shares = (0.075, 0.10, 0.125)
    found = {
        name: [
            fit(drawing, stroke_marks(NOISE[kind](seed), share)).score
            for kind in ("white", "smooth")
            for seed in range(2)
            for share in shares
        ]
        for name, drawing in DRAWINGS.items()
    }
    for name, scores in found.items():
        # Four maps, each off by 0.03: their mean is off by half as much, rarely by as much.
        assert np.mean(scores) == pytest.approx(DRAWINGS[name].chance, abs=0.03)
        above = (max(scores) - DRAWINGS[name].chance) / (1 - DRAWINGS[name].chance)
        assert above < CLEAR.value * 0.75


def test_fits_and_the_spread_of_their_searches_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pyramid leads a cube by .2; searches for it end .05 apart, those for a ball just agree."""
    pose = np.array([0.5, 0.5, 0.2, 1.0, 0.1, 0.2, 0.3], np.float32)
    found = {"cube": (0.6, 0.001), "ball": (0.5, AGREED), "pyramid": (0.8, 0.05)}
    fits = {
        name: Fit(score, score, score, pose, score, spread=spread)
        for name, (score, spread) in found.items()
    }
    monkeypatch.setattr(module, "fit_solids", lambda brightness: fits)
    evidence = evidence_of(Record("saliency/1", {"map": np.zeros((128, 128))}))
    claims = [{"solid": name} for name in found]
    decision = decide("shapes.solid", evidence, {"picture": 1}, claims)
    assert [one.value for one in decision.verdicts] == [0.6, 0.5, 0.8]
    assert [one.margin for one in decision.verdicts] == pytest.approx([0.15, 0.25, 0.15])
    assert held(decision) == [False, False, True]
    assert decision.note is not None
    assert "up to 0.05 F score above chance apart" in decision.note[0]
    assert decision.note[0].endswith("They did not converge for a pyramid.")
    assert decision.note[1].endswith("角錐的搜尋尚未收斂。")
    (figure,) = decision.figures
    assert figure.caption == ("The best fit: a pyramid", "最佳吻合：角錐")
    assert np.allclose(figure.parameters["points"], DRAWINGS["pyramid"].points(pose), atol=1e-4)
