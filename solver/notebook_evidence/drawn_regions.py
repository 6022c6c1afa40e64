"""The record of a picture's regions, for evidence that comes without a bundle."""

from __future__ import annotations

from pathlib import Path

from solver.bundle.pictures import Picture
from solver.bundle.regions import region_words, regions_for
from solver.evidence import Record, record_id
from solver.files.apple_double import without_apple_double
from solver.files.resources import shipped_region_files


def drawn_regions(picture: Picture, regions: Path) -> Record | None:
    """Return the regions drawn for a picture, with their names in sentences; None if none are.

    A region without a name in the file may have one in those that ship.

    Raises:
        BundleError: a region file is damaged.
    """
    masks = regions_for(picture, regions)
    if not masks:
        return None
    words = region_words([regions, *without_apple_double(shipped_region_files())])
    named = {name: list(words[name]) for name in sorted(masks) if name in words}
    about = {"source": "drawn for this picture", "words": named}
    return Record(record_id("regions", picture.place), dict(masks), about)
