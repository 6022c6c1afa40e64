"""What a person sees beside a verdict: a shape traced, a halo, a diffuse map."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from solver.evidence import Record
from solver.rules.maps.seen import BY_HALO, DIFFUSE, half_mass, leads_by_border, points_at, traced
from tests.benchmarks.simulated import seen as simulated
from tests.solver.rules.made_maps import box, decide, evidence_of, held, regions

EVERYWHERE = np.ones((128, 128), bool)
THING = box(30, 40, 50, 40)


@pytest.mark.parametrize("family", simulated.TRACING)
def test_the_map_that_traces_a_thing_better_has_more_of_it(family: simulated.Family) -> None:
    right = []
    for seed in range(8):
        better, worse, thing = family(np.random.default_rng(seed))
        right.append(traced(better, thing, EVERYWHERE) > traced(worse, thing, EVERYWHERE))
    assert np.mean(right) >= 7 / 8


def test_an_even_map_traces_nothing_and_a_reversed_one_less() -> None:
    assert traced(np.ones((128, 128)), THING, EVERYWHERE) == pytest.approx(0.5)
    assert traced(np.ones((128, 128)), EVERYWHERE, EVERYWHERE) == 0.5
    bright = THING + 0.0
    found = traced(bright, THING, EVERYWHERE)
    assert found > 0.98 and traced(1 - bright, THING, EVERYWHERE) == pytest.approx(1 - found)


def test_what_cannot_be_read_is_no_place() -> None:
    hidden = EVERYWHERE.copy()
    hidden[:, 60:] = False
    bright = np.where(hidden, THING + 0.0, 9.0)
    assert traced(bright, THING, hidden) > 0.98
    spoilt = np.where(hidden, np.random.default_rng(0).random((128, 128)), 9.0)
    assert half_mass(spoilt, hidden) > 0.45
    assert points_at(bright, THING, hidden) and not points_at(bright, ~THING, hidden)


@pytest.mark.parametrize("kind", ["halo", "itself", "both"])
def test_a_halo_is_left_behind_at_the_border_and_brightness_is_not(kind: str) -> None:
    told = []
    for seed in range(12):
        values, leads, trails, by_halo = simulated.halo(kind, np.random.default_rng(seed))
        found = leads_by_border(values, EVERYWHERE, [leads], [trails])
        assert found is not None
        told.append((found[1] < BY_HALO * found[0]) == by_halo)
    assert np.mean(told) > 0.8


def test_a_region_that_is_all_border_has_nothing_left() -> None:
    line = ndimage.binary_dilation(box(20, 64, 80, 1), iterations=3)
    assert leads_by_border(np.ones((128, 128)), EVERYWHERE, [line], [~line]) is None
    whole = leads_by_border(THING + 1.0, EVERYWHERE, [THING], [~THING])
    assert whole is not None and whole[0] == pytest.approx(whole[1])


@pytest.mark.parametrize("noise", ["speckle", "clumps"])
@pytest.mark.parametrize("places", ["", ", glow", ", places"])
def test_a_diffuse_map_is_told_from_one_with_places(noise: str, places: str) -> None:
    for seed in range(4):
        bright, is_diffuse = simulated.diffuse(noise + places, np.random.default_rng(seed))
        assert (half_mass(bright, EVERYWHERE) >= DIFFUSE) == is_diffuse
        assert half_mass(bright * 1e-6, EVERYWHERE) == pytest.approx(half_mass(bright, EVERYWHERE))
    assert half_mass(np.zeros((128, 128)), EVERYWHERE) == 0.5


def test_the_note_says_which_map_traces_the_thing_and_the_verdict_is_the_marked_share() -> None:
    """SmoothGrad's all of the food is lit; saliency has a few bright spots, all on the food."""
    food, spots = box(30, 30, 60, 60), np.zeros((128, 128))
    spots[34:60, 34:64] = 1.0
    spots[100:, 100:] = 0.2
    smooth = np.stack([food + 0.01 * np.arange(128)] * 3, -1)
    evidence = evidence_of(
        Record("saliency/0", {"map": spots}),
        Record("smoothgrad/0", {"map": smooth}),
        regions(0, food=food),
    )
    claims = [{"closer": "saliency"}, {"closer": "smoothgrad"}]
    note = decide("maps.agreement", evidence, {"pictures": [0]}, claims).note
    assert note is not None
    assert "saliency traces it better in 0 of 1 pictures, SmoothGrad in 1" in note[0]
    assert "1 張圖片中顯著圖有 0 張、SmoothGrad有 1 張" in note[1]
    alike = decide("maps.agreement", evidence, {"pictures": [0]}, [{"picture": 0, "agree": True}])
    assert alike.note is None


@pytest.mark.parametrize(("kind", "said"), [("halo", True), ("itself", False)])
def test_the_note_says_that_a_halo_leads(kind: str, said: bool) -> None:
    values, leads, trails, _ = simulated.halo(kind, np.random.default_rng(1))
    names = {"leader": leads, "other": trails}
    evidence = evidence_of(Record("saliency/1", {"map": values}), regions(1, **names))
    claims = [{"region": name} for name in names]
    asked = {"map": "saliency", "picture": 1}
    decision = decide("maps.brightest_region", evidence, asked, claims)
    assert decision.note is not None and held(decision) == [True, False]
    assert ("the leader leads the other by" in decision.note[0]) is said
    assert ("光暈" in decision.note[1]) is said


@pytest.mark.parametrize(
    ("kind", "said"), [("clumps", "diffuse"), ("clumps, places", "bright in places")]
)
def test_the_note_says_whether_a_map_is_diffuse_and_where_its_brightest_spot_is(
    kind: str, said: str
) -> None:
    bright, _ = simulated.diffuse(kind, np.random.default_rng(0))
    spot = np.unravel_index(ndimage.gaussian_filter(bright, 4).argmax(), bright.shape)
    cake = box(max(int(spot[0]) - 6, 0), max(int(spot[1]) - 6, 0), 13, 13)
    off = np.roll(cake, 64, (0, 1))
    for mask, where in ((cake, "lies on the cake."), (off, "lies on none of the things asked")):
        evidence = evidence_of(Record("saliency/2", {"map": bright}), regions(2, cake=mask))
        claims = [{"region": "cake"}, {"nowhere": True}]
        asked = {"map": "saliency", "picture": 2}
        note = decide("maps.brightest_region.clear_place", evidence, asked, claims).note
        assert note is not None and f"the map is {said}" in note[0] and where in note[0]
