"""Damage to figures: cut, resized, recoloured, noisy, without ticks, panels over one another."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from tests.fuzz.inputs.picture_formats import bare_png, chunk, encoded

Pixels = npt.NDArray[np.uint8]
LEVELS = [0, 1, 51, 128, 130, 225, 254, 255]
"""Values near the limits by which lines and paper are told."""


def pixels_of(png: bytes) -> Pixels:
    """Return a figure's pixels (H, W, 3)."""
    return np.array(Image.open(io.BytesIO(png)).convert("RGB"))


def cropped(rgb: Pixels, rng: random.Random) -> Pixels:
    """Cut a piece out, often close to an edge."""
    height, width = rgb.shape[:2]
    top, left = (rng.choice([0, rng.randrange(9), rng.randrange(side)]) for side in (height, width))
    down, across = (rng.choice([side, rng.randrange(1, side + 1)]) for side in (height, width))
    return rgb[top : top + down, left : left + across]


def resized(rgb: Pixels, rng: random.Random) -> Pixels:
    """Make it smaller or larger, sides apart or alike."""
    factor = rng.choice([0.1, 0.5, 0.9, 1.01, 1.5, 2.0])
    other = factor if rng.random() < 0.7 else rng.choice([0.3, 1.0, 1.7])
    size = max(1, int(rgb.shape[1] * factor)), max(1, int(rgb.shape[0] * other))
    way = rng.choice([Image.Resampling.NEAREST, Image.Resampling.BILINEAR])
    return np.array(Image.fromarray(rgb).resize(size, way))


def recoloured(rgb: Pixels, rng: random.Random) -> Pixels:
    """Swap channels, invert, darken, take few levels or grey."""
    how = rng.randrange(5)
    if how == 0:
        return rgb[..., rng.sample(range(3), 3)]
    if how == 1:
        return 255 - rgb
    if how == 2:
        return (rgb * rng.choice([0.1, 0.5, 0.97])).astype(np.uint8)
    if how == 3:
        step = rng.choice([2, 16, 128])
        return rgb // step * step
    return np.repeat(rgb[..., :1], 3, -1)


def noisy(rgb: Pixels, rng: random.Random) -> Pixels:
    """Add noise, everywhere or to single pixels, or what a JPEG does."""
    random_ = np.random.default_rng(rng.randrange(2**32))
    how = rng.randrange(3)
    if how == 0:
        moved = rgb + random_.normal(0, rng.choice([1, 4, 40]), rgb.shape)
        return np.clip(moved, 0, 255).astype(np.uint8)
    if how == 1:
        struck = random_.random(rgb.shape[:2]) < rng.choice([0.001, 0.05, 0.6])
        return np.where(struck[..., None], np.uint8(rng.choice(LEVELS)), rgb)
    quality = rng.choice([5, 60, 95])
    return pixels_of(encoded(Image.fromarray(rgb), "JPEG", quality=quality))


def covered(rgb: Pixels, rng: random.Random) -> Pixels:
    """Lay a plain rectangle over a part: ticks, labels, a spine, a panel are gone."""
    made, (height, width) = rgb.copy(), rgb.shape[:2]
    top, left = rng.randrange(height), rng.randrange(width)
    if rng.random() < 0.4:
        top, left = rng.choice([(0, left), (top, 0)])
    down, across = rng.choice([1, 9, 90, height]), rng.choice([1, 9, 90, width])
    made[top : top + down, left : left + across] = rng.choice(LEVELS)
    return made


def overlapping(rgb: Pixels, rng: random.Random) -> Pixels:
    """Lay a part of the figure over another one, as panels set too close."""
    made, (height, width) = rgb.copy(), rgb.shape[:2]
    top, left = rng.randrange(height), rng.randrange(width)
    down, across = rng.randrange(1, height), rng.randrange(1, width)
    piece = rgb[rng.randrange(height) :, rng.randrange(width) :][:down, :across]
    place = made[top : top + piece.shape[0], left : left + piece.shape[1]]
    place[:] = piece[: place.shape[0], : place.shape[1]]
    return made


def repeated(rgb: Pixels, rng: random.Random) -> Pixels:
    """Set a figure beside itself or below itself."""
    other = rgb[:, ::-1] if rng.random() < 0.3 else rgb
    return np.concatenate([rgb, other], axis=rng.randrange(2))


def turned(rgb: Pixels, rng: random.Random) -> Pixels:
    """Turn or mirror it."""
    return rng.choice([np.rot90(rgb), rgb[::-1], rgb[:, ::-1], np.rot90(rgb, 2)])


def ruled(rgb: Pixels, rng: random.Random) -> Pixels:
    """Rule it with fine lines, which look like spines."""
    made, apart = rgb.copy(), rng.choice([2, 3, 26, 60])
    colour = rng.choice([0, 128])
    if rng.random() < 0.7:
        made[::apart] = colour
    made[:, :: rng.choice([apart, 26])] = colour
    return made


def plain(rgb: Pixels, rng: random.Random) -> Pixels:
    """Fill what is not paper with one colour or with black and white at random."""
    random_ = np.random.default_rng(rng.randrange(2**32))
    chance = random_.integers(0, 2, rgb.shape[:2], np.uint8)[..., None] * np.uint8(255)
    filled = rng.choice([np.uint8(rng.choice(LEVELS)), chance])
    return np.where((rgb > 250).all(-1)[..., None], rgb, filled)


def padded(rgb: Pixels, rng: random.Random) -> Pixels:
    """Lay white paper around it."""
    sides = [(rng.randrange(20), rng.randrange(20)) for _ in range(2)]
    return np.pad(rgb, (*sides, (0, 0)), constant_values=255)


WAYS: list[Callable[[Pixels, random.Random], Pixels]] = [
    cropped, resized, recoloured, noisy, covered, covered, overlapping, repeated, turned, ruled,
    plain, padded,
]  # fmt: skip


def deep_png(rgb: Pixels) -> bytes:
    """Return pixels as a PNG of 16 bits a channel."""
    height, width = rgb.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    wide = (rgb.astype(np.uint16) * 257).astype(">u2").reshape(height, -1).view(np.uint8)
    lines = np.hstack([np.zeros((height, 1), np.uint8), wide]).tobytes()
    inside = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 1))
    return b"\x89PNG\r\n\x1a\n" + inside + chunk(b"IEND", b"")


def written_anew(png: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return another file of the very same pixels and dots an inch, and how it is written."""
    with Image.open(io.BytesIO(png)) as image:
        rgb, dpi = image.convert("RGB"), image.info["dpi"]
    how = rng.choice(["level", "text", "alpha", "animated", "white around"])
    if how == "text":
        remark = PngImagePlugin.PngInfo()
        remark.add_text("Software", "<script>\u202e" * 20)
        return encoded(rgb, "PNG", dpi=dpi, pnginfo=remark), how
    if how == "alpha":
        return encoded(rgb.convert("RGBA"), "PNG", dpi=dpi), how
    if how == "animated":
        other = Image.new("RGB", rgb.size, "red")
        return encoded(rgb, "PNG", dpi=dpi, save_all=True, append_images=[other]), how
    if how == "white around":
        return encoded(Image.fromarray(padded(np.array(rgb), rng)), "PNG", dpi=dpi), how
    return encoded(rgb, "PNG", dpi=dpi, compress_level=rng.randrange(10)), how


def _written(rgb: Pixels, rng: random.Random) -> tuple[bytes, str]:
    """A PNG of some mode and dots an inch."""
    image = Image.fromarray(np.ascontiguousarray(rgb))
    mode = rng.choice(["RGB"] * 8 + ["L", "LA", "P", "1", "RGBA", "faint", "deep", "deep grey"])
    if mode == "deep":
        return deep_png(rgb), mode
    if mode == "deep grey":
        return encoded(Image.fromarray(rgb[..., 0].astype(np.uint16) * 257), "PNG"), mode
    if mode == "faint":
        image = image.convert("RGBA")
        image.putalpha(image.getchannel("G") if rng.random() < 0.5 else rng.choice([0, 128, 254]))
    elif mode != "RGB":
        image = image.convert(mode)
    dpi = rng.choice([72, 72, 72, 100, 1, 0.1, 20, 1200, 100_000])
    return encoded(image, "PNG", dpi=(dpi, dpi)), f"{mode} at {dpi}"


def damaged_figure(png: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return a figure damaged in one to three ways, written as a PNG, and the names of the ways."""
    if rng.random() < 0.05:
        width, height = rng.choice([(1, 1), (2**31 - 1, 9), (60_000, 60_000), (900, 1), (1, 900)])
        return bare_png(width, height, bytes(100)), f"{width} x {height}"
    rgb, names = pixels_of(png), []
    for _ in range(rng.choice([1, 1, 2, 3])):
        way = rng.choice(WAYS)
        rgb = way(rgb, rng)[:1500, :1500]
        names.append(way.__name__)
    data, how = _written(rgb, rng)
    return data, " + ".join([*names, how])
