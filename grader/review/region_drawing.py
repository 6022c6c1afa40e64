"""The regions of a bundle's pictures while they are drawn: those asked for, and the file."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

from PIL import Image

from solver.banks.bank import Bank
from solver.bundle.bundle import region_files
from solver.bundle.labelme import from_labelme, to_labelme
from solver.bundle.pictures import SIDE, Picture, load_pictures, open_rgb
from solver.bundle.region_files import (
    FILE,
    begun_regions,
    is_for,
    picture_named,
    save_regions,
    with_regions,
)
from solver.bundle.regions import PictureRegions, Region, RegionWords, masks_of, region_words
from solver.errors import OutputError
from solver.files.atomic_write import sha256_of
from solver.page.figures.panels import UNITS, outlines_of
from solver.rules.asked_regions import asked_regions
from solver.rules.registry import plan_questions

MOST_PIXELS = 1600
"""Width and height of a picture on the page."""


class RegionDrawing:
    """A bundle whose regions are drawn.

    Args:
        folder: with ``food/``; ``regions.yaml`` is written into it.
        bank: whose questions say which regions are needed.

    Raises:
        Hw9Error: pictures, regions or bank cannot be read.
    """

    def __init__(self, folder: Path, bank: Bank) -> None:
        self.folder = folder
        self.bank = bank
        self.path = folder / FILE
        self.pictures = load_pictures(folder / "food")
        self.asked = asked_regions(plan_questions(bank))
        self._shipped = region_words(region_files(folder))
        self._lock = threading.Lock()
        self._read()

    def _read(self) -> None:
        self.version = self._hash()
        self.file = begun_regions(self.folder, self.pictures)

    def _hash(self) -> str:
        # 64 zeros: a version of the right form for a file that is not there yet.
        return sha256_of(self.path) if self.path.is_file() else "0" * 64

    def picture(self, place: int) -> Picture:
        """Return a picture by its place; raises BundleError where there is none."""
        return picture_named(self.pictures, place, self.folder)

    def entry(self, picture: Picture) -> PictureRegions:
        """Return a picture's regions, empty where none are drawn."""
        found = [entry for entry in self.file.pictures if is_for(entry, picture)]
        return found[0] if found else PictureRegions(name=picture.name, regions={})

    def state(self) -> dict[str, Any]:
        """Return everything that the page shows, as JSON has it."""
        with self._lock:
            if self._hash() != self.version:
                self._read()
            words = {
                name: {"en": en, "zh-Hant": chinese}
                for name, (en, chinese) in self._shipped.items()
            } | {name: one.model_dump(by_alias=True) for name, one in self.file.names.items()}
            return {
                "version": self.version,
                "size": self.file.size,
                "names": words,
                "pictures": [self._shown(picture) for picture in self.pictures],
            }

    def _shown(self, picture: Picture) -> dict[str, Any]:
        regions = self.entry(picture).regions
        return {
            "outlines": self._outlines(self.entry(picture)),
            "place": picture.place,
            "name": picture.name,
            "asked": self.asked.get(picture.place, {}),
            "regions": {
                name: region.model_dump(exclude_none=True) for name, region in regions.items()
            },
        }

    def _outlines(self, entry: PictureRegions) -> dict[str, Any]:
        """Lines, in the file's frame, around regions that are not just their own polygons.

        Raises:
            BundleError: a region is made of one that is not there, or of itself.
        """
        wanted = [
            name
            for name, region in entry.regions.items()
            # Others are outlined by the page itself while they are drawn.
            if region.minus or not (region.polygons or region.lines)
        ]
        if not wanted:
            return {}
        masks = masks_of(self.file, entry, self.path, (SIDE, SIDE))
        scale = [size / UNITS for size in self.file.size]
        return {
            one.name[0]: [(line * scale).round(1).tolist() for line in one.lines]
            for one in outlines_of(((name, name), masks[name]) for name in wanted)
        }

    def save(
        self,
        version: str,
        place: int,
        regions: dict[str, Region],
        names: dict[str, RegionWords],
    ) -> dict[str, Any]:
        """Write one picture's regions, with its fingerprint.

        Returns:
            The file's new version, and the outlines of regions that are made of others.

        Raises:
            OutputError: the file is not the one that the page showed, or cannot be written.
            BundleError: a region is made of one that is not there, or of itself.
        """
        with self._lock:
            if version != self.version or self._hash() != self.version:
                raise OutputError(
                    f"{self.path}: was changed since this page showed it, in another tab or by "
                    "hand. Nothing was written; load the page again."
                )
            picture = self.picture(place)
            file = with_regions(self.file, picture, regions, {**self.file.names, **names})
            # Before anything is written: regions that go round in a circle are refused here.
            outlines = self._outlines(PictureRegions(name=picture.name, regions=regions))
            self.file = file
            save_regions(file, self.path)
            self.version = self._hash()
            return {"version": self.version, "outlines": outlines}

    def take(self, version: str, place: int, text: str) -> None:
        """Write the regions of a labelme file into those of a picture."""
        drawn = from_labelme(text, self.file.size)
        regions = {**self.entry(self.picture(place)).regions, **drawn}
        self.save(version, place, regions, {})

    def labelme(self, place: int) -> dict[str, Any]:
        """Return a picture's regions as labelme reads them."""
        picture = self.picture(place)
        return to_labelme(self.file, self.entry(picture), picture)

    def png(self, place: int) -> bytes:
        """Return a picture as the page shows it."""
        image = open_rgb(self.picture(place).path)
        image.thumbnail((MOST_PIXELS, MOST_PIXELS), Image.Resampling.LANCZOS)
        made = io.BytesIO()
        # For one machine's own browser: a smaller file would only take longer to make.
        image.save(made, "PNG", compress_level=1)
        return made.getvalue()

    def left(self) -> list[str]:
        """Return the regions asked for and not drawn: "picture 3: cake, fork"."""
        found = []
        for picture in self.pictures:
            drawn = self.entry(picture).regions
            lacking = [name for name in self.asked.get(picture.place, {}) if name not in drawn]
            if lacking:
                found.append(f"picture {picture.place}: {', '.join(lacking)}")
        return found
