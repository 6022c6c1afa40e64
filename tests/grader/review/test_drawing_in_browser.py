"""Regions drawn, corrected and made of others by mouse and keys in Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")

from grader.review.region_app import region_app
from grader.review.region_drawing import RegionDrawing
from solver.banks.bank import load_bank
from solver.bundle.regions import Region, load_regions
from solver.files.resources import data_folder, shipped_bank
from tests.grader.review.answered_page import ADDRESS, opened

pytestmark = pytest.mark.browser


def test_corners_come_and_go_and_regions_are_made_of_others(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "food").symlink_to(data_folder("demo") / "food")
    path = tmp_path / "regions.yaml"
    path.write_text("format: hw9-regions/1\nsize: [128, 128]\npictures: []\n")

    def written() -> dict[str, Region]:
        (entry,) = load_regions(path).pictures
        return entry.regions

    with opened(browser, region_app(RegionDrawing(tmp_path, load_bank(shipped_bank())))) as page:
        page.goto(f"{ADDRESS}#6")
        page.wait_for_selector("#region-list [data-name=food]")

        def at(x: float, y: float) -> tuple[float, float]:
            box = page.locator("#canvas svg").bounding_box()
            return box["x"] + x * box["width"] / 128, box["y"] + y * box["height"] / 128

        def changed(*, by: Any) -> None:
            before = path.read_bytes()
            by()
            for _ in range(500):
                page.wait_for_timeout(20)
                if path.read_bytes() != before:
                    return
            pytest.fail("nothing was written")

        def drag(start: tuple[float, float], end: tuple[float, float]) -> None:
            page.mouse.move(*start)
            page.mouse.down()
            page.mouse.move(*end, steps=2)
            page.mouse.up()

        page.click("#region-list [data-name=food]")
        for x, y in ((20, 40), (100, 40), (100, 129)):  # the last one beside the picture
            page.mouse.click(*at(x, y))
        changed(by=lambda: page.keyboard.press("Enter"))
        ((*_, last),) = written()["food"].polygons
        assert last == pytest.approx((100, 128), abs=0.3)
        changed(by=lambda: drag(at(60, 40), at(60, 10)))
        ((_, new, *_),) = written()["food"].polygons
        assert new == pytest.approx((60, 10), abs=0.3)
        changed(by=lambda: page.mouse.click(*at(60, 10), button="right"))
        assert len(written()["food"].polygons[0]) == 3
        for key in ("ArrowUp", *["Shift+ArrowLeft"] * 5, *["Shift+ArrowUp"] * 3, "ArrowLeft", "m"):
            page.keyboard.press(key)  # the cross goes from the middle to the corner at (20, 40)
        page.keyboard.press("ArrowRight")
        changed(by=lambda: page.keyboard.press("m"))
        assert written()["food"].polygons[0][0] == pytest.approx((21, 40), abs=0.3)
        page.click("#region-list [data-name=plate]")
        changed(by=lambda: page.select_option("#way", "border_of"))
        changed(by=lambda: page.check("#without input[value=food]"))
        assert written()["plate"] == Region(border_of="food", width=6, minus=["food"])
        assert page.locator("#canvas path.shape").count() == 1
        changed(by=lambda: page.keyboard.press("u"))
        assert written()["plate"].minus == []
