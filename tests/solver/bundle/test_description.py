"""``bundle.yaml``: what it may say, and everything that is wrong with it told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from solver.bundle.bundle import load_bundle
from solver.bundle.description import Description, load_description, read_description
from solver.bundle.pictures import CLASSES
from solver.errors import BundleError

NETWORK = {"model": "resnet18", "size": 32}


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((20, 24, 3), 90, np.uint8)).save(path)


def write(folder: Path, **said: Any) -> Path:
    document = {"format": "hw9-bundle/1", **said}
    (folder / "bundle.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


def faults(folder: Path, **said: Any) -> list[str]:
    return [str(fault) for fault in read_description(write(folder, **said))[1]]


def test_without_the_file_a_bundle_is_the_courses(tmp_path: Path) -> None:
    assert load_description(tmp_path) == Description()
    assert load_description(write(tmp_path)) == Description()
    assert (Description().network.side, Description().network_hash) == (128, None)
    assert Description().classes == CLASSES


def test_pictures_have_any_name_and_the_order_of_the_file(tmp_path: Path) -> None:
    for name in ("z.png", "in a folder/A B.png"):
        picture(tmp_path / name)
    listed = [{"file": "z.png", "class": "b"}, {"file": "in a folder/A B.png", "class": "a"}]
    bundle = load_bundle(write(tmp_path, network=NETWORK, classes=["a", "b"], pictures=listed))
    assert [(one.name, one.label) for one in bundle.pictures] == [("z", 1), ("A B", 0)]
    assert bundle.pictures[0].rgb.shape == (32, 32, 3)
    assert bundle.class_name(1) == "b"
    assert {"bundle.yaml", "z.png", "in a folder/A B.png"} == set(bundle.files)


def test_the_courses_layout_may_have_other_classes(tmp_path: Path) -> None:
    for name in ("0_1.png", "1_0.png"):
        picture(tmp_path / "food" / name)
    bundle = load_bundle(write(tmp_path, network=NETWORK, classes=["a", "b"]))
    assert [one.name for one in bundle.pictures] == ["0_1", "1_0"]
    picture(tmp_path / "food" / "2_0.png")
    with pytest.raises(BundleError, match="class 2 is out of range, expected 0 to 1"):
        load_bundle(tmp_path)


def test_everything_that_is_wrong_is_told_at_once_with_the_right_names(tmp_path: Path) -> None:
    picture(tmp_path / "one.png")
    found = faults(
        tmp_path,
        network={"model": "resnet81", "size": 8, "means": [1, 2, 3], "checkpoint": "../w.pth"},
        classes=["ball", "box"],
        pictures=[
            {"file": "one.png", "class": "bal"},
            {"file": "On.png", "class": "box"},
            {"file": "../one.png", "class": "box"},
            {"file": "one.gif", "class": "box", "size": 3},
        ],
    )
    said = "\n".join(found)
    for sentence in (
        "torchvision has no classification network 'resnet81'; 'resnet18' or",
        "'size': input should be greater than or equal to 16",
        "'means' is not known here; 'mean' would be right",
        "(network.checkpoint): '../w.pth' lies outside the bundle",
        "there is no class 'bal'; 'ball' would be right",
        "there is no picture 'On.png'; 'one.png' would be right",
        "'../one.png' lies outside the bundle",
        "'one.gif' is none of .jpg, .jpeg, .png",
        "'one.gif' is called like picture 0",
        "'size' is not known here; known are file, class",
    ):
        assert sentence in said, sentence
    assert all("bundle.yaml, line " in fault for fault in found)
    with pytest.raises(BundleError) as caught:
        load_bundle(tmp_path)
    assert all(fault.message in str(caught.value) for fault in read_description(tmp_path)[1])


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"network": {"model": "vgg11"}, "classes": ["a", "b"]}, "how many pixels a side does vgg"),
        ({"network": NETWORK}, "'classes' is missing: what does resnet18 tell apart?"),
        ({"network": NETWORK, "classes": ["a", "a"]}, "'classes' holds a name twice"),
        ({"network": {"size": 64}}, "the course's build takes pictures of 128 pixels, not 64"),
        ({"network": {"mean": [0, 0, 0], "std": [1, 1, 1]}}, "takes no 'mean', 'std' or 'options'"),
        ({"network": {**NETWORK, "mean": [0, 0, 0]}, "classes": ["a", "b"]}, "belong together"),
        ({"network": {**NETWORK, "mean": [0, 0, 0], "std": [1, 0, 1]}, "classes": ["a", "b"]},
         "greater than 0"),
        ({"format": "hw9-bundle/2"}, "'format': input should be 'hw9-bundle/1'"),
        ({"network": 3}, "'network'"),
        ({"pictures": [3]}, "0"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_said(
    tmp_path: Path, said: dict[str, Any], says: str
) -> None:
    assert says in "\n".join(faults(tmp_path, **said))
