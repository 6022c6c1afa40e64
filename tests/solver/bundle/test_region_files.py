"""Regions drawn, written, exchanged with labelme, and held to what a bank asks for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solver.bundle.labelme import from_labelme, to_labelme
from solver.bundle.pictures import Picture, fingerprint, load_pictures
from solver.bundle.region_files import (
    FILE,
    begun_regions,
    dump_regions,
    is_for,
    region_faults,
    save_regions,
    with_regions,
)
from solver.bundle.regions import Region, RegionsFile, RegionWords, load_regions
from solver.errors import BundleError

SQUARE = [(10.0, 10.0), (50.5, 10.0), (50.5, 60.0), (10.0, 60.0)]
EMPTY = RegionsFile(format="hw9-regions/1", size=(128, 128), pictures=[])


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Two pictures of noise, twice as wide as high."""
    (tmp_path / "food").mkdir()
    rng = np.random.default_rng(3)
    for name in ("0_0", "8_5"):
        noise = rng.integers(0, 255, (8, 8, 3), np.uint8)
        picture = Image.fromarray(noise).resize((256, 128), Image.Resampling.BILINEAR)
        picture.save(tmp_path / "food" / f"{name}.png")
    return tmp_path


def drawn(picture: Picture) -> RegionsFile:
    regions = {
        "food": Region(polygons=[SQUARE], holes=[[(20, 20), (30, 20), (25, 30)]]),
        "edge": Region(lines=[SQUARE[:3]], width=6),
        "rim": Region(border_of="food", width=4),
    }
    names = {"food": RegionWords(en="the food", zh_hant="食物")}
    return with_regions(EMPTY, picture, regions, names)


def test_what_is_written_is_read_and_belongs_to_its_picture(bundle: Path) -> None:
    one, other = load_pictures(bundle / "food")
    made = drawn(one)
    save_regions(made, bundle / FILE)
    assert load_regions(bundle / FILE) == made
    assert dump_regions(load_regions(bundle / FILE)) == (bundle / FILE).read_text()
    assert made.pictures[0].fingerprint == fingerprint(one.rgb)
    assert is_for(made.pictures[0], one) and not is_for(made.pictures[0], other)
    assert "food: {polygons: [[[10, 10], [50.5, 10]" in dump_regions(made)  # a region a line
    both = with_regions(made, other, {"food": Region(polygons=[SQUARE])}, made.names)
    assert [entry.name for entry in both.pictures] == ["0_0", "8_5"]
    assert with_regions(both, one, {}, {}).pictures[1] == both.pictures[1]
    assert begun_regions(bundle, [one, other]) == made  # its own file goes before those that ship


def test_labelme_gives_back_polygons_holes_and_lines_in_the_pictures_pixels(bundle: Path) -> None:
    one = load_pictures(bundle / "food")[0]
    made = drawn(one)
    data = to_labelme(made, made.pictures[0], one)
    assert (data["imageWidth"], data["imageHeight"]) == (256, 128)
    first = data["shapes"][0]
    assert (first["label"], first["points"][1]) == ("food", [101, 10])
    back = from_labelme(json.dumps(data), made.size)
    regions = made.pictures[0].regions
    assert back == {name: regions[name] for name in ("food", "edge")}  # no word for a border


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no file of labelme"),
        ('{"shapes": [], "imageHeight": 0, "imageWidth": 9}', "imageHeight"),
        ("Spring onion", "is no name of a region"),
        ("circle", "is a circle of 2 points"),
    ],
)
def test_what_is_none_of_labelme_is_refused_in_a_sentence(text: str, said: str) -> None:
    if text[0] != "{":
        label, kind = (text, "polygon") if " " in text else ("food", text)
        points = [[1, 1], [2, 2], [3, 1]][: 3 if " " in text else 2]
        shapes = [{"label": label, "points": points, "shape_type": kind}]
        text = json.dumps({"shapes": shapes, "imageHeight": 9, "imageWidth": 9})
    with pytest.raises(BundleError, match=said):
        from_labelme(text, (128, 128), "a.json")


def test_each_fault_of_regions_is_named_once_with_its_questions(bundle: Path) -> None:
    pictures = load_pictures(bundle / "food")
    made = drawn(pictures[0])
    far = {"food": Region(polygons=[[(0, 0), (140, 0), (140, 90)]])}
    gone = made.pictures[0].model_copy(update={"name": "3_3"})
    swapped = made.pictures[0].model_copy(update={"name": "8_5"})
    for entries in ([gone], [swapped]):
        save_regions(EMPTY.model_copy(update={"pictures": entries}), bundle / FILE)
        (said,) = region_faults(bundle, pictures, {})
        assert ("'3_3', a picture that is not there" in said) == (entries == [gone])
        assert ("'8_5' was drawn on another picture" in said) == (entries == [swapped])
    one = {**made.pictures[0].regions, "speck": Region(polygons=[SQUARE[:2]])}
    file = with_regions(with_regions(EMPTY, pictures[0], one, {}), pictures[1], far, {})
    save_regions(file, bundle / FILE)
    asked = {
        0: {"food": ["q1"], "speck": ["q2"]},
        1: {"edge": ["q1", "q3"], "tray_of_tin": ["q4"]},
        7: {"food": ["q5"]},
    }
    assert list(region_faults(bundle, pictures, asked)) == [
        "q2: picture 0 (0_0): 'speck' is empty",
        "q1, q3: picture 1 (8_5) lacks the region 'edge'",
        "q5: asks for 'food' of picture 7, which the bundle does not have",
        "no picture has a region called 'tray_of_tin' (picture 1, q4)",
        "regions.yaml: '8_5', food: 2 of its points lie outside the frame of 128 x 128",
    ]
