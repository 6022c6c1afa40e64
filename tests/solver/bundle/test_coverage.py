"""The pixels of polygons and bands: their area is exact, and turning turns them."""

from __future__ import annotations

import numpy as np
import pytest

from solver.bundle.coverage import bands_mask, polygon_shares, polygons_mask

SIDE = 48
SIZE = (SIDE, SIDE)


def random_polygon(seed: int) -> np.ndarray:
    """A polygon of 5 to 14 corners round a point: not always convex, never crossing itself."""
    rng = np.random.default_rng(seed)
    corners = int(rng.integers(5, 15))
    angles = (np.arange(corners) + rng.uniform(0, 0.6, corners)) * 2 * np.pi / corners
    far = rng.uniform(8, 23, corners)
    points = np.column_stack([24 + far * np.cos(angles), 24 + far * np.sin(angles)])
    return points.round(1) if seed % 2 else points.round()


def shoelace(points: np.ndarray) -> float:
    x, y = points.T
    return abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))) / 2


def test_shares_add_up_to_the_area_and_pixels_are_neither_too_many_nor_too_few() -> None:
    too_many = 0.0
    for seed in range(60):
        points = random_polygon(seed)
        shares = polygon_shares(points, SIZE)
        assert shares.sum() == pytest.approx(shoelace(points), abs=1e-6)
        too_many += polygons_mask([points], SIZE).sum() - shoelace(points)
    # Of 700 pixels each, Pillow's polygon drew 13 too many; 1.5 are edges through a pixel's middle.
    assert 0 < too_many < 60 * 2


def test_a_share_is_that_of_many_points_in_its_pixel() -> None:
    from matplotlib.path import Path as Outline

    points = random_polygon(3)
    grid = (np.arange(SIDE * 16) + 0.5) / 16
    places = np.column_stack([axis.ravel() for axis in np.meshgrid(grid, grid)])
    inside = Outline(np.vstack([points, points[:1]])).contains_points(places)
    counted = inside.reshape(SIDE, 16, SIDE, 16).mean(axis=(1, 3))
    assert np.abs(counted - polygon_shares(points, SIZE)).max() < 0.05


@pytest.mark.parametrize("seed", range(20))
def test_turned_and_mirrored_shapes_are_turned_and_mirrored_masks(seed: int) -> None:
    points = random_polygon(seed)
    turned = np.column_stack([SIDE - points[:, 1], points[:, 0]])
    mirrored = np.column_stack([SIDE - points[:, 0], points[:, 1]])
    mask, band = polygons_mask([points], SIZE), bands_mask([points], 3.5, SIZE)
    assert np.array_equal(polygons_mask([turned], SIZE), np.rot90(mask, -1))
    assert np.array_equal(polygons_mask([mirrored], SIZE), mask[:, ::-1])
    assert np.array_equal(polygons_mask([points[::-1]], SIZE), mask)
    assert np.array_equal(bands_mask([turned], 3.5, SIZE), np.rot90(band, -1))
    assert np.array_equal(bands_mask([mirrored], 3.5, SIZE), band[:, ::-1])


def test_half_a_pixel_is_inside_on_both_sides_of_an_edge_and_less_is_not() -> None:
    low = np.array([[0.0, 0.0], [8, 8], [0, 8]])
    high = np.array([[0.0, 0.0], [8, 8], [8, 0]])
    both = polygons_mask([low], (8, 8)) & polygons_mask([high], (8, 8))
    assert np.array_equal(both, np.eye(8, dtype=bool))
    for wide, there in ((2.5, 3), (2.49, 2)):
        strip = np.array([[0, 0], [wide, 0], [wide, 8], [0, 8]])
        assert polygons_mask([strip], (8, 8)).any(axis=0).sum() == there


def test_what_is_gone_round_twice_is_outside_and_polygons_are_joined() -> None:
    ring = np.array(
        [[0, 0], [6, 0], [6, 6], [0, 6], [0, 0], [2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]
    )
    expected = np.ones((6, 6), dtype=bool)
    expected[2:4, 2:4] = False
    assert np.array_equal(polygons_mask([ring], (6, 6)), expected)
    left = np.array([[0, 0], [2.3, 0], [2.3, 6], [0, 6]])
    right = np.array([[2.3, 0], [6, 0], [6, 6], [2.3, 6]])
    assert polygons_mask([left, right], (6, 6)).all()
    assert not polygons_mask([left[:2], []], (6, 6)).any()


def test_what_lies_outside_the_picture_is_cut_away() -> None:
    around = np.array([[-1e4, -1e4], [1e4, -1e4], [1e4, 1e4], [-1e4, 1e4]])
    assert polygons_mask([around], (5, 3)).all()
    wedge = np.array([[-3, 1], [2, 1], [2, 9], [-3, 9]])
    assert np.argwhere(polygons_mask([wedge], (5, 3))).tolist() == [[1, 0], [1, 1], [2, 0], [2, 1]]
    assert not polygons_mask([around + 2e4], (5, 3)).any()


@pytest.mark.parametrize("width", [1, 2.5, 6])
def test_a_band_is_as_wide_as_said_with_straight_ends_and_round_bends(width: float) -> None:
    straight = bands_mask([np.array([[8.0, 20], [40, 20]])], width, SIZE)
    assert straight.sum() == pytest.approx(32 * width, abs=32)
    assert straight.any(axis=0).sum() == 32
    slanted = bands_mask([np.array([[8.0, 8], [40, 33]])], width, SIZE)
    assert slanted.sum() == pytest.approx(np.hypot(32, 25) * width, rel=0.05)
    bent = bands_mask([np.array([[8.0, 40], [24, 24], [40, 40]])], 8, SIZE)
    assert bent[21, 24] and not bent[19, 24]  # a round bend reaches 4 above its point
