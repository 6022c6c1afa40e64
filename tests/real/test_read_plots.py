"""Reading plots: drawn ones, whose points are known, and the real ones, drawn again."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solver.errors import EvidenceError
from solver.evidence import Evidence
from solver.notebook_evidence.figures.plot_axes import read_axes
from solver.notebook_evidence.figures.scatter_markers import COLOURS, learned_stamps, read_markers
from solver.notebook_evidence.figures.scatter_plots import legend_box, read_plot
from tests.real.read_plots import open_plot, words_of
from tests.solver.notebook_evidence.drawn_figures import STYLES, plot_of

PLOTS = Path(__file__).resolve().parents[3] / "shared" / "real" / "hidden_state_plots"
real_plots = pytest.mark.skipif(
    not PLOTS.is_dir(), reason="the real plots are not beside this checkout"
)


def drawn(points: np.ndarray, roles: np.ndarray, words: bool = True) -> np.ndarray:
    """Pixels of a plot in the course's style."""
    png = plot_of(points, roles, words)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float)


def cloud(seed: int, count: int, size: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    points = random.normal(size=(count, 2)) * size
    roles = np.concatenate([[1, 2, 3], random.choice([1, 2, 2, 2, 3], count - 3)])
    return points, roles


@pytest.mark.parametrize("seed", range(3))
def test_drawn_points_are_read_back_in_their_units(seed: int) -> None:
    points, roles = cloud(seed, 60, [0.8, 3.0, 9.0][seed])
    pixels = drawn(points, roles)
    plot = read_plot(pixels, learned_stamps([pixels]))
    per_unit = np.abs([plot.axes.x.per_unit, plot.axes.y.per_unit])
    for role in STYLES:
        told = plot.points[plot.roles == role]
        true = points[roles == role]
        assert len(told) <= len(true)
        gaps = np.abs(told[:, None] - true[None]) * per_unit  # in pixels
        near = gaps.max(-1).min(1)
        # A place is known to the pixel; few markers are so covered that it is guessed.
        assert np.quantile(near, 0.9) <= 1.1
        assert np.abs(np.median(gaps.max(-1).min(1))) < 0.8
    assert len(plot.points) >= 0.95 * len(points)


@pytest.mark.parametrize(("dpi", "tight"), [(100, True), (200, False)])
def test_plots_at_other_resolutions_are_read_in_their_units(dpi: int, tight: bool) -> None:
    points, roles = cloud(4, 30, 3.0)
    png = plot_of(
        points, roles, words=False, dpi=dpi, tight=tight, size=(6, 5), legend="lower left"
    )
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float)
    plot = read_plot(pixels, learned_stamps([pixels], dpi / 72), dpi / 72)
    per_unit = np.abs([plot.axes.x.per_unit, plot.axes.y.per_unit])
    for role in STYLES:
        gaps = np.abs(plot.points[plot.roles == role][:, None] - points[roles == role]) * per_unit
        assert np.quantile(gaps.max(-1).min(1), 0.9) <= 1.2
    assert len(plot.points) >= 0.9 * len(points)


def test_places_are_not_shifted_to_one_side() -> None:
    points, roles = cloud(7, 80, 3.0)
    pixels = drawn(points, roles, words=False)
    plot = read_plot(pixels, learned_stamps([pixels]))
    per_unit = np.array([plot.axes.x.per_unit, plot.axes.y.per_unit])
    gaps = (plot.points[:, None] - points[None]) * per_unit
    nearest = gaps[np.arange(len(gaps)), np.abs(gaps).max(-1).argmin(1)]
    assert np.abs(nearest.mean(0)).max() < 0.75


def test_markers_over_one_another_are_told_apart() -> None:
    # Two, three and four at distances of 0, 1, 2 and 4 pixels, and some alone.
    stamps = learned_stamps([drawn(*cloud(1, 60, 3.0), words=False)])
    groups = [[(0, 0)], [(0, 0), (0, 4)], [(0, 0), (2, 1)], [(0, 0), (0, 0)]]
    groups += [[(0, 0), (1, 3), (4, 1)], [(0, 0), (3, 3), (3, -3), (6, 0)]]
    for role, colour in COLOURS.items():
        wanted = []
        rgb = np.full((60, 200, 3), 255.0)
        for at, group in enumerate(groups):
            for down, right in group:
                place = (25 + down, 20 + 30 * at + right)
                wanted.append(place)
                stamped(rgb, place, stamps[role], colour)
        assert read_markers(np.round(rgb), stamps)[role] == sorted(wanted)


def stamped(
    rgb: np.ndarray, place: tuple[int, int], stamp: np.ndarray, colour: tuple[int, int, int]
) -> None:
    """Lay a marker over what is there."""
    h, w = stamp.shape
    rows = slice(place[0] - h // 2, place[0] - h // 2 + h)
    columns = slice(place[1] - w // 2, place[1] - w // 2 + w)
    rgb[rows, columns] += stamp[..., None] * (np.array(colour) - rgb[rows, columns])


def test_a_plot_without_numbers_is_refused() -> None:
    pixels = drawn(*cloud(2, 40, 3.0))
    (_, bottom), (left, _) = read_axes(pixels).rows, read_axes(pixels).columns
    pixels[bottom + 5 :] = 255
    pixels[:, : left - 4] = 255
    with pytest.raises(EvidenceError, match="numbers on an axis"):
        read_axes(pixels)
    with pytest.raises(EvidenceError, match="no frame"):
        read_axes(np.full((100, 100, 3), 255.0))


def test_a_plot_without_markers_is_refused() -> None:
    points, roles = cloud(2, 12, 3.0)
    pixels = drawn(points, roles, words=False)
    stamps, axes = learned_stamps([pixels]), read_axes(pixels)
    place = legend_box(pixels, axes)
    legend = pixels[place].copy()
    (top, bottom), (left, right) = axes.rows, axes.columns
    pixels[top + 1 : bottom, left + 1 : right] = 255
    pixels[place] = legend
    with pytest.raises(EvidenceError, match="holds no markers"):
        read_plot(pixels, stamps)


@real_plots
@pytest.mark.parametrize("name", ["model1_q2_layer12", "model2_q2_layer06", "model3_q1_layer09"])
def test_the_real_points_drawn_again_give_the_picture(name: str) -> None:
    pixels = open_plot(PLOTS / f"{name}.png")
    others = sorted(PLOTS.glob("model*_layer06.png"))
    stamps = learned_stamps(map(open_plot, [*others, PLOTS / f"{name}.png"]))
    plot = read_plot(pixels, stamps)
    assert (read_plot(pixels, stamps).points == plot.points).all()
    again = np.full_like(pixels, 255)
    for role in (1, 2, 3):
        for place in plot.markers[role]:
            stamped(again, place, stamps[role], COLOURS[role])
    box = legend_box(pixels, plot.axes)
    inner = np.zeros(pixels.shape[:2], bool)
    (top, bottom), (left, right) = plot.axes.rows, plot.axes.columns
    inner[top + 1 : bottom, left + 1 : right] = True
    inner[box] = False
    # Coloured on the one, coloured on the other; text may cover, but adds no colour.
    colourful, told = (np.ptp(image, axis=-1) > 60 for image in (pixels, again))
    assert not (colourful & ~told & inner).any()
    covered = told & ~colourful & inner
    black = pixels.max(-1) < 130
    assert (covered & ~black).sum() <= 0.01 * told.sum()


def test_tokens_that_can_be_seen_agree_with_the_items(real_evidence: Evidence) -> None:
    for record in real_evidence:
        if record.kind != "hidden_states":
            continue
        roles = record.array("roles")
        counts = {role: (roles == role).sum(1) for role in (1, 2, 3)}
        words = record.value("words_at_least")
        # A word is one token or more, and what one layer shows another shows too.
        most = {role: int(count.max()) for role, count in counts.items()}
        assert most[1] >= words["question"]
        assert most[2] + most[3] >= words["context"]
        assert most[1] + most[2] + most[3] <= 1.3 * sum(words.values())
        assert (counts[3] == most[3]).all()
        seen = sum(counts.values())
        assert seen.min() >= 0.96 * seen.max() and (seen == seen.max()).mean() >= 0.6
        assert record.value("lost") == list(seen.max() - seen)


def test_points_of_the_real_plots_are_in_the_units_of_components(real_evidence: Evidence) -> None:
    for record in real_evidence:
        if record.kind != "hidden_states":
            continue
        for points, roles in zip(record.array("points"), record.array("roles"), strict=True):
            some = points[roles > 0]
            # Scores of components lie about 0, and the first spreads no less than the second; two
            # tokens of the fit, [CLS] and [SEP], are not drawn.
            assert np.abs(some.mean(0)).max() < 1.2
            assert some[:, 0].var() > 0.5 * some[:, 1].var()
            assert 1 < np.abs(some).max() < 40


def test_words_and_marks_are_counted() -> None:
    asked = {"question": "Who, and why?", "context": "It's 10 July."}
    assert words_of(asked) == {"question": 5, "context": 6}
