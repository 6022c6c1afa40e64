"""Pictures: the course's order, torchvision's resize, and every bad file one sentence."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from solver.bundle.bundle import Bundle, as_tensor_values
from solver.bundle.pictures import (
    course_order,
    fingerprint,
    fingerprint_distance,
    load_pictures,
    open_rgb,
    resized,
)
from solver.errors import BundleError


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def food(folder: Path, *names: str) -> Path:
    for seed, name in enumerate(names):
        noise(20, 16, seed).save(folder / name)
    return folder


@settings(max_examples=20, deadline=None, derandomize=True)
@given(width=st.integers(1, 300), height=st.integers(1, 300), seed=st.integers(0, 99))
def test_the_resize_is_torchvisions(width: int, height: int, seed: int) -> None:
    """Width and height in two calls: in one, Pillow 13 takes a tall picture's height first."""
    image = noise(width, height, seed)
    theirs = v2.Resize((128, 128))(v2.Resize((height, 128))(image))
    assert np.array_equal(resized(image), np.asarray(theirs))
    if height <= width:
        assert np.array_equal(resized(image), np.asarray(v2.Resize((128, 128))(image)))


# SHA-256 (16 digits) of what Pillow 7.1.2, the course's of 2021, made in one call of noise.
BYTES_OF_2021 = {
    (200, 300): "8e503c596a2bec40",
    (307, 512): "0db4a9e817c4f13e",
    (128, 300): "c9ad2a8f2c25abd7",
    (90, 128): "3409f7acc048d4c0",
    (300, 200): "4b0c7dd73b439f7f",
}


@pytest.mark.parametrize("size", BYTES_OF_2021)
def test_the_bytes_are_those_of_2021(size: tuple[int, int]) -> None:
    width, height = size
    values = np.random.RandomState(width).randint(0, 256, (height, width, 3)).astype(np.uint8)
    found = resized(Image.fromarray(values))
    assert hashlib.sha256(found.tobytes()).hexdigest()[:16] == BYTES_OF_2021[size]


def test_a_picture_of_16_bits_is_refused(tmp_path: Path) -> None:
    values = np.full((20, 16), 3000, np.uint16)
    Image.fromarray(values).save(tmp_path / "8_5.png")
    sentence = refused(tmp_path)
    assert "8_5.png: has grey values of more than 8 bits" in sentence
    assert "Save it again as 8-bit grey or RGB." in sentence


def test_files_that_macos_writes_beside_are_passed_over(tmp_path: Path) -> None:
    food(tmp_path, "8_5.jpg", "1_1.png")
    for name in ("._8_5.jpg", "._1_1.png", "._.DS_Store"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    assert [picture.name for picture in load_pictures(tmp_path)] == ["1_1", "8_5"]
    for name in ("8_5.jpg", "1_1.png"):
        (tmp_path / name).unlink()
    assert "holds no .jpg" in refused(tmp_path)


def test_the_tensor_is_torchvisions(demo: Bundle) -> None:
    for picture in demo.pictures:
        with Image.open(picture.path) as image:
            course = v2.Compose([v2.Resize((128, 128)), v2.ToImage()])(image)
        assert np.array_equal(as_tensor_values(picture), course.numpy() / np.float32(255))


def test_the_courses_order(tmp_path: Path) -> None:
    names = ["8_5", "8_7", "8_6", "9_9", "1_2", "1_1", "0_3", "10_0", "2_3", "3_0", "5_4", "6_8"]
    pictures = load_pictures(food(tmp_path, *(f"{name}.jpg" for name in names)))
    expected = ["0_3", "1_1", "1_2", "2_3", "3_0", "5_4", "6_8", "8_5", "8_6", "8_7", "9_9", "10_0"]
    assert [picture.name for picture in pictures] == expected
    assert [picture.place for picture in pictures] == list(range(12))
    assert [picture.label for picture in pictures] == [int(n.split("_")[0]) for n in expected]


def test_a_name_is_read_as_python_reads_it() -> None:
    assert course_order(Path("8_5.jpg")) == (8, 85)
    assert course_order(Path("8_10.jpg")) == (8, 810)
    assert course_order(Path("8_05.png")) == (8, 805)
    assert course_order(Path("8_9.jpg")) < course_order(Path("8_10.jpg"))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(pairs=st.lists(st.tuples(st.integers(0, 10), st.integers(0, 999)), unique=True, min_size=2))
def test_the_order_is_the_courses_sort(pairs: list[tuple[int, int]]) -> None:
    names = [f"{label}_{number}" for label, number in pairs]
    by_us = sorted(names, key=lambda name: course_order(Path(name)))
    by_course = sorted(sorted(names, key=int), key=lambda name: int(name.split("_")[0]))
    assert [int(name) for name in by_us] == [int(name) for name in by_course]


def test_any_suffix_size_and_mode_is_taken(tmp_path: Path) -> None:
    noise(300, 90).save(tmp_path / "0_1.JPG")
    noise(7, 400).convert("CMYK").save(tmp_path / "0_2.jpeg")
    noise(64, 64).convert("LA").save(tmp_path / "0_3.png")
    noise(64, 64).convert("P").save(tmp_path / "0_4.PNG")
    (tmp_path / "notes.txt").write_text("no picture, no matter")
    pictures = load_pictures(tmp_path)
    assert [picture.size for picture in pictures] == [(300, 90), (7, 400), (64, 64), (64, 64)]
    assert all(picture.rgb.shape == (128, 128, 3) for picture in pictures)


def png_that_claims(width: int, height: int) -> bytes:
    """A tiny PNG whose header says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def refused(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        load_pictures(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is broken or no JPEG or PNG"),
        (b"not a picture", "is broken or no JPEG or PNG"),
        (b"\x89PNG\r\n\x1a\n torn", "is broken or no JPEG or PNG"),
        (png_that_claims(9_000, 9_000), "9000 x 9000 pixels, more than 60,000,000. Scale it down"),
        (png_that_claims(60_000, 60_000), "more than 60,000,000 pixels"),
        (png_that_claims(12_000, 8_000), "more than 60,000,000"),
        (b"GIF89a" + b"\0" * 40, "is broken or no JPEG or PNG"),
    ],
)
def test_a_bad_picture_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    (food(tmp_path, "1_1.png") / "1_2.png").write_bytes(content)
    sentence = refused(tmp_path)
    assert says in sentence
    assert "1_2.png" in sentence


def test_a_torn_jpeg_is_refused_and_not_half_grey(tmp_path: Path) -> None:
    noise(200, 200).save(tmp_path / "1_1.jpg")
    whole = (tmp_path / "1_1.jpg").read_bytes()
    (tmp_path / "1_1.jpg").write_bytes(whole[: len(whole) // 2])
    assert "1_1.jpg: is broken" in refused(tmp_path)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["11_1.jpg"], "class 11 is out of range, expected 0 to 10"),
        (["apple.jpg"], "is not named <class>_<n>. For example 8_5.jpg"),
        (["8.jpg"], "is not named"),
        (["8_5_.jpg"], "is not named"),
        (["-1_5.jpg"], "is not named"),
        (["8__5.jpg"], "is not named"),
        (["８_5.jpg"], "is not named"),
        (["8_5.jpg", "8_5.png"], "has the same place in the order as 8_5.jpg"),
        (["8_05.jpg", "8_0_5.jpg"], "has the same place in the order as 8_05.jpg"),
        ([], "holds no .jpg, .jpeg or .png"),
    ],
)
def test_a_bad_name_is_named(tmp_path: Path, names: list[str], says: str) -> None:
    assert says in refused(food(tmp_path, *names))


def test_no_folder_and_no_file_are_said(tmp_path: Path) -> None:
    assert "no such folder of pictures" in refused(tmp_path / "food")
    with pytest.raises(BundleError, match=r"1_1\.png: there is no such file"):
        open_rgb(tmp_path / "1_1.png")
    (tmp_path / "1_1.png").mkdir()
    assert "1_1.png" in refused(tmp_path)


def test_a_picture_is_known_again_at_another_size_and_quality(demo: Bundle, tmp_path: Path) -> None:
    marks = [fingerprint(picture.rgb) for picture in demo.pictures]
    for picture, mark in zip(demo.pictures, marks, strict=True):
        Image.fromarray(picture.rgb).resize((400, 300)).save(tmp_path / "copy.jpg", quality=60)
        again = fingerprint(resized(open_rgb(tmp_path / "copy.jpg")))
        assert fingerprint_distance(mark, again) <= 6
    others = [fingerprint_distance(a, b) for at, a in enumerate(marks) for b in marks[at + 1 :]]
    assert min(others) > 6
    mirrored = [fingerprint(np.ascontiguousarray(p.rgb[:, ::-1])) for p in demo.pictures]
    assert all(fingerprint_distance(a, b) > 6 for a, b in zip(marks, mirrored, strict=True))
