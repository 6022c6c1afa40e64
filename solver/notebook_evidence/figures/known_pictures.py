"""The course's pictures as far as they are known without their files: names, marks, superpixels.

``figures/course_pictures.npz`` among the questions' data holds, for the pictures of each edition,
the name, the fingerprint, and the superpixels that each scikit-image makes of the picture as the
notebooks of that year decoded it; today's JPEG decoders differ enough to move superpixels. The
pictures themselves are not there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from solver.bundle.pictures import SIDE, course_order, fingerprint, fingerprint_distance
from solver.bundle.regions import SAME_PICTURE_BITS, load_regions
from solver.files.resources import data_folder
from solver.notebook_evidence.figures.placing import Placing

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.uint8]
MARGIN = 3
"""Pixels by which a picture may lie beyond its panel, and some."""


@dataclass(frozen=True)
class SuperpixelVersion:
    """The superpixels of one picture as one scikit-image makes them.

    Attributes:
        scikit_image: 0.16, 0.18 or 0.19 (and all since).
        start_label: the first label.
        labels: (128, 128).
    """

    scikit_image: str
    start_label: int
    labels: Labels


@dataclass(frozen=True)
class KnownPicture:
    """A picture of the course.

    Attributes:
        name: file stem, ``<class>_<n>``.
        place: its number in the bank's questions; None for a picture of another edition.
        fingerprint: as `solver.bundle.pictures.fingerprint` makes it.
        editions: years it is known of.
        superpixels: by version; empty where none are known.
    """

    name: str
    place: int | None
    fingerprint: str
    editions: tuple[str, ...] = ()
    superpixels: tuple[SuperpixelVersion, ...] = ()

    @property
    def label(self) -> int:
        """Class of the picture."""
        return int(self.name.split("_")[0])


def known_pictures(regions: Path) -> list[KnownPicture]:
    """Return the pictures of a bank's regions file in the course's order, then other editions'.

    Raises:
        BundleError: the regions file is damaged.
    """
    shipped = _shipped()
    entries = [e for e in load_regions(regions).pictures if e.fingerprint is not None]
    entries.sort(key=lambda entry: course_order(Path(entry.name)))
    found = []
    taken: set[int] = set()
    for place, entry in enumerate(entries):
        mark = str(entry.fingerprint)
        # An edition that shows a picture of another year shares its superpixels.
        same = [at for at, one in enumerate(shipped) if _same(one.fingerprint, mark)]
        taken.update(same)
        found.append(
            KnownPicture(
                entry.name,
                place,
                mark,
                tuple(sorted({year for at in same for year in shipped[at].editions})),
                tuple(version for at in same for version in shipped[at].superpixels),
            )
        )
    others: list[KnownPicture] = []
    for at, one in enumerate(shipped):
        same = [n for n, other in enumerate(shipped) if _same(one.fingerprint, other.fingerprint)]
        if at not in taken:
            taken.update(same)
            # A picture of two editions is one picture, with the superpixels of both.
            every = tuple(version for n in same for version in shipped[n].superpixels)
            others.append(replace(one, superpixels=every))
    return found + others


def _same(one: str, other: str) -> bool:
    return fingerprint_distance(one, other) <= SAME_PICTURE_BITS


@cache
def _data() -> dict[str, npt.NDArray[Any]]:
    path = data_folder("questions") / "figures" / "course_pictures.npz"
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def handed_out() -> frozenset[str]:
    """Return the hashes of the figures in the notebook as the course handed it out."""
    return frozenset(map(str, _data()["handed_out"]))


@cache
def _shipped() -> list[KnownPicture]:
    data = _data()
    return [
        KnownPicture(
            str(data["names"][at]),
            None,
            str(data["fingerprints"][at]),
            (str(data["editions"][at]),),
            tuple(
                SuperpixelVersion(str(version), int(start), data["labels"][at, number])
                for number, (version, start) in enumerate(
                    zip(data["versions"], data["start_labels"], strict=True)
                )
            ),
        )
        for at in range(len(data["names"]))
    ]


def whole_picture(panel: Bytes, valid: Mask, placing: Placing | None = None) -> Bytes:
    """Return a panel's picture at 128x128, unreadable places filled from the nearest readable one.

    Args:
        panel: (side, side, 3).
        valid: where it can be read.
        placing: of the picture in the panel; all of it where none is given.
    """
    nearest = ndimage.distance_transform_edt(~valid, return_distances=False, return_indices=True)
    # From the nearest place: a white label over a corner would change the picture's hash.
    filled = np.ascontiguousarray(panel[tuple(nearest)])
    box = None
    if placing is not None:
        filled = np.pad(filled, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="edge")
        left, top = placing.x + MARGIN, placing.y + MARGIN
        box = (left, top, left + placing.width, top + placing.width)
    small = Image.fromarray(filled).resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box)
    return np.asarray(small)


def picture_of(panel: Bytes, valid: Mask, known: list[KnownPicture]) -> KnownPicture | None:
    """Return the known picture in a panel; None for any other picture, or where none is seen."""
    if not valid.any():
        return None
    mark = fingerprint(whole_picture(panel, valid))
    distances = [fingerprint_distance(mark, one.fingerprint) for one in known]
    best = int(np.argmin(distances))
    return known[best] if distances[best] <= SAME_PICTURE_BITS else None
