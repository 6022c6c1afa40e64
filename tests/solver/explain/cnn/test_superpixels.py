"""Superpixels against those that scikit-image 0.16.2, 0.18.3 and 0.26.0 themselves made."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError
from skimage.segmentation import slic

from solver.banks.course_settings import Superpixels
from solver.explain.cnn.superpixels import superpixels

# scikit-image; seed and blur of the made picture; segments, compactness, sigma, start label; the
# SHA-256 of the labels that this scikit-image gave (little-endian int64, 16 digits), their number.
MADE_BY_THEMSELVES = [
    ("0.16", 1, 9, 200, 1, 1, 0, "97aa0fe9f967bf09", 112),
    ("0.16", 2, 25, 200, 1, 1, 0, "d356de0791c90a14", 142),
    ("0.16", 3, 49, 200, 1, 1, 0, "45f5fc7b8213701c", 154),
    ("0.16", 12, 9, 200, 1, 0, 0, "22a9b715da632079", 29),
    ("0.16", 5, 16, 60, 10, 0.5, 0, "efe05be7f3c6cd6f", 50),
    ("0.16", 6, 12, 90, 4, 2, 0, "832f8549ec37bc59", 78),
    ("0.18", 1, 9, 200, 1, 1, 0, "cf0f6c54cf092c6c", 101),
    ("0.18", 1, 9, 200, 1, 1, 1, "7e6499ac2606e4e7", 102),
    ("0.18", 2, 25, 200, 1, 1, 0, "6bc679408501da08", 137),
    ("0.18", 2, 25, 200, 1, 1, 1, "66c1fc04f80eb4ef", 137),
    ("0.18", 3, 49, 200, 1, 1, 0, "15ad20321e702140", 149),
    ("0.18", 3, 49, 200, 1, 1, 1, "ec1f090f8c3c105f", 149),
    ("0.18", 12, 9, 200, 1, 0, 0, "30e035fa791304ed", 28),
    ("0.18", 12, 9, 200, 1, 0, 1, "2fb741d1b253a363", 29),
    ("0.18", 5, 16, 60, 10, 0.5, 0, "c0ae0f0ba6968c70", 52),
    ("0.18", 5, 16, 60, 10, 0.5, 1, "c9ca61cd320836d3", 52),
    ("0.18", 6, 12, 90, 4, 2, 0, "6c0cb513e374973a", 85),
    ("0.18", 6, 12, 90, 4, 2, 1, "a0590f6dd3efe365", 85),
    ("0.19", 1, 9, 200, 1, 1, 0, "08973da21525ee91", 106),
    ("0.19", 1, 9, 200, 1, 1, 1, "af427def16b11ee0", 106),
    ("0.19", 2, 25, 200, 1, 1, 0, "324789daaab9a2e7", 134),
    ("0.19", 2, 25, 200, 1, 1, 1, "269477aed85bd24f", 134),
    ("0.19", 3, 49, 200, 1, 1, 0, "4cb64ea47d2997cf", 143),
    ("0.19", 3, 49, 200, 1, 1, 1, "3f1a18b390a53ab7", 143),
    ("0.19", 12, 9, 200, 1, 0, 0, "e8ca66904990be27", 32),
    ("0.19", 12, 9, 200, 1, 0, 1, "9ebae98172298b9b", 32),
    ("0.19", 5, 16, 60, 10, 0.5, 0, "fd4292b4cff5e6d2", 39),
    ("0.19", 5, 16, 60, 10, 0.5, 1, "32a9990a87a7d997", 39),
    ("0.19", 6, 12, 90, 4, 2, 0, "e46ef85458d22b53", 74),
    ("0.19", 6, 12, 90, 4, 2, 1, "0e017a96341b017a", 74),
]


def made_picture(seed: int, blur: int) -> npt.NDArray[np.uint8]:
    """Blurred noise between 40 and 220, in whole numbers: the same under any NumPy."""
    values = np.random.RandomState(seed).randint(0, 256, (128, 128, 3))
    for axis in (0, 1):
        around = np.concatenate([values.take(range(-blur, 0), axis), values], axis)
        sums = np.cumsum(around, axis)
        values = sums.take(range(blur, 128 + blur), axis) - sums.take(range(128), axis)
        values = values // blur
    low, high = values.min(), values.max()
    return ((values - low) * 180 // (high - low) + 40).astype(np.uint8)


@pytest.mark.parametrize(
    ("version", "seed", "blur", "segments", "compactness", "sigma", "start", "digest", "count"),
    MADE_BY_THEMSELVES,
)
def test_every_pixel_is_that_of_the_version(
    version: str,
    seed: int,
    blur: int,
    segments: int,
    compactness: float,
    sigma: float,
    start: int,
    digest: str,
    count: int,
) -> None:
    settings = Superpixels.model_validate(
        {
            "scikit_image": version,
            "segments": segments,
            "compactness": compactness,
            "sigma": sigma,
            "start_label": start,
        }
    )
    labels = superpixels(made_picture(seed, blur), settings)
    assert len(np.unique(labels)) == count
    assert hashlib.sha256(labels.astype("<i8").tobytes()).hexdigest()[:16] == digest


def test_no_two_versions_are_one() -> None:
    digests = [row[7] for row in MADE_BY_THEMSELVES]
    assert len(set(digests)) == len(digests)


def test_those_of_0_19_are_todays_slic() -> None:
    picture = made_picture(4, 20)
    theirs = slic(picture / 255.0, n_segments=200, compactness=1, sigma=1, start_label=1)
    ours = superpixels(picture, Superpixels(scikit_image="0.19", start_label=1))
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("version", ["0.16", "0.18", "0.19"])
@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("shape", [(128, 128), (1, 1), (5, 90)])
def test_a_picture_of_one_colour_is_cut_as_well(
    version: str, start: int, shape: tuple[int, int]
) -> None:
    if version == "0.16" and start == 1:
        pytest.skip("0.16 counts from 0")
    picture = np.full((*shape, 3), 200, np.uint8)
    settings = Superpixels.model_validate({"scikit_image": version, "start_label": start})
    labels = superpixels(picture, settings)
    assert labels.shape == shape
    assert labels.min() in (0, start)


def test_what_is_returned_may_be_written_to() -> None:
    picture = made_picture(4, 20)
    first = superpixels(picture, Superpixels())
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(superpixels(picture, Superpixels()), kept)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"scikit_image": "0.17"}, "'0.16', '0.18' or '0.19'"),
        ({"scikit_image": 0.2}, "'0.16', '0.18' or '0.19'"),
        ({"scikit_image": "0.16", "start_label": 1}, "counts its superpixels from 0"),
        ({"segments": 0}, "greater than or equal to 1"),
        ({"sgima": 1}, "not permitted"),
    ],
)
def test_settings_that_cannot_be_are_refused(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Superpixels.model_validate(given)


def test_a_version_that_yaml_read_as_a_number_is_taken() -> None:
    assert Superpixels.model_validate({"scikit_image": 0.18}) == Superpixels(scikit_image="0.18")
