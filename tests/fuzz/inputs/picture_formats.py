"""Pictures of the bundle, masks of regions, the slide: read whole or refused."""

from __future__ import annotations

import io
import random
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from solver.bundle.pictures import load_pictures
from solver.bundle.regions import regions_for
from solver.explain.bert.similarity_image import open_picture
from solver.files.resources import data_folder
from tests.fuzz.format import Format, Mutant
from tests.fuzz.mutations.byte_mutations import damaged


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    """Return a picture's file."""
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bare_png(width: int, height: int, data: bytes = b"", kind: int = 2) -> bytes:
    """Return a PNG that claims a size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    )  # fmt: skip


@cache
def _zeros_packed(size: int) -> bytes:
    return zlib.compress(bytes(size), 1)


SIZES = [0, 1, 2, 60_000, 65_535, 7_746, 2**31 - 1, 10_000]


class Pictures(Format):
    """``food/<class>_<n>``, of whatever suffix: what it is decides its content."""

    name = "picture"
    share = 20

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "food").mkdir()
        with Image.open(data_folder("demo") / "food" / "1_2.png") as image:
            small = image.convert("RGB").resize((60, 50))
        self.image = small
        self.seeds = [
            encoded(small, "PNG"),
            encoded(small, "JPEG", quality=90),
            encoded(small.convert("P"), "PNG"),
            encoded(small, "JPEG", progressive=True),
        ]

    def mutant(self, rng: random.Random) -> Mutant:
        seed, kind = rng.randrange(len(self.seeds)), rng.random()
        if kind < 0.10:
            return self._same(rng)
        if kind < 0.25:
            return self._other_mode(rng)
        if kind < 0.40:
            return self._other_size(rng)
        if kind < 0.45:
            made = rng.choice(["GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO"])
            return Mutant(encoded(self.image, made), f"a {made}", "refused", seed)
        if kind < 0.50:
            postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"
            others = [postscript, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4"]
            return Mutant(rng.choice(others), "no picture", "refused")
        if kind < 0.62:
            return Mutant(*self._other_chunks(rng), "any", 0)
        data, how = damaged(self.seeds[seed], rng)
        return Mutant(data, how, "any", seed)

    def _same(self, rng: random.Random) -> Mutant:
        how = rng.choice(["level", "text", "interlaced", "animated", "alpha"])
        if how == "text":
            remark = PngImagePlugin.PngInfo()
            remark.add_text("Comment", "<script>alert(1)</script>\u202e" * 20)
            data = encoded(self.image, "PNG", pnginfo=remark)
        elif how == "animated":
            other = Image.new("RGB", self.image.size, "red")
            data = encoded(self.image, "PNG", save_all=True, append_images=[other] * 3)
        elif how == "alpha":
            data = encoded(self.image.convert("RGBA"), "PNG")
        else:
            data = encoded(self.image, "PNG", compress_level=rng.randrange(10))
        return Mutant(data, f"the same picture, {how}", "same", 0)

    def _other_mode(self, rng: random.Random) -> Mutant:
        mode = rng.choice(["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "YCbCr"])
        deep = Image.fromarray(np.zeros((9, 9), dtype=np.uint16))
        image = deep if mode == "I;16" else self.image.convert(mode)
        format_ = (
            "JPEG" if mode in ("CMYK", "YCbCr") or (mode == "L" and rng.random() < 0.5) else "PNG"
        )
        options: dict[str, Any] = {}
        if format_ == "JPEG":
            exif = Image.Exif()
            exif[0x0112] = rng.randrange(20)
            exif[0x010E] = "x" * rng.choice([1, 60_000])
            options = {"exif": exif.tobytes()} if rng.random() < 0.7 else {}
        return Mutant(encoded(image, format_, **options), f"{format_} of mode {mode}")

    def _other_size(self, rng: random.Random) -> Mutant:
        width, height = rng.choice(SIZES), rng.choice(SIZES)
        kind = rng.choice([0, 2, 3, 4, 6])
        real = rng.random() < 0.3 and width * height * 4 < 30_000_000
        data = bytes((width * 4 + 1) * height) if real else bytes(100)
        many = width * height > 60_000_000 or 0 in (width, height)
        made = bare_png(width, height, data, kind)
        return Mutant(made, f"{width} x {height}", "refused" if many else "any")

    def _other_chunks(self, rng: random.Random) -> tuple[bytes, str]:
        raw = self.seeds[0]
        how = rng.choice(
            [
                "a text bomb",
                "an odd palette",
                "no end",
                "twice the header",
                "odd gamma",
                "a profile",
            ]
        )
        made = {
            "a text bomb": chunk(b"zTXt", b"x\x00\x00" + _zeros_packed(80 << 20)),
            "an odd palette": chunk(b"PLTE", rng.randbytes(7)),
            "no end": b"",
            "twice the header": raw[8:33],
            "odd gamma": chunk(b"gAMA", b""),
            "a profile": chunk(b"iCCP", b"x\x00\x00" + zlib.compress(rng.randbytes(90))),
        }[how]
        end = raw[33:-12] if how == "no end" else raw[33:]
        return raw[:33] + made + end, how

    def read(self, data: bytes) -> Any:
        suffix = ".png" if zlib.crc32(data) % 2 else ".jpg"
        for old in (self.folder / "food").iterdir():
            old.unlink()
        (self.folder / "food" / f"1_2{suffix}").write_bytes(data)
        (picture,) = load_pictures(self.folder / "food")
        assert picture.rgb.shape == (128, 128, 3) and picture.rgb.dtype == np.uint8
        return picture.rgb.tobytes()


class Slides(Pictures):
    """The slide with the similarity matrix."""

    name = "slide picture"
    share = 6

    def read(self, data: bytes) -> Any:
        pixels = open_picture(self.written(data, "slide.png"))
        assert pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8
        return pixels.shape, pixels.tobytes()


class Masks(Pictures):
    """A mask that a region file names."""

    name = "mask"
    share = 6

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        mask = Image.new("L", (60, 50))
        mask.paste(255, (10, 10, 40, 40))
        self.seeds = [encoded(mask, "PNG")]
        self.image = mask.convert("RGB")
        (folder / "food" / "1_2.png").write_bytes(encoded(self.image, "PNG"))
        (self.picture,) = load_pictures(folder / "food")
        self.regions = folder / "regions.yaml"
        self.regions.write_text(
            "format: hw9-regions/1\nsize: [128, 128]\npictures:\n"
            "- {name: '1_2', regions: {food: {mask: m.png}}}\n"
        )

    def read(self, data: bytes) -> Any:
        self.written(data, "m.png")
        found = regions_for(self.picture, self.regions)
        assert found is not None and found["food"].shape == (128, 128)
        return found["food"].tobytes()
