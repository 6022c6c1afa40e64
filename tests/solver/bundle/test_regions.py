"""Named regions: what each way of saying them draws, and every fault one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from solver.banks.bank import load_bank
from solver.bundle.bundle import Bundle
from solver.bundle.pictures import Picture, fingerprint, load_pictures
from solver.bundle.regions import load_regions, regions_for
from solver.errors import BundleError
from solver.files.resources import shipped_bank, shipped_region_files
from solver.rules.registry import plan_questions

RGB = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
PICTURE = Picture(0, "1_1", 1, Path("1_1.png"), RGB, (128, 128))
SQUARE = [[10, 20], [50, 20], [50, 80], [10, 80]]


def write(folder: Path, regions: dict[str, Any], **entry: Any) -> Path:
    size = entry.pop("size", [128, 128])
    picture = {"name": "1_1", "regions": regions} | entry
    path = folder / "regions.yaml"
    path.write_text(
        yaml.safe_dump({"format": "hw9-regions/1", "size": size, "pictures": [picture]})
    )
    return path


def drawn(folder: Path, regions: dict[str, Any], **entry: Any) -> dict[str, np.ndarray]:
    found = regions_for(PICTURE, write(folder, regions, **entry))
    assert found is not None
    return found


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    left=st.integers(0, 100),
    top=st.integers(0, 100),
    width=st.integers(2, 60),
    height=st.integers(2, 60),
)
def test_a_polygon_covers_its_pixels(
    tmp_path: Path, left: int, top: int, width: int, height: int
) -> None:
    right, bottom = left + width, top + height
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    mask = drawn(tmp_path, {"food": {"polygons": [corners]}})["food"]
    expected = np.zeros((128, 128), bool)
    expected[top:bottom, left:right] = True
    wrong = mask ^ expected
    # Only the row and the column that the closing edge touches may differ.
    assert not wrong[expected].any()
    assert wrong.sum() <= width + height + 2


def test_x_runs_to_the_right_and_y_down(tmp_path: Path) -> None:
    mask = drawn(tmp_path, {"food": {"polygons": [[[100, 5], [120, 5], [120, 15], [100, 15]]]}})
    assert mask["food"][10, 110]
    assert not mask["food"][110, 10]


def test_another_size_is_scaled(tmp_path: Path) -> None:
    plain = drawn(tmp_path, {"food": {"polygons": [SQUARE]}})["food"]
    large = [[x * 5, y * 3] for x, y in SQUARE]
    scaled = drawn(tmp_path, {"food": {"polygons": [large]}}, size=[640, 384])["food"]
    assert (plain ^ scaled).sum() < 0.05 * plain.sum()


def test_holes_and_minus_take_away_and_same_as_repeats(tmp_path: Path) -> None:
    inner = [[20, 30], [40, 30], [40, 60], [20, 60]]
    found = drawn(
        tmp_path,
        {
            "plate": {"polygons": [SQUARE], "minus": ["cake"]},
            "ring": {"polygons": [SQUARE], "holes": [inner]},
            "cake": {"polygons": [inner]},
            "whole": {"polygons": [SQUARE]},
            "food": {"same_as": "cake"},
        },
    )
    assert np.array_equal(found["plate"], found["ring"])
    assert np.array_equal(found["whole"], found["plate"] | found["cake"])
    assert not (found["plate"] & found["cake"]).any()
    assert np.array_equal(found["food"], found["cake"])


@pytest.mark.parametrize("width", [4, 8, 16])
def test_a_border_lies_on_both_sides_and_a_band_along_its_line(tmp_path: Path, width: int) -> None:
    found = drawn(
        tmp_path,
        {
            "food": {"polygons": [SQUARE]},
            "outline": {"border_of": "food", "width": width},
            "stick": {"lines": [[[10, 100], [110, 100]]], "width": width},
        },
    )
    inside, outside = (found["outline"] & part for part in (found["food"], ~found["food"]))
    assert inside.any()
    assert inside.sum() == pytest.approx(outside.sum(), rel=0.3)
    assert not found["outline"][50, 30]
    assert found["outline"][50].sum() == pytest.approx(2 * width, abs=2)
    assert found["stick"][:, 60].sum() == pytest.approx(width, abs=1)


def test_a_mask_is_read_at_any_size(tmp_path: Path) -> None:
    values = np.zeros((64, 64), np.uint8)
    values[:32] = 255
    Image.fromarray(values).save(tmp_path / "half.png")
    mask = drawn(tmp_path, {"food": {"mask": "half.png"}})["food"]
    assert mask[:64].all()
    assert not mask[64:].any()


def test_regions_are_laid_on_their_own_picture_alone(tmp_path: Path) -> None:
    region = {"food": {"polygons": [SQUARE]}}
    assert regions_for(PICTURE, write(tmp_path, region, name="1_2")) is None
    assert regions_for(PICTURE, write(tmp_path, region, fingerprint=fingerprint(RGB)))
    other = f"{int(fingerprint(RGB), 16) ^ 0xFFFF_FFFF:016x}"
    assert regions_for(PICTURE, write(tmp_path, region, fingerprint=other)) is None


@pytest.mark.parametrize(
    ("region", "says"),
    [
        ({"polygons": [SQUARE], "same_as": "food"}, "a region needs exactly one of polygons"),
        ({}, "a region needs exactly one of polygons"),
        ({"border_of": "food"}, "'width' belongs to 'lines' and 'border_of'"),
        ({"polygons": [SQUARE], "width": 3}, "'width' belongs to 'lines' and 'border_of'"),
        ({"polygons": [[[1, 2]]]}, "polygons.0"),
        ({"polygons": [[[1, "x"], [2, 3]]]}, "polygons.0.0.1"),
        ({"polygons": [[[1, float("nan")], [2, 3]]]}, "polygons.0.0.1"),
        ({"polygons": [[[1, 1e9], [2, 3]]]}, "polygons.0.0.1"),
        ({"lines": [SQUARE], "width": -1}, "width"),
        ({"same_as": "nothing"}, "picture 1_1, region bad: names 'nothing', which is not there"),
        ({"same_as": "bad"}, "is defined by itself"),
        ({"polygons": [SQUARE], "minus": ["bad"]}, "is defined by itself"),
        ({"mask": "none.png"}, "the mask 'none.png' is missing or no PNG"),
        ({"mask": "regions.yaml"}, "the mask 'regions.yaml' is missing or no PNG"),
        ({"mask": "../outside.png"}, "lies outside the folder"),
        ({"mask": "/etc/hostname"}, "lies outside the folder"),
        ({"circle": 3}, "'circle' is not known here"),
    ],
)
def test_every_fault_is_one_sentence(tmp_path: Path, region: dict[str, Any], says: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    Image.new("L", (4, 4)).save(tmp_path / "outside.png")
    path = write(inside, {"food": {"polygons": [SQUARE]}, "bad": region})
    with pytest.raises(BundleError) as caught:
        regions_for(PICTURE, path)
    assert says in str(caught.value)
    assert "regions.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_long_round_of_names_is_no_endless_one(tmp_path: Path) -> None:
    regions = {f"r{at}": {"same_as": f"r{(at + 1) % 30}"} for at in range(30)}
    with pytest.raises(BundleError, match="is defined by itself"):
        drawn(tmp_path, regions)


def test_the_shipped_regions_load_and_name_what_the_questions_name(demo: Bundle) -> None:
    files = {path.stem: load_regions(path) for path in shipped_region_files()}
    assert list(files) == ["2021", "2022"]
    for file in files.values():
        assert len(file.pictures) == 10
        assert all(entry.fingerprint and "food" in entry.regions for entry in file.pictures)
    named = {name for entry in files["2022"].pictures for name in entry.regions}
    assert named == set(files["2022"].names)
    for place, picture in enumerate(demo.pictures):
        found = demo.regions(place)
        assert "food" in found
        assert all(mask.any() and not mask.all() for mask in found.values())
        assert picture.name in [entry.name for entry in files["2021"].pictures]


def test_the_regions_of_2022_are_found_by_fingerprint_and_named_in_its_questions() -> None:
    food = Path(__file__).resolve().parents[4] / "shared" / "edition-2022" / "food"
    if not food.is_dir():
        pytest.skip("the pictures of 2022 are not here")
    path = shipped_bank("2022") / "regions" / "2022.yaml"
    drawn_here = {picture.place: regions_for(picture, path) for picture in load_pictures(food)}
    for found in drawn_here.values():
        assert found
        assert all(mask.any() and not mask.all() for mask in found.values())
    for planned in plan_questions(load_bank(shipped_bank("2022"))):
        picture = getattr(planned.settings, "picture", None)
        for claim in planned.claims:
            named = {getattr(claim, "region", None), *(getattr(claim, "outside", None) or [])}
            named |= {*(getattr(claim, "minus", None) or [])}
            assert named - {None} <= set(drawn_here.get(picture) or {}), planned.question.id


def test_regions_of_the_real_pictures_are_found_by_their_fingerprint(
    real_maps: dict[str, np.ndarray],
) -> None:
    path = shipped_bank() / "regions" / "2021.yaml"
    for place, (name, rgb) in enumerate(
        zip(real_maps["names"], real_maps["pictures"], strict=True)
    ):
        picture = Picture(place, str(name), 0, Path(f"{name}.png"), rgb, (128, 128))
        found = regions_for(picture, path)
        assert found, name
        assert all(mask.any() and not mask.all() for mask in found.values())


def test_a_mask_of_very_many_pixels_is_refused_without_a_warning(tmp_path: Path) -> None:
    from tests.fuzz.inputs.picture_formats import bare_png

    (tmp_path / "m.png").write_bytes(bare_png(10_000, 10_000))
    path = tmp_path / "regions.yaml"
    path.write_text(
        "format: hw9-regions/1\nsize: [128, 128]\npictures:\n"
        "- {name: '1_2', regions: {food: {mask: m.png}}}\n"
    )
    blank = np.zeros((128, 128, 3), dtype=np.uint8)
    with pytest.raises(BundleError, match="is too large"):
        regions_for(Picture(0, "1_2", 1, tmp_path / "1_2.png", blank, (128, 128)), path)
