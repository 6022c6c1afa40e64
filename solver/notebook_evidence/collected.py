"""The cell that collects evidence in a notebook, and regions for the pictures that it saved."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from solver.banks.bank import Bank
from solver.bundle.pictures import SIDE, Picture
from solver.evidence import Evidence
from solver.files.resources import DEFAULT_EDITION, shipped_bank
from solver.notebook_evidence.drawn_regions import drawn_regions
from solver.notebook_evidence.figures.known_pictures import known_pictures, picture_of

CELL = Path(__file__).with_name("collect_cell.py")


def collecting_cell(needs: Iterable[str]) -> str:
    """Return the text of a notebook cell that saves ``evidence.zip``.

    Args:
        needs: ids of the records that the bank's questions need: layers, steps, models and items
            are taken from them.

    Example:
        >>> print(collecting_cell(["activation/6/0"]).splitlines()[-1])
        collect_evidence(globals(), {"layers": [6], "steps": {}, "hidden_states": []})
    """
    source = CELL.read_text(encoding="utf-8")
    return f"{source}\n\ncollect_evidence(globals(), {json.dumps(wanted_of(needs))})\n"


def wanted_of(needs: Iterable[str]) -> dict[str, Any]:
    """Return the layers, steps by picture, and pairs of model and item among records' ids."""
    layers: set[int] = set()
    steps: dict[int, set[int]] = {}
    states: set[tuple[int, int]] = set()
    for name in needs:
        kind, *place = name.split("/")
        numbers = [int(part) for part in place if part.isdecimal()]
        if kind in ("activation", "filter_visualization") and len(numbers) == 2:
            layers.add(numbers[0])
        elif kind == "integrated_gradients" and len(numbers) == 2:
            steps.setdefault(numbers[0], set()).add(numbers[1])
        elif kind == "hidden_states" and len(numbers) == 2:
            states.add((numbers[0], numbers[1]))
    return {
        "layers": sorted(layers),
        "steps": {str(k): sorted(counts) for k, counts in sorted(steps.items())},
        "hidden_states": sorted(map(list, states)),
    }


def regions_file(bank: Bank) -> Path:
    """Return a bank's file of regions; 2021's where it has none."""
    path = bank.folder / "regions" / f"{bank.header.edition}.yaml"
    return path if path.is_file() else shipped_bank() / "regions" / f"{DEFAULT_EDITION}.yaml"


def with_regions(evidence: Evidence, regions: Path) -> Evidence:
    """Return evidence with the regions of each picture that the file has some for.

    A picture is known by its name, or else by its fingerprint. Evidence that has regions keeps
    them.

    Args:
        evidence: with records ``picture/k``.
        regions: the bank's file of regions, or a bundle's own.

    Raises:
        BundleError: the file is damaged.
    """
    records = {record.id: record for record in evidence}
    for record in evidence:
        place = record.id.partition("/")[2]
        if record.kind != "picture" or f"regions/{place}" in records or not place.isdecimal():
            continue
        rgb = record.array("rgb", 3)
        # Regions are drawn for the network's size.
        if rgb.shape != (SIDE, SIDE, 3):
            continue
        # The cell takes a file's stem only where it is of the course's form.
        name, label = str(record.values.get("name", "")), int(record.values.get("label", 0))
        if not name:
            # All of it can be read: these are the picture's own pixels.
            known = picture_of(rgb, rgb[..., 0] >= 0, known_pictures(regions))
            name = known.name if known is not None else ""
        picture = Picture(int(place), name, label, Path(name), rgb, (SIDE, SIDE))
        drawn = drawn_regions(picture, regions)
        if drawn is not None:
            records[drawn.id] = drawn
    return Evidence(records, evidence.bundle)
