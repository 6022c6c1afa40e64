"""Named regions of pictures ("food", "plate", "handle"), read from ``regions.yaml``.

The format is described in docs/formats/regions.md: polygons with holes, masks, bands along lines,
or another region with something taken away.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, model_validator

from solver.bundle.coverage import Mask, Points, bands_mask, polygons_mask
from solver.bundle.pictures import Picture, fingerprint, fingerprint_distance
from solver.errors import BundleError
from solver.files.yaml_source import load_placed_yaml, validated

Coordinate = Annotated[float, Field(ge=-10_000, le=10_000)]
Point = tuple[Coordinate, Coordinate]
Line = Annotated[list[Point], Field(min_length=2, max_length=20_000)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]

SAME_PICTURE_BITS = 6
"""Bits (of 64) in which fingerprints of the same picture differ at the most: copies at other sizes
and qualities differ in no more, different pictures in about 32, and a drawing of a photograph's
scene in 9."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Region(_Strict):
    """One region, given by exactly one of polygons, mask, lines, border_of, same_as."""

    polygons: list[Line] | None = None
    holes: list[Line] = Field(default_factory=list)
    mask: str | None = None
    lines: list[Line] | None = None
    border_of: Name | None = None
    same_as: Name | None = None
    width: float | None = Field(default=None, gt=0, le=10_000)
    minus: list[Name] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_way(self) -> Region:
        ways = ("polygons", "mask", "lines", "border_of", "same_as")
        given = [way for way in ways if getattr(self, way) is not None]
        if len(given) != 1:
            raise ValueError(f"a region needs exactly one of {', '.join(ways)}")
        if (self.width is not None) != (given[0] in ("lines", "border_of")):
            raise ValueError("'width' belongs to 'lines' and 'border_of', and is needed there")
        return self


class PictureRegions(_Strict):
    """The regions of one picture."""

    name: str
    fingerprint: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")
    regions: dict[Name, Region]


class RegionWords(BaseModel):
    """The name of a region in sentences, in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    en: str = Field(min_length=1, max_length=80, description='with its article: "the cake"')
    zh_hant: str = Field(min_length=1, max_length=80, alias="zh-Hant")


class RegionsFile(_Strict):
    """A whole ``regions.yaml``."""

    format: Literal["hw9-regions/1"]
    size: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]
    names: dict[Name, RegionWords] = Field(
        default_factory=dict, description="what sentences call the regions, by name"
    )
    pictures: list[PictureRegions]


def load_regions(path: Path) -> RegionsFile:
    """Read a region file.

    Raises:
        BundleError: names the file and the line.
    """
    try:
        seen = path.stat()
    except OSError:
        return _read_regions(path, 0, 0)  # says itself what is wrong
    return _read_regions(path, seen.st_mtime_ns, seen.st_size)


@lru_cache(maxsize=8)
def _read_regions(path: Path, _changed: int, _size: int) -> RegionsFile:
    """The file as of that time: asked for once a picture, it takes a second to read."""
    return validated(load_placed_yaml(path, BundleError), RegionsFile, BundleError)


def region_words(paths: Sequence[Path]) -> dict[str, tuple[str, str]]:
    """Return the name of each region in sentences (en, zh-Hant); the first file with one counts."""
    found: dict[str, tuple[str, str]] = {}
    for path in paths:
        for name, words in load_regions(path).names.items():
            found.setdefault(name, (words.en, words.zh_hant))
    return found


def regions_for(picture: Picture, path: Path) -> dict[str, Mask] | None:
    """Return the masks (H, W) a region file has for `picture`, at its size, or None.

    An entry belongs to the picture when the names agree and the fingerprint, where given, is that
    of the same picture.
    """
    regions = load_regions(path)
    for entry in regions.pictures:
        if entry.name != picture.name:
            continue
        # Regions of another year's picture with the same name must not be laid over this one.
        if entry.fingerprint is not None:
            distance = fingerprint_distance(entry.fingerprint, fingerprint(picture.rgb))
            if distance > SAME_PICTURE_BITS:
                continue
        return masks_of(regions, entry, path, picture.rgb.shape[1::-1])
    return None


def masks_of(
    regions: RegionsFile, entry: PictureRegions, path: Path, size: tuple[int, ...]
) -> dict[str, Mask]:
    """Return the masks (H, W) of one entry of a region file, by name.

    Args:
        regions: the file.
        entry: one of its pictures, or a file that is to become one.
        path: of the file; masks are looked for beside it.
        size: width and height.

    Raises:
        BundleError: a region is made of one that is not there, or of itself; a mask cannot be read.
    """
    return _Rasterizer(regions, entry, path, size).all_masks()


class _Rasterizer:
    """Draws the regions of one picture into masks of `size` (width, height)."""

    def __init__(
        self, regions: RegionsFile, entry: PictureRegions, path: Path, size: tuple[int, ...]
    ) -> None:
        self.entry, self.path = entry, path
        self.size = (size[0], size[1])
        self.scale = (size[0] / regions.size[0], size[1] / regions.size[1])
        self.done: dict[str, Mask] = {}

    def all_masks(self) -> dict[str, Mask]:
        return {name: self.mask(name, ()) for name in sorted(self.entry.regions)}

    def mask(self, name: str, within: tuple[str, ...]) -> Mask:
        if name in within:
            raise self._fault(name, "is defined by itself", "由自己定義")
        if name not in self.entry.regions:
            raise self._fault(
                within[-1] if within else name,
                f"names {name!r}, which is not there",
                f"提到不存在的 {name!r}",
            )
        if name not in self.done:
            region = self.entry.regions[name]
            mask = self._drawn(name, region, within)
            for other in region.minus:
                # `within` is the way here: a region on it would go round for ever.
                mask = mask & ~self.mask(other, (*within, name))
            self.done[name] = mask
        return self.done[name]

    def _drawn(self, name: str, region: Region, within: tuple[str, ...]) -> Mask:
        if region.polygons is not None:
            return self._filled(region.polygons) & ~self._filled(region.holes)
        if region.lines is not None:
            assert region.width is not None
            lines = [self._scaled(line) for line in region.lines]
            return bands_mask(lines, region.width * self.scale[0], self.size)
        if region.mask is not None:
            return self._read_mask(name, region.mask)
        if region.border_of is not None:
            assert region.width is not None
            other = self.mask(region.border_of, (*within, name))
            return _border(other, region.width * self.scale[0])
        assert region.same_as is not None
        return self.mask(region.same_as, (*within, name))

    def _filled(self, polygons: list[Line]) -> Mask:
        return polygons_mask([self._scaled(polygon) for polygon in polygons], self.size)

    def _scaled(self, line: Line) -> Points:
        return np.array(line) * self.scale

    def _read_mask(self, name: str, file: str) -> Mask:
        path = (self.path.parent / file).resolve()
        if not path.is_relative_to(self.path.parent.resolve()):
            raise self._fault(
                name,
                f"the mask {file!r} lies outside the folder of {self.path.name}",
                f"遮罩 {file!r} 不在 {self.path.name} 的資料夾內",
            )
        try:
            # Its size is checked here, with our own message; Pillow's warning is not shown.
            with (
                warnings.catch_warnings(action="ignore"),
                Image.open(path, formats=("PNG",)) as image,
            ):
                if image.width * image.height > 60_000_000:
                    raise self._fault(
                        name, f"the mask {file!r} is too large", f"遮罩 {file!r} 太大"
                    )
                grey = image.convert("L").resize(self.size, Image.Resampling.NEAREST)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
            raise self._fault(
                name, f"the mask {file!r} is missing or no PNG", f"遮罩 {file!r} 不存在或不是 PNG"
            ) from problem
        return np.asarray(grey) > 127

    def _fault(self, name: str, message: str, zh: str) -> BundleError:
        place = f"picture {self.entry.name}, region {name}"
        return BundleError(message, path=self.path, place=place, zh=zh)


def _border(mask: Mask, width: float) -> Mask:
    from scipy import ndimage  # some tenths of a second, and a bundle is often only looked at

    inside = ndimage.distance_transform_edt(mask)
    outside = ndimage.distance_transform_edt(~mask)
    # Of a thinner border than two pixels nothing might be left at all.
    near: Mask = np.maximum(inside, outside) <= max(width / 2, 1.0)
    return near
