"""Pictures of a bundle: the course's order, safe reading, and the network's resize."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from solver.errors import BundleError
from solver.files.apple_double import without_apple_double

SIDE = 128
"""Pixels a side of the course's pictures."""
SUFFIXES = (".jpg", ".jpeg", ".png")
MAX_PIXELS = 60_000_000  # 180 MB in memory; few cameras give more
DEEP_MODES = ("I", "F")
"""Pillow's names of grey pictures of 16 or 32 bits (I, I;16, I;16B, F): `convert` clips them."""

CLASSES = (
    "Bread",
    "Dairy product",
    "Dessert",
    "Egg",
    "Fried food",
    "Meat",
    "Noodles/Pasta",
    "Rice",
    "Seafood",
    "Soup",
    "Vegetable/Fruit",
)


@dataclass(frozen=True)
class Picture:
    """A picture as the network gets it.

    Attributes:
        place: its number in a question ("picture k").
        name: file stem, in the course's layout ``<class>_<n>``.
        label: class index.
        rgb: uint8 (side, side, 3), at the size the network takes.
        size: width and height of the file's picture.
    """

    place: int
    name: str
    label: int
    path: Path
    rgb: npt.NDArray[np.uint8]
    size: tuple[int, int]


@dataclass(frozen=True)
class PictureFile:
    """A picture's file and the class it is of."""

    path: Path
    label: int


def course_order(path: Path) -> tuple[int, int]:
    """Sort key of a picture's file: its class, then its stem as a number."""
    # int() reads 8_5 as 85: so the course's own sort has it.
    return int(path.stem.split("_")[0]), int(path.stem)


def load_pictures(folder: Path, classes: int = len(CLASSES), side: int = SIDE) -> list[Picture]:
    """Read every picture of a ``food/`` folder in the course's order, `side` pixels a side.

    Raises:
        BundleError: no folder, no picture, a name that is not ``<class>_<n>``, two files for one
            place, a class out of range, a file that is not a picture or too large.
    """
    if not folder.is_dir():
        raise BundleError(
            "there is no such folder of pictures",
            path=folder,
            mend="The bundle needs food/<class>_<n>.jpg.",
        )
    files = without_apple_double(folder.iterdir())
    paths = [path for path in files if path.suffix.lower() in SUFFIXES]
    if not paths:
        raise BundleError("holds no .jpg, .jpeg or .png", path=folder)
    for path in paths:
        _check_name(path, classes)
    paths.sort(key=lambda path: (course_order(path), path.name))
    for first, second in pairwise(paths):
        if course_order(first) == course_order(second):
            raise BundleError(f"has the same place in the order as {first.name}", path=second)
    return read_pictures([PictureFile(path, int(path.stem.split("_")[0])) for path in paths], side)


def read_pictures(files: Sequence[PictureFile], side: int = SIDE) -> list[Picture]:
    """Read pictures in the order given, `side` pixels a side.

    Raises:
        BundleError: a file that is not a picture or too large.
    """
    read = []
    for place, one in enumerate(files):
        image = open_rgb(one.path)
        pixels = resized(image, side)
        read.append(Picture(place, one.path.stem, one.label, one.path, pixels, image.size))
    return read


def _check_name(path: Path, classes: int) -> None:
    if not re.fullmatch(r"[0-9]{1,4}(_[0-9]{1,6})+", path.stem, re.ASCII):
        raise BundleError(
            "is not named <class>_<n>", path=path, mend="For example 8_5.jpg for class 8."
        )
    label = int(path.stem.split("_")[0])
    if label >= classes:
        raise BundleError(f"class {label} is out of range, expected 0 to {classes - 1}", path=path)


def open_rgb(path: Path) -> Image.Image:
    """Open a picture file as RGB; refuse a broken or absurdly large one.

    Raises:
        BundleError: names the file, its fault and the mend.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Two formats alone: Pillow's others are decoders that no course needs and an attacker
            # may.
            with Image.open(path, formats=("JPEG", "PNG")) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise BundleError(
                        f"has {image.width} x {image.height} pixels, more than {MAX_PIXELS:,}",
                        path=path,
                        mend="Scale it down.",
                    )
                if image.mode.startswith(DEEP_MODES):
                    raise BundleError(
                        f"has grey values of more than 8 bits (mode {image.mode}), which would "
                        "all turn white",
                        path=path,
                        mend="Save it again as 8-bit grey or RGB.",
                    )
                return image.convert("RGB")
    except BundleError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BundleError(f"has more than {MAX_PIXELS:,} pixels", path=path) from None
    except Exception as problem:  # Pillow raises many kinds for damaged files
        missing = not path.exists()
        reason = "there is no such file" if missing else "is broken or no JPEG or PNG"
        mend = "Put it there." if missing else "Replace it."
        raise BundleError(reason, path=path, mend=mend) from problem


def resized(image: Image.Image, side: int = SIDE) -> npt.NDArray[np.uint8]:
    """Return the picture at one size as uint8 (side, side, 3), as 2021's torchvision made it."""
    # torchvision's Resize of a PIL picture is Pillow's own bilinear resize: no torch is needed.
    # Pillow resized the width and then the height, with 8 bits between; since 13.0 it resizes the
    # height of a tall picture first. Two calls give the former bytes under every Pillow.
    narrowed = image.resize((side, image.height), Image.Resampling.BILINEAR)
    return np.asarray(narrowed.resize((side, side), Image.Resampling.BILINEAR), dtype=np.uint8)


def fingerprint(rgb: npt.NDArray[np.uint8]) -> str:
    """Return the 64-bit difference hash of a picture (H, W, 3) as 16 hex digits.

    It survives another file format or JPEG quality, so regions drawn for a picture are found again.
    """
    # Grey, 9x8, one bit for each pair of neighbours (right one brighter), row by row.
    grey = Image.fromarray(rgb).convert("L").resize((9, 8), Image.Resampling.BILINEAR)
    values = np.asarray(grey, dtype=np.int16)
    bits = (values[:, 1:] > values[:, :-1]).ravel()  # 8 bits a row
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def fingerprint_distance(first: str, second: str) -> int:
    """Return how many of the 64 bits differ."""
    return (int(first, 16) ^ int(second, 16)).bit_count()
