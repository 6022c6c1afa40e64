"""The page as a browser shows it: languages, narrow and dark screens, outlines in place."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from solver.evidence import Record
from solver.page.figures.region_labels import GAP, ROW
from solver.page.key_page import render_key_page
from solver.rules.registry import Figure
from tests.solver.page.made_keys import (
    FIGURES,
    bank_question,
    decided,
    left_open,
    made_bank,
    made_evidence,
    made_key,
)

pytestmark = pytest.mark.browser

CYAN = np.array([0x00, 0xC8, 0xFF])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    bank = made_bank(folder / "bank", [bank_question("q01"), bank_question("q02")])
    evidence = made_evidence()
    evidence.add(Record("smoothgrad/2", {"map": np.zeros((64, 64, 3))}))
    black = Figure("map", {"record": "smoothgrad/2", "picture": 1, "regions": ["food"]})
    key = made_key(decided("q01"), left_open("q02", "lime/1"))
    html = render_key_page(key, bank, evidence, {"q01": [black, *FIGURES]})
    path = folder / "key.html"
    path.write_text(html, encoding="utf-8")
    return path


def opened(browser: Any, file: Path, **options: Any) -> tuple[Any, list[str]]:
    """The page in a window of its own, and whatever the browser complained of or asked for."""
    page = browser.new_context(**options).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url))
    page.goto(file.as_uri())
    return page, [each for each in said if not each.startswith(("file:", "data:"))]


@pytest.mark.parametrize("width", [1300, 390, 320])
def test_nothing_is_wider_than_the_screen_and_nothing_is_refused(
    browser: Any, file: Path, width: int
) -> None:
    page, said = opened(browser, file, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []


def test_the_switch_shows_one_language_and_works_from_the_keyboard(
    browser: Any, file: Path
) -> None:
    page, _ = opened(browser, file)
    assert "stem of q01 in English" in page.inner_text("#q01")
    assert "中文" not in page.inner_text("#q01")
    page.focus("#en")
    page.keyboard.press("ArrowRight")
    assert "stem of q01 中文" in page.inner_text("#q01")
    assert "in English" not in page.inner_text("#q01")


def test_a_region_is_outlined_where_it_is(browser: Any, file: Path) -> None:
    page, _ = opened(browser, file, viewport={"width": 1300, "height": 900})
    panel = page.locator("#q01 .panel svg").nth(3)  # the black map, outlined
    shot = np.asarray(Image.open(io.BytesIO(panel.screenshot())).convert("RGB")).astype(int)
    scale = shot.shape[1] / 128
    cyan = np.abs(shot - CYAN).max(-1) < 60

    def along(row: float, column: float) -> bool:
        y, x = round((row + ROW + GAP / 2) * scale), round(column * scale)  # below the name
        return bool(cyan[max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4].any())

    # The region is rows 32 to 95, columns 16 to 63; its name stands above the picture.
    assert along(64, 16) and along(64, 64) and along(96, 40)
    assert not along(64, 40) and not along(64, 100) and not along(16, 100)


def test_a_figure_opens_at_full_size_and_closes_without_a_script(browser: Any, file: Path) -> None:
    page, said = opened(browser, file, viewport={"width": 1000, "height": 700})
    figure = page.locator("#q01-1")
    small = figure.locator("svg").first.bounding_box()["width"]
    figure.locator("svg").nth(2).click(force=True)  # the link lies over all pictures
    assert page.url.endswith("#q01-1")
    assert figure.bounding_box() == {"x": 0, "y": 0, "width": 1000, "height": 700}
    assert figure.locator("svg").first.bounding_box()["width"] > 1.5 * small
    figure.get_by_text("Close").click()
    assert page.url.endswith("#q01") and figure.bounding_box()["width"] < 1000
    assert said == []


def test_dark_screens_get_a_dark_page(browser: Any, file: Path) -> None:
    def ground(scheme: str) -> int:
        page, _ = opened(browser, file, color_scheme=scheme)
        shot = Image.open(io.BytesIO(page.screenshot())).convert("L")
        return shot.getpixel((3, 3))  # type: ignore[return-value]

    assert ground("light") > 200 and ground("dark") < 60
