"""The slide's picture: a JPEG or PNG of a slide's size, and nothing else is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from solver.errors import BundleError
from solver.explain.bert.similarity_image import open_picture

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"


@pytest.mark.parametrize("format_", ["GIF", "TIFF", "BMP"])
def test_other_formats_are_refused(tmp_path: Path, format_: str) -> None:
    path = tmp_path / "slide.png"
    Image.new("RGB", (30, 30)).save(path, format_)
    with pytest.raises(BundleError, match=r"slide.png: is broken or no JPEG or PNG"):
        open_picture(path)


def test_nothing_that_another_program_would_be_started_for_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "slide.png"
    path.write_bytes(POSTSCRIPT)  # Pillow hands it to Ghostscript
    with pytest.raises(BundleError, match="no JPEG or PNG"):
        open_picture(path)


@pytest.mark.parametrize("size", [(6001, 10), (60_000, 60_000)])
def test_a_picture_larger_than_a_slide_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    from tests.fuzz.inputs.picture_formats import bare_png

    path = tmp_path / "slide.png"
    if size[1] == 10:
        Image.new("L", size).save(path)
    else:
        path.write_bytes(bare_png(*size))
    with pytest.raises(BundleError, match="pixels"):
        open_picture(path)
