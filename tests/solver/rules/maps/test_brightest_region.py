"""Where a map is bright: the verdict follows the mass, and noise lies nowhere in particular."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from solver.errors import MissingEvidence
from solver.evidence import Evidence, Record
from solver.rules.maps.brightest_region import ClearPlaceClaim, PlaceClaim
from tests.solver.rules.made_maps import box, decide, evidence_of, held, regions, smooth_noise

SEEDS = st.integers(0, 10**6)
PARTS = {"cake": box(20, 16, 36, 40), "plate": box(64, 10, 40, 60), "phone": box(30, 84, 60, 28)}
NAMES = [*PARTS]
BRIGHTEST = [{"region": name} for name in NAMES]
CLEARLY: list[dict[str, Any]] = [*BRIGHTEST, {"nowhere": True}]


def evidence(values: np.ndarray, name: str = "saliency/2", **masks: np.ndarray) -> Evidence:
    return evidence_of(Record(name, {"map": values}), regions(2, **(masks or PARTS)))


def brightest(
    found: Evidence, claims: list[dict[str, Any]] = BRIGHTEST, **parameters: str
) -> list[bool | None]:
    read = {"map": "saliency", "picture": 2} | parameters
    return held(decide("maps.brightest_region", found, read, claims))


def clearly(found: Evidence, claims: list[dict[str, Any]] = CLEARLY) -> list[bool | None]:
    return held(
        decide(
            "maps.brightest_region.clear_place", found, {"map": "saliency", "picture": 2}, claims
        )
    )


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=SEEDS, name=st.sampled_from(NAMES), scale=st.floats(1e-6, 1e6))
def test_the_answer_follows_the_mass(seed: int, name: str, scale: float) -> None:
    values = (smooth_noise(seed) + 2.0 * PARTS[name]) * scale
    expected = [other == name for other in NAMES]
    assert brightest(evidence(values)) == expected
    assert brightest(evidence(values), reading="standing_out") == expected
    assert brightest(evidence(values[::2, ::2])) == expected
    mirrored = {other: mask[:, ::-1] for other, mask in PARTS.items()}
    assert brightest(evidence(values[:, ::-1], **mirrored)) == expected
    # The same map under regions that changed their names.
    turned = dict(zip(NAMES, [PARTS["plate"], PARTS["phone"], PARTS["cake"]], strict=True))
    assert brightest(evidence(values, **turned)) == expected[1:] + expected[:1]


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        ("brightness", "蛋糕的亮度："),
        ("standing_out", "蛋糕比周圍亮的程度："),
    ],
)
def test_what_was_read_is_said_in_chinese_that_reads(reading: str, said: str) -> None:
    found = evidence(smooth_noise(0) + 2.0 * PARTS["cake"])
    read = {"map": "saliency", "picture": 2, "reading": reading}
    verdict = decide("maps.brightest_region", found, read, BRIGHTEST).verdicts[0]
    assert verdict.sentence[1].startswith(said)


def test_a_large_region_does_not_win_by_its_size() -> None:
    values = np.where(PARTS["phone"], 1.0, 0) + np.where(box(0, 0, 128, 70), 0.9, 0)
    masks = {"cake": box(0, 0, 128, 70), "phone": PARTS["phone"], "plate": box(120, 80, 8, 40)}
    assert values[masks["cake"]].sum() > values[masks["phone"]].sum()
    assert brightest(evidence(values, **masks)) == [False, False, True]


def test_a_bright_ground_is_looked_past_when_asked_to() -> None:
    """A region in a glow against a thin line that stands out of the dark."""
    glow = np.where(box(0, 0, 128, 60), 1.0, 0.0)
    line = box(30, 95, 60, 3)
    values, masks = glow + 0.7 * line, {"cake": box(40, 10, 40, 30), "phone": line}
    claims = [{"region": "cake"}, {"region": "phone"}]
    assert brightest(evidence(values, **masks), claims) == [True, False]
    assert brightest(evidence(values, **masks), claims, reading="standing_out") == [False, True]


RIM = box(20, 20, 80, 80) & ~box(28, 28, 64, 64)
SOUP, ONION = box(28, 28, 64, 64) & ~box(50, 50, 16, 16), box(50, 50, 16, 16)
BOWL = {"bowl": box(20, 20, 80, 80), "outline": RIM, "soup": SOUP, "spring_onion": ONION}
OF_BOWL: list[dict[str, Any]] = [
    {"region": "outline"},
    {"region": "soup", "minus": ["outline"]},
    {"region": "spring_onion", "minus": ["outline"]},
    {"region": "bowl", "evenly": ["outline", "soup", "spring_onion"]},
]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((1.0, 0.2, 0.2), 0),
        ((0.2, 1.0, 0.2), 1),
        ((0.2, 0.2, 1.0), 2),
        ((1.0, 1.0, 0.3), None),
    ],
)
def test_a_part_is_bright_or_no_part_alone(levels: tuple[float, ...], expected: int | None) -> None:
    values = sum(level * mask for level, mask in zip(levels, (RIM, SOUP, ONION), strict=True))
    found = brightest(evidence(np.asarray(values), **BOWL), OF_BOWL)
    assert found == [at == expected for at in range(4)]


def test_as_a_whole_is_never_more_than_its_dimmest_part() -> None:
    values = np.where(box(20, 20, 80, 80), 1.0, 0.0)
    decision = decide(
        "maps.brightest_region",
        evidence(values, **BOWL),
        {"map": "saliency", "picture": 2},
        OF_BOWL,
    )
    measured = [verdict.value for verdict in decision.verdicts]
    assert measured == pytest.approx([measured[0]] * 4)
    assert held(decision) == [False] * 4


def test_minus_and_outside_move_the_border() -> None:
    glow = RIM.astype(float)
    claims: list[dict[str, Any]] = [{"region": "bowl"}, {"outside": ["bowl"]}]
    assert brightest(evidence(glow, **BOWL), claims) == [True, False]
    claims = [{"region": "bowl", "minus": ["outline"]}, {"outside": ["soup", "spring_onion"]}]
    assert brightest(evidence(glow, **BOWL), claims) == [False, True]
    assert brightest(evidence(1 - glow, **BOWL), claims) == [True, False]


def test_an_activation_is_read_from_its_lowest_value_up() -> None:
    values = np.where(PARTS["cake"], -1.0, -5.0)
    found = evidence_of(Record("activation/15/2", {"map": values}), regions(2, **PARTS))
    assert brightest(found, map="activation", layer=15) == [True, False, False]
    small = evidence_of(Record("activation/15/2", {"map": values[::4, ::4]}), regions(2, **PARTS))
    assert brightest(small, map="activation", layer=15) == [True, False, False]


@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=SEEDS, name=st.sampled_from(NAMES))
def test_points_lie_clearly_where_they_were_put(seed: int, name: str) -> None:
    generator = np.random.default_rng(seed)
    points = generator.random((128, 128)) < np.where(PARTS[name], 0.2, 0.02)
    expected = [other == name for other in NAMES] + [False]
    assert clearly(evidence(points.astype(float))) == expected
    mirrored = {other: mask[:, ::-1] for other, mask in PARTS.items()}
    assert clearly(evidence(points[:, ::-1].astype(float), **mirrored)) == expected


@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=SEEDS, sigma=st.sampled_from([0.5, 2.0, 5.0]))
def test_noise_lies_nowhere_in_particular(seed: int, sigma: float) -> None:
    assert clearly(evidence(smooth_noise(seed, sigma))) == [False, False, False, True]


def test_one_clump_in_a_small_region_is_not_beyond_chance() -> None:
    """A few clumps of light, one of which happens to lie on a region: many shifts do as well."""
    values = np.full((128, 128), 0.01)
    for top, left in ((8, 8), (12, 88), (50, 50), (84, 12), (90, 92)):
        values[top : top + 28, left : left + 28] = 1
    masks = {
        "cake": box(16, 16, 12, 12),
        "plate": box(100, 44, 20, 40),
        "phone": box(44, 100, 40, 20),
    }
    parameters = {"map": "saliency", "picture": 2}
    decision = decide(
        "maps.brightest_region.clear_place", evidence(values, **masks), parameters, CLEARLY
    )
    cake = decision.verdicts[0]
    assert cake.unit == "share of placements"
    assert cake.value == pytest.approx(5 * 17 * 17 / 128**2, rel=0.05)  # the clumps hold so many
    assert held(decision) == [False, False, False, True]


def test_of_two_regions_that_pass_the_denser_holds_and_the_other_is_held_against_it() -> None:
    generator = np.random.default_rng(0)
    chances = np.where(PARTS["cake"], 0.3, np.where(PARTS["phone"], 0.2, 0.01))
    points = (generator.random((128, 128)) < chances).astype(float)
    parameters = {"map": "saliency", "picture": 2}
    verdicts = decide(
        "maps.brightest_region.clear_place", evidence(points), parameters, CLEARLY
    ).verdicts
    assert [one.holds for one in verdicts] == [True, False, False, False]
    assert verdicts[2].threshold == verdicts[0].value
    assert verdicts[2].against == "the cake"


def test_what_clearly_means_is_a_setting() -> None:
    generator = np.random.default_rng(0)
    points = (generator.random((128, 128)) < np.where(PARTS["cake"], 0.2, 0.02)).astype(float)
    parameters = {"map": "saliency", "picture": 2, "times": 50}
    strict = decide("maps.brightest_region.clear_place", evidence(points), parameters, CLEARLY)
    assert held(strict) == [False, False, False, True]


@pytest.mark.parametrize("values", [np.zeros((128, 128)), np.ones((128, 128))])
def test_an_even_map_is_nowhere_bright(values: np.ndarray) -> None:
    assert brightest(evidence(values)) == [False, False, False]
    assert clearly(evidence(values)) == [False, False, False, True]


@pytest.mark.parametrize("claim", [{}, {"region": "cake", "outside": ["plate"]}])
def test_half_a_claim_is_refused(claim: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PlaceClaim.model_validate(claim)


@pytest.mark.parametrize("claim", [{}, {"region": "cake", "nowhere": True}])
def test_a_clear_place_is_somewhere_or_nowhere(claim: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ClearPlaceClaim.model_validate(claim)


def test_missing_regions_and_maps_are_named() -> None:
    lacking = evidence(smooth_noise(0), cake=PARTS["cake"])
    for ask in (brightest, clearly):
        with pytest.raises(MissingEvidence, match="the region 'plate'"):
            ask(lacking)
        with pytest.raises(MissingEvidence, match="saliency/2"):
            ask(evidence_of(regions(2, **PARTS)))
    with pytest.raises(MissingEvidence, match="names a region"):
        clearly(evidence(smooth_noise(0)), [{"nowhere": True}])


def test_the_values_are_densities_and_the_lead_is_of_the_next() -> None:
    """Levels of 4, 1 and 3 on a ground of 0; as a whole, the plate and the phone are worth 1."""
    levels = dict(zip(NAMES, (4.0, 1.0, 3.0), strict=True))
    values = sum(level * PARTS[name] for name, level in levels.items())
    found, mean = evidence(np.asarray(values)), float(np.mean(values))
    read = {"map": "saliency", "picture": 2}
    whole = {"region": "phone", "evenly": ["phone", "plate"]}
    for claims, expected, leads in (
        (BRIGHTEST, [4, 1, 3], "on the cake over the phone"),
        ([BRIGHTEST[1], BRIGHTEST[2], BRIGHTEST[0]], [1, 3, 4], "on the cake over the phone"),
        ([BRIGHTEST[1], BRIGHTEST[0], whole], [1, 4, 1], "on the cake over"),
    ):
        decision = decide("maps.brightest_region", found, read, claims)
        measured = [one.value for one in decision.verdicts]
        assert measured == pytest.approx([level * values.max() / 4 / mean for level in expected])
        assert decision.note is not None and leads in decision.note[0]
    least = decide("maps.brightest_region", found, read | {"rank": "least"}, BRIGHTEST)
    assert least.note is not None and "on the phone over the plate" in least.note[0]


@pytest.mark.parametrize("unread", ["inside", "outside"])
def test_a_place_without_a_rest_or_that_cannot_be_read_is_no_clear_place(unread: str) -> None:
    """As for a region that is the whole picture: there is nothing that it is denser than."""
    valid = PARTS["cake"] if unread == "outside" else ~PARTS["cake"]
    record = Record("saliency/2", {"map": smooth_noise(0) + PARTS["cake"], "valid": valid})
    claims = [{"region": "cake"}, {"nowhere": True}]
    found = decide(
        "maps.brightest_region.clear_place",
        evidence_of(record, regions(2, cake=PARTS["cake"])),
        {"map": "saliency", "picture": 2},
        claims,
    )
    assert held(found) == [False, True]
    assert found.verdicts[0].value == 0


def test_a_lead_is_held_against_chance_if_there_is_somebody_to_lead() -> None:
    found, read = evidence(smooth_noise(1) + PARTS["cake"]), {"map": "saliency", "picture": 2}
    noted = [
        decide("maps.brightest_region", found, read, BRIGHTEST[:count]).note for count in (2, 3)
    ]
    assert all(one is not None and "lead as far on the cake" in one[0] for one in noted)
