"""Where the course network's own maps are bright: the answers go with the maps, and noise has none.

No answer is written here. Each test changes the real evidence in a way whose effect on the truth is
known, and holds the outcome against the one on the evidence as it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from solver.banks.bank import load_bank
from solver.evidence import Evidence, Record
from solver.files.resources import shipped_bank
from solver.rules.maps.chance import share_by_chance
from solver.rules.maps.displayed import fitted_to, readable_brightness
from solver.rules.registry import Decision, PlannedQuestion, plan_questions
from tests.real.read_figures import figure_records, map_records

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"

pytestmark = pytest.mark.skipif(
    not (REAL / "figures_70px.npz").is_file(),
    reason="the real outputs are not beside this checkout",
)

RULES = (
    "lime.overlay.sign_in_region",
    "lime.overlay.signs_along_contour",
    "maps.brightest_region.clear_place",
    "maps.agreement",
    "maps.brightest_region",
)
MAPS = ("saliency", "smoothgrad", "activation", "integrated_gradients")
WAYS = ("first", "second")
Array = np.ndarray
Held = list[bool | None]


def asked() -> dict[str, PlannedQuestion]:
    planned = plan_questions(load_bank(shipped_bank()))
    return {one.question.id: one for one in planned if one.rule.name in RULES}


QUESTIONS = asked()
ON_MAPS = [name for name, one in QUESTIONS.items() if one.rule.name.startswith("maps.")]
ON_REGIONS = [name for name, one in QUESTIONS.items() if one.rule.name == "maps.brightest_region"]


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """The maps and figures alone."""
    maps, figures = (dict(np.load(REAL / name)) for name in ("maps_128px.npz", "figures_70px.npz"))
    regions = shipped_bank() / "regions" / "2021.yaml"
    records = (*map_records(maps, regions), *figure_records(figures, maps))
    return Evidence({record.id: record for record in records})


def decided(question: PlannedQuestion, evidence: Evidence, way: str = "first") -> Decision:
    second = question.rule.cross_check
    assert second is not None
    decide = question.rule.decide if way == "first" else second.decide
    return decide(evidence, question.settings, question.claims)


def held(question: PlannedQuestion, evidence: Evidence, way: str = "first") -> Held:
    return [verdict.holds for verdict in decided(question, evidence, way).verdicts]


def with_arrays(
    evidence: Evidence, question: PlannedQuestion, change: Callable[[Record, str, Array], Array]
) -> Evidence:
    """The records a question rests on, each array put through `change`."""
    changed = {}
    for name in question.needs:
        record = evidence.get(*name.split("/"))
        arrays = {key: change(record, key, array) for key, array in record.arrays.items()}
        changed[name] = Record(record.id, arrays, record.values)
    return Evidence(changed)


def on_maps(
    change: Callable[[Array], Array], kinds: tuple[str, ...] = MAPS
) -> Callable[[Record, str, Array], Array]:
    """A change of the maps alone."""

    def apply(record: Record, key: str, array: Array) -> Array:
        return change(array) if record.kind in kinds and key == "map" else array

    return apply


TURNS: dict[str, Callable[[Array], Array]] = {
    "mirrored": np.fliplr,
    "upside down": np.flipud,
    "90": np.rot90,
    "180": partial(np.rot90, k=2),
    "270": partial(np.rot90, k=3),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_turned_with_its_regions_a_map_gives_the_same_answer(
    evidence: Evidence, name: str, turn: str
) -> None:
    question = QUESTIONS[name]
    turned = with_arrays(evidence, question, lambda record, key, array: TURNS[turn](array))
    for way in WAYS:
        before, after = (decided(question, one, way) for one in (evidence, turned))
        assert [v.holds for v in after.verdicts] == [v.holds for v in before.verdicts]
        margins = [[v.margin for v in one.verdicts] for one in (before, after)]
        assert margins[1] == pytest.approx(margins[0], rel=0.05, abs=0.02)


@pytest.mark.parametrize("shift", [(0.023, 0.016), (-0.016, 0.023)])
@pytest.mark.parametrize("name", QUESTIONS)
def test_moved_with_its_regions_a_map_gives_the_same_answer(
    evidence: Evidence, name: str, shift: tuple[float, float]
) -> None:
    """Moved by 2 and 3 pixels of 128; what comes in at the border goes on as the border was."""
    question = QUESTIONS[name]

    def moved(record: Record, key: str, array: Array) -> Array:
        steps = [round(part * side) for part, side in zip(shift, array.shape, strict=False)]
        wide = np.pad(array, [(4, 4), (4, 4)] + [(0, 0)] * (array.ndim - 2), mode="edge")
        return np.roll(wide, steps, (0, 1))[4:-4, 4:-4]

    shifted = with_arrays(evidence, question, moved)
    for way in WAYS:
        before, after = (decided(question, one, way) for one in (evidence, shifted))
        if before.note is not None and "near tie" in before.note[0]:
            # Two places that the note itself takes for a tie; what each is worth stays.
            values = [[verdict.value for verdict in one.verdicts] for one in (before, after)]
            assert values[1] == pytest.approx(values[0], rel=0.2)
        else:
            assert [v.holds for v in after.verdicts] == [v.holds for v in before.verdicts]


@pytest.mark.parametrize("name", ON_MAPS)
def test_how_bright_a_map_is_drawn_changes_nothing(evidence: Evidence, name: str) -> None:
    question = QUESTIONS[name]
    paler = with_arrays(evidence, question, on_maps(lambda values: values * 0.35 + 0.4))
    for way in WAYS:
        before, after = (decided(question, one, way).verdicts for one in (evidence, paler))
        assert [one.holds for one in after] == [one.holds for one in before]
        values = [[one.value for one in verdicts] for verdicts in (before, after)]
        assert values[1] == pytest.approx(values[0], rel=1e-3, abs=1e-3)


def blurred(values: Array, side: float) -> Array:
    """Blurred by a share of the side."""
    sigma = [side * length for length in values.shape[:2]] + [0.0] * (values.ndim - 2)
    return ndimage.gaussian_filter(values, sigma)


@pytest.mark.parametrize("name", ON_MAPS)
def test_a_blur_of_two_pixels_changes_no_answer(evidence: Evidence, name: str) -> None:
    question = QUESTIONS[name]
    soft = with_arrays(evidence, question, on_maps(partial(blurred, side=2 / 128)))
    assert held(question, soft) == held(question, evidence)


@pytest.mark.parametrize("name", ["q01", "q02", "q04"])
def test_an_overlay_seen_out_of_focus_gives_the_same_answer(evidence: Evidence, name: str) -> None:
    """Each place takes the colour that has most of its surroundings of about a pixel of 128."""
    question = QUESTIONS[name]

    def soft(record: Record, key: str, array: Array) -> Array:
        if key != "signs":
            return array
        shares = np.stack([blurred((array == sign).astype(float), 1 / 128) for sign in (-1, 0, 1)])
        return (shares.argmax(0) - 1).astype(array.dtype)

    out_of_focus = with_arrays(evidence, question, soft)
    for way in WAYS:
        assert held(question, out_of_focus, way) == held(question, evidence, way)


@pytest.mark.parametrize("name", [name for name in ON_MAPS if name != "q11"])
def test_a_blur_of_half_the_picture_leaves_no_place(evidence: Evidence, name: str) -> None:
    """What is left of the map is one slope, and a slope lies on a region by chance."""
    question = QUESTIONS[name]
    gone = with_arrays(evidence, question, on_maps(partial(blurred, side=0.5)))
    regions = [getattr(claim, "nowhere", False) is False for claim in question.claims]
    found = held(question, gone, "second")
    assert not any(holds for holds, place in zip(found, regions, strict=True) if place)


def like_noise(values: Array, seed: int) -> Array:
    """Noise of the same spectrum: a map's amplitudes with the phases of white noise."""
    generator = np.random.default_rng(seed)
    channels = np.atleast_3d(values).astype(float)
    made = []
    for at in range(channels.shape[2]):
        amplitude = np.abs(np.fft.rfft2(channels[..., at]))
        white = np.fft.rfft2(generator.normal(size=channels.shape[:2]))
        noise = np.fft.irfft2(amplitude * white / np.abs(white), s=channels.shape[:2])
        made.append(noise - noise.min())
    return np.stack(made, -1).reshape(values.shape)


def white_noise(values: Array, seed: int) -> Array:
    return np.random.default_rng(seed).random(values.shape)


NOISES: dict[str, Callable[[Array, int], Array]] = {"alike": like_noise, "white": white_noise}
SEEDS = range(12)


def with_noise(evidence: Evidence, question: PlannedQuestion, noise: str, seed: int) -> Evidence:
    """Each map replaced by its own noise."""

    def made(record: Record, key: str, array: Array) -> Array:
        if record.kind not in MAPS or key != "map":
            return array
        return NOISES[noise](array, zlib.crc32(f"{record.id} {seed}".encode()))

    return with_arrays(evidence, question, made)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("name", [*ON_REGIONS, "q09"])
def test_noise_has_no_place_that_both_ways_find(evidence: Evidence, name: str, noise: str) -> None:
    """A level of one in a hundred for each region lets noise pass about once in thirty seeds."""
    question = QUESTIONS[name]
    places = [not getattr(claim, "nowhere", False) for claim in question.claims]
    agreed = 0
    for seed in SEEDS:
        made = with_noise(evidence, question, noise, seed)
        both = [held(question, made, way) for way in WAYS]
        agreed += any(a and b and place for a, b, place in zip(*both, places, strict=True))
    assert agreed <= 1


def test_two_noises_agree_on_nothing_and_neither_is_closer_both_ways(evidence: Evidence) -> None:
    question, both_found = QUESTIONS["q11"], 0
    for seed in range(5):
        made = with_noise(evidence, question, "alike", seed)
        ways = [held(question, made, way) for way in WAYS]
        for claim, first, second in zip(question.claims, *ways, strict=True):
            assert not (claim.agree and (first or second))
            both_found += bool(claim.closer and first and second)
    assert both_found <= 1


def test_the_chance_of_noise_is_what_it_says(evidence: Evidence) -> None:
    """On noise with a real map's spectrum, a share below a hundredth comes about so often."""
    values, valid = readable_brightness(evidence.get("saliency", 2))
    mask = fitted_to(evidence.get("regions", 2).array("cake"), values.shape)
    below = [share_by_chance(like_noise(values, seed), [mask], valid) < 0.01 for seed in range(120)]
    assert np.mean(below) <= 0.04


def swapped(question: PlannedQuestion, first: str, second: str) -> Callable[[Evidence], Evidence]:
    """The evidence with two regions' names swapped."""

    def apply(evidence: Evidence) -> Evidence:
        changed = {name: evidence.get(*name.split("/")) for name in question.needs}
        for name, record in changed.items():
            if record.kind == "regions":
                arrays = dict(record.arrays)
                arrays[first], arrays[second] = arrays[second], arrays[first]
                changed[name] = Record(record.id, arrays, record.values)
        return Evidence(changed)

    return apply


def exchanged(found: Held, question: PlannedQuestion, names: Mapping[str, str]) -> Held:
    """The verdicts in the order they would have if the claims exchanged their regions."""
    keys = [(claim.region, getattr(claim, "sign", None)) for claim in question.claims]
    wanted = [(names.get(region, region), sign) for region, sign in keys]
    return [found[keys.index(key)] for key in wanted]


SWAPS: list[tuple[str, str, str]] = [
    ("q01", "food", "plate"),
    ("q04", "steak", "grain"),
    ("q09", "cake", "phone"),
    ("q18", "steak", "tray"),
]


@pytest.mark.parametrize(("name", "first", "second"), SWAPS)
def test_a_region_moved_onto_another_takes_its_verdict(
    evidence: Evidence, name: str, first: str, second: str
) -> None:
    question = QUESTIONS[name]
    changed = swapped(question, first, second)(evidence)
    for way in WAYS:
        before, after = held(question, evidence, way), held(question, changed, way)
        assert after == exchanged(before, question, {first: second, second: first})


@pytest.mark.parametrize("name", ["q01", "q02", "q04"])
def test_swapped_colours_swap_the_signs(evidence: Evidence, name: str) -> None:
    question = QUESTIONS[name]

    def swap(record: Record, key: str, array: Array) -> Array:
        return -array if key == "signs" else array

    other = {"for": "against", "against": "for"}
    for way in WAYS:
        before = held(question, evidence, way)
        after = held(question, with_arrays(evidence, question, swap), way)
        keys = [claim.model_dump() for claim in question.claims]
        wanted = [{k: other.get(v, v) for k, v in claim.items()} for claim in keys]
        assert after == [before[keys.index(claim)] for claim in wanted]


@pytest.mark.parametrize("name", ["q01", "q04"])
def test_segments_drawn_at_random_lead_by_little(evidence: Evidence, name: str) -> None:
    """Eleven of a hundred squares, of random signs, under the real regions."""
    question = QUESTIONS[name]

    def lead(found: Evidence) -> float:
        verdicts = decided(question, found).verdicts
        return max((v.margin or 0.0 for v in verdicts if v.holds), default=0.0)

    def drawn(record: Record, key: str, array: Array, generator: np.random.Generator) -> Array:
        if key != "signs":
            return array
        squares = np.zeros(100, np.int8)
        squares[generator.permutation(100)[:11]] = generator.choice([-1, 1], 11)
        side = -(-max(array.shape) // 10)
        large = np.kron(squares.reshape(10, 10), np.ones((side, side), np.int8))
        return large[: array.shape[0], : array.shape[1]]

    leads = []
    for seed in range(20):
        change = partial(drawn, generator=np.random.default_rng(seed))
        leads.append(lead(with_arrays(evidence, question, change)))
    assert float(np.median(leads)) < lead(evidence) / 2


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_a_figure_lacks_is_said(evidence: Evidence, name: str) -> None:
    """Weights, the ground of integrated gradients, covered corners: in the note, twice."""
    question = QUESTIONS[name]
    second = decided(question, evidence, "second").note
    if name in ("q01", "q04"):
        assert second and "weights are not told" in second[0]
    elif any(kind in question.needs[0] for kind in ("activation", "integrated")):
        assert second and "cannot be read" in second[0]
        if "integrated" in question.needs[0]:
            assert "median serves" in second[0]
    else:
        assert second is None
    assert second is None or all(second)
