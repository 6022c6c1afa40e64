"""Regions as labelme's JSON, so that they can be drawn there too, and read back.

Shapes are polygons and line strips in the pixels of the picture's file. Masks, borders and second
names stay in regions.yaml.

Source: the format of labelme 5 (https://github.com/wkentaro/labelme).
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from solver.bundle.pictures import SIDE, Picture
from solver.bundle.regions import PictureRegions, Region, RegionsFile
from solver.errors import BundleError

VERSION = "5.4.1"
# labelme knows neither holes nor widths: a hole has the label NAME:hole, and a band's width, in the
# picture's pixels, is its description.
HOLE = ":hole"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_WIDTH = re.compile(r"width\s+(\d+(?:\.\d+)?)")
_USUAL_WIDTH = 6 / SIDE
"""Width of a band that says none, as a share of the picture's: that of the shipped regions."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore")

    label: str
    points: list[tuple[float, float]] = Field(max_length=20_000)
    shape_type: str = "polygon"
    description: str | None = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    shapes: list[_Shape] = Field(max_length=2000)
    high: int = Field(alias="imageHeight", gt=0)
    wide: int = Field(alias="imageWidth", gt=0)


def to_labelme(file: RegionsFile, entry: PictureRegions, picture: Picture) -> dict[str, Any]:
    """Return a picture's polygons and lines as labelme reads them."""
    scale = picture.size[0] / file.size[0], picture.size[1] / file.size[1]
    shapes: list[dict[str, Any]] = []
    for name, region in entry.regions.items():
        width = f"width {round(region.width * scale[0], 2):g}" if region.width else ""
        for label, kind, lines, said in (
            (name, "polygon", region.polygons or [], ""),
            (name + HOLE, "polygon", region.holes, ""),
            (name, "linestrip", region.lines or [], width),
        ):
            for line in lines:
                points = [[round(x * scale[0], 2), round(y * scale[1], 2)] for x, y in line]
                shapes.append(
                    {
                        "label": label,
                        "points": points,
                        "group_id": None,
                        "description": said,
                        "shape_type": kind,
                        "flags": {},
                    }
                )
    return {
        "version": VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": picture.path.name,
        # The picture lies beside it; labelme would carry it whole, in base64.
        "imageData": None,
        "imageHeight": picture.size[1],
        "imageWidth": picture.size[0],
    }


def from_labelme(text: str, size: tuple[int, int], name: str = "") -> dict[str, Region]:
    """Return the regions of a labelme file, in a frame of `size`.

    Args:
        text: of the file.
        size: width and height of the frame of regions.yaml.
        name: of the file, for errors.

    Raises:
        BundleError: it is no such file, or a shape is none that a region has.
    """
    try:
        read = _File.model_validate_json(text)
    except ValidationError as problem:
        where = ".".join(map(str, problem.errors()[0]["loc"]))
        raise BundleError("is no file of labelme", path=name or None, place=where) from None
    scale = size[0] / read.wide, size[1] / read.high
    parts: dict[str, dict[str, Any]] = {}
    for shape in read.shapes:
        label = shape.label.removesuffix(HOLE)
        if not _NAME.fullmatch(label):
            raise BundleError(
                f"the label {shape.label!r} is no name of a region",
                path=name or None,
                mend="Names are small letters, digits and _, such as spring_onion.",
            )
        points = [(round(x * scale[0], 2), round(y * scale[1], 2)) for x, y in shape.points]
        kind, points = _as_line(shape, points, name)
        if kind == "lines":
            told = _WIDTH.search(shape.description or "")
            pixels = float(told[1]) if told else _USUAL_WIDTH * read.wide
            parts.setdefault(label, {})["width"] = round(pixels * scale[0], 2)
        kind = "holes" if shape.label.endswith(HOLE) else kind
        parts.setdefault(label, {}).setdefault(kind, []).append(points)
    try:
        return {label: Region.model_validate(part) for label, part in parts.items()}
    except ValidationError as problem:
        said = problem.errors()[0]["msg"].removeprefix("Value error, ")
        raise BundleError(f"holds a region that is none: {said}", path=name or None) from None


def _as_line(
    shape: _Shape, points: list[tuple[float, float]], name: str
) -> tuple[str, list[tuple[float, float]]]:
    if shape.shape_type == "rectangle" and len(points) == 2:
        (left, top), (right, bottom) = points
        # labelme keeps two corners of a rectangle, and in whichever order they were drawn.
        return "polygons", [(left, top), (right, top), (right, bottom), (left, bottom)]
    if shape.shape_type in ("linestrip", "line") and len(points) >= 2:
        return "lines", points
    if shape.shape_type == "polygon" and len(points) >= 3:
        return "polygons", points
    raise BundleError(
        f"the shape {shape.label!r} is a {shape.shape_type} of {len(points)} points",
        path=name or None,
        mend="Draw polygons, rectangles, lines or line strips.",
    )
