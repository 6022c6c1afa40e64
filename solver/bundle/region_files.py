"""Region files: begun from those that ship, changed, written whole, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from solver.bundle.bundle import region_files
from solver.bundle.pictures import SIDE, Picture, fingerprint, fingerprint_distance
from solver.bundle.regions import (
    SAME_PICTURE_BITS,
    PictureRegions,
    Region,
    RegionsFile,
    RegionWords,
    load_regions,
    regions_for,
)
from solver.errors import BundleError
from solver.files.atomic_write import write_whole
from solver.files.yaml_source import YamlDumper

FILE = "regions.yaml"


def is_for(entry: PictureRegions, picture: Picture) -> bool:
    """Whether an entry of a region file is for a picture."""
    if entry.name != picture.name:
        return False
    if entry.fingerprint is None:
        return True
    distance = fingerprint_distance(entry.fingerprint, fingerprint(picture.rgb))
    return distance <= SAME_PICTURE_BITS


def begun_regions(folder: Path, pictures: Sequence[Picture]) -> RegionsFile:
    """Return the bundle's own regions, or those that ship for these very pictures.

    Raises:
        BundleError: a file cannot be read.
    """
    own = folder / FILE
    if own.is_file():
        return load_regions(own)
    begun = RegionsFile(format="hw9-regions/1", size=(SIDE, SIDE), pictures=[])
    for path in region_files(folder):
        known = load_regions(path)
        # Points of another frame could not stand beside these.
        if known.size != begun.size:
            continue
        taken = [
            entry
            for entry in known.pictures
            if any(is_for(entry, each) for each in pictures)
            and entry.name not in {one.name for one in begun.pictures}
        ]
        used = {name for entry in taken for name in entry.regions}
        names = {name: words for name, words in known.names.items() if name in used}
        changes = {"pictures": [*begun.pictures, *taken], "names": {**names, **begun.names}}
        begun = begun.model_copy(update=changes)
    return begun


def with_regions(
    file: RegionsFile,
    picture: Picture,
    regions: Mapping[str, Region],
    names: Mapping[str, RegionWords],
) -> RegionsFile:
    """Return the file with one picture's regions and its fingerprint in place of those before."""
    made = PictureRegions(
        name=picture.name, fingerprint=fingerprint(picture.rgb), regions=dict(regions)
    )
    # Entries of the same name and another fingerprint are of another year's picture, and stay.
    others = [entry for entry in file.pictures if not is_for(entry, picture)]
    entries = sorted([*others, made], key=lambda entry: entry.name)
    return file.model_copy(update={"pictures": entries, "names": dict(sorted(names.items()))})


def save_regions(file: RegionsFile, path: Path) -> None:
    """Write a region file whole, a region a line.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(path, dump_regions(file))


def dump_regions(file: RegionsFile) -> str:
    """Return a region file as YAML text: the same regions, the same bytes."""
    data = file.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    made: dict[str, Any] = {"format": file.format, "size": _Flow(file.size)}
    if file.names:
        made["names"] = {name: _Flow(words) for name, words in data["names"].items()}
    made["pictures"] = [
        {
            **{name: entry[name] for name in ("name", "fingerprint") if name in entry},
            "regions": {name: _Flow(_plain(one)) for name, one in entry["regions"].items()},
        }
        for entry in data.get("pictures", [])
    ]
    return yaml.dump(made, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Flow:
    """A value written on one line."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Dumper(YamlDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _flow(dumper: yaml.SafeDumper, value: _Flow) -> yaml.Node:
    held = value.value  # YAML has no tuples
    node = dumper.represent_data(list(held) if isinstance(held, tuple) else held)
    _set_flow(node)
    return node


def _set_flow(node: yaml.Node) -> None:
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = True
        for child in node.value:
            for each in child if isinstance(child, tuple) else (child,):
                _set_flow(each)


_Dumper.add_representer(_Flow, _flow)


def _plain(value: Any) -> Any:
    """Coordinates without needless decimals: 12 for 12.0."""
    if isinstance(value, float):
        rounded = round(value, 2)
        return int(rounded) if rounded == int(rounded) else rounded
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def region_faults(
    folder: Path, pictures: Sequence[Picture], asked: Mapping[int, Mapping[str, Sequence[str]]]
) -> Iterator[str]:
    """Yield the faults of a bundle's regions, each once, in a sentence.

    Args:
        folder: of the bundle.
        pictures: its pictures, in order.
        asked: by picture and region, the questions that read it
            (`solver.rules.asked_regions.asked_regions`).

    Raises:
        BundleError: a region file cannot be read.
    """
    files = [load_regions(path) for path in region_files(folder)]
    known = {name for file in files for entry in file.pictures for name in entry.regions}
    by_region: dict[str, list[str]] = {}
    for place, names in asked.items():
        drawn = _drawn(folder, pictures[place]) if place < len(pictures) else {}
        for name, questions in names.items():
            by = ", ".join(questions)
            if place >= len(pictures):
                yield f"{by}: asks for {name!r} of picture {place}, which the bundle does not have"
            # A name that no picture has is most likely misspelt in the bank: told once, not by
            # picture.
            elif name not in known:
                by_region.setdefault(name, []).append(f"picture {place}, {by}")
            elif name not in drawn:
                yield f"{by}: picture {place} ({pictures[place].name}) lacks the region {name!r}"
            elif not drawn[name]:
                yield f"{by}: picture {place} ({pictures[place].name}): {name!r} is empty"
    for name, places in by_region.items():
        yield f"no picture has a region called {name!r} ({'; '.join(places)})"
    own = folder / FILE
    if own.is_file():
        yield from _of_own_file(load_regions(own), pictures)


def _drawn(folder: Path, picture: Picture) -> dict[str, bool]:
    """A picture's regions, and whether anything is inside each."""
    for path in region_files(folder):
        masks = regions_for(picture, path)
        if masks is not None:
            return {name: bool(mask.any()) for name, mask in masks.items()}
    return {}


def _of_own_file(file: RegionsFile, pictures: Sequence[Picture]) -> Iterator[str]:
    wide, high = file.size
    for entry in file.pictures:
        named = [picture for picture in pictures if picture.name == entry.name]
        if not named:
            yield f"{FILE}: has an entry for {entry.name!r}, a picture that is not there"
        elif not is_for(entry, named[0]):
            yield f"{FILE}: the entry for {entry.name!r} was drawn on another picture"
        for name, region in entry.regions.items():
            lines = [*(region.polygons or []), *region.holes, *(region.lines or [])]
            out = sum(not (0 <= x <= wide and 0 <= y <= high) for line in lines for x, y in line)
            if out:
                yield (
                    f"{FILE}: {entry.name!r}, {name}: {out} of its points lie outside the frame "
                    f"of {wide} x {high}"
                )


def picture_named(pictures: Sequence[Picture], place: int, folder: Path) -> Picture:
    """Return a picture by its place.

    Raises:
        BundleError: there are not so many.
    """
    if not 0 <= place < len(pictures):
        raise BundleError(f"there is no picture {place}", path=folder / "food")
    return pictures[place]
