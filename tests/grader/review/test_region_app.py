"""Regions drawn through the page: saved at once, refused from an old page, taken from labelme."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("starlette")

from grader.review.region_app import region_app
from grader.review.region_drawing import RegionDrawing
from solver.banks.bank import load_bank
from solver.bundle.regions import load_regions
from solver.files.resources import data_folder, shipped_bank
from tests.grader.review.asgi import ask


def test_a_region_is_asked_for_drawn_saved_and_exchanged(tmp_path: Path) -> None:
    demo = RegionDrawing(data_folder("demo"), load_bank(shipped_bank())).state()
    assert set(demo["pictures"][1]["outlines"]) == set(demo["pictures"][1]["regions"])  # masks
    shutil.copytree(data_folder("demo") / "food", tmp_path / "food")
    drawing = RegionDrawing(tmp_path, load_bank(shipped_bank()))
    app = region_app(drawing)
    state = json.loads(ask(app, "/state").text)
    assert state["pictures"][6]["asked"] == {"food": ["q01", "q11"], "plate": ["q01"]}
    assert "picture 6: food, plate" in drawing.left()
    square = {"polygons": [[[4, 4], [90, 4], [90, 90]]]}
    words = {"plate": {"en": "the plate", "zh-Hant": "盤子"}}
    wanted = {"version": state["version"], "place": 6, "regions": {"plate": square}, "names": words}
    saved = ask(app, "/save", json.dumps(wanted).encode())
    assert saved.status == 200
    (entry,) = load_regions(tmp_path / "regions.yaml").pictures
    assert (list(entry.regions), len(entry.fingerprint)) == (["plate"], 16)
    late = ask(app, "/save", json.dumps(wanted).encode())
    assert late.status == 400 and "in another tab" in late.text
    made = {"plate": square, "ring": {"border_of": "plate", "width": 6, "minus": ["food"]}}
    again = {**wanted, "version": json.loads(saved.text)["version"], "regions": made}
    refused = ask(app, "/save", json.dumps(again).encode())
    assert refused.status == 400 and "names 'food', which is not there" in refused.text
    assert list(drawing.entry(drawing.picture(6)).regions) == ["plate"]
    exported = json.loads(ask(app, "/labelme/6").text)
    exported["shapes"][0]["label"] = "food"
    version = json.loads(saved.text)["version"]
    asked = {"version": version, "place": 6, "text": json.dumps(exported)}
    assert ask(app, "/import", json.dumps(asked).encode()).status == 200
    assert sorted(load_regions(tmp_path / "regions.yaml").pictures[0].regions) == ["food", "plate"]
    assert not [line for line in drawing.left() if line.startswith("picture 6")]
    bad = {**asked, "version": drawing.version, "regions": {}}
    assert ask(app, "/save", json.dumps(bad).encode()).status == 400
    assert ask(app, "/picture/99").status == 400
