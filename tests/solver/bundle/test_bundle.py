"""The bundle: what loads when it is asked for, and what a broken one says."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from solver.bundle.bundle import Bundle, as_tensor_values, load_bundle, region_files
from solver.errors import BundleError
from solver.files.atomic_write import sha256_of


@pytest.fixture
def copy(demo: Bundle, tmp_path: Path) -> Path:
    """A copy of the demo's CNN part, to be spoilt."""
    for name in ("food", "masks"):
        shutil.copytree(demo.folder / name, tmp_path / "copy" / name)
    for name in ("checkpoint.pth", "regions.yaml"):
        shutil.copy(demo.folder / name, tmp_path / "copy" / name)
    return tmp_path / "copy"


def test_the_demo_tells_its_ten_pictures_apart(demo: Bundle) -> None:
    batch = torch.stack([torch.from_numpy(as_tensor_values(p)) for p in demo.pictures])
    with torch.no_grad():
        predicted = demo.network(batch).argmax(1).tolist()
    assert predicted == [picture.label for picture in demo.pictures]


def test_the_hashes_are_of_the_files_used(copy: Path) -> None:
    files = load_bundle(copy).files
    assert {"checkpoint.pth", "regions.yaml", "food/1_1.png", "masks/1_2-jug.png"} <= set(files)
    assert all(sha256_of(copy / name) == digest for name, digest in files.items())
    (copy / "notes.txt").write_text("no part of it")
    assert load_bundle(copy).files == files


def test_pictures_load_without_a_checkpoint(copy: Path) -> None:
    (copy / "checkpoint.pth").unlink()
    bundle = load_bundle(copy)
    assert len(bundle.pictures) == 10
    assert "checkpoint.pth" not in bundle.files
    with pytest.raises(BundleError, match=r"checkpoint\.pth: there is no such checkpoint"):
        _ = bundle.network


def test_a_class_the_network_does_not_know_is_said(copy: Path) -> None:
    whole = torch.load(copy / "checkpoint.pth", weights_only=True)
    for name in ("fc.3.weight", "fc.3.bias"):
        whole["model_state_dict"][name] = whole["model_state_dict"][name][:9].clone()
    torch.save(whole, copy / "checkpoint.pth")
    with pytest.raises(BundleError, match=r"9_9\.png: class 9 is out of range.*0 to 8"):
        _ = load_bundle(copy).network


@pytest.mark.parametrize("place", [-1, 10, 99])
def test_a_picture_that_is_not_there_is_said(demo: Bundle, place: int) -> None:
    with pytest.raises(BundleError, match=f"there is no picture {place}: 10 were found"):
        demo.picture(place)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such bundle folder"):
        load_bundle(tmp_path / "none")
    with pytest.raises(BundleError, match="food: there is no such folder of pictures"):
        load_bundle(tmp_path)


def test_a_broken_mask_is_said_when_regions_are_asked_for(copy: Path) -> None:
    (copy / "masks" / "1_2-jug.png").write_bytes(b"torn")
    bundle = load_bundle(copy)
    assert bundle.regions(0)["food"].any()
    with pytest.raises(BundleError, match=r"picture 1_2, region .*1_2-jug\.png"):
        bundle.regions(1)


def test_a_bundles_own_regions_come_first_and_others_pictures_have_none(copy: Path) -> None:
    assert region_files(copy)[0] == copy / "regions.yaml"
    assert load_bundle(copy).regions(1).keys() == {"jug", "handle", "milk", "contour", "food"}
    with Image.open(copy / "food" / "1_2.png") as image:
        image.transpose(Image.Transpose.ROTATE_90).save(copy / "food" / "1_2.png")
    assert load_bundle(copy).regions(1) == {}
    (copy / "regions.yaml").unlink()
    assert load_bundle(copy).regions(0) == {}


def test_drawn_pictures_do_not_get_the_regions_of_the_photographs_they_are_of(copy: Path) -> None:
    """The demo's jug lies where the jug of 2021 does, and is another picture all the same."""
    (copy / "regions.yaml").unlink()
    bundle = load_bundle(copy)
    assert [bundle.regions(place) for place in range(10)] == [{}] * 10


def test_regions_have_words_in_both_languages(demo: Bundle) -> None:
    assert demo.region_words(1)["handle"] == ("the handle", "把手")
    for place in range(10):
        assert demo.region_words(place).keys() == demo.regions(place).keys()


def test_a_mirrored_bundle_has_mirrored_pixels(copy: Path, demo: Bundle) -> None:
    for path in (copy / "food").iterdir():
        with Image.open(path) as image:
            image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(path)
    for before, after in zip(demo.pictures, load_bundle(copy).pictures, strict=True):
        assert np.array_equal(before.rgb[:, ::-1], after.rgb)
