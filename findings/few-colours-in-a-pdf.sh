#!/usr/bin/env bash
# pypdf: a figure of sixteen colours or fewer comes out of its PDF with other pixels.
#
# Believed: matplotlib writes a map into a PDF without loss, and what takes pictures out of PDFs
#   gives those pixels; if anything, widths that fill no whole byte are in danger.
# Versions: matplotlib 3.11.2, pypdf 7.1.1, pymupdf 2.0.
# Seen: up to sixteen colours matplotlib packs 1, 2 or 4 bits a pixel and has PNG's predictor before
#   them. pypdf undoes the predictor of smaller pixels wrongly: a quarter to nine tenths of them
#   have another colour, at every width, without a warning; a mask of 3,898 pixels comes back with
#   11,398. pymupdf gives all of them right. Of seventeen colours on both do.
# Matters: masks, segmentations and signs have few colours; a smooth map, by which one would try the
#   way out, has many. Read such figures with pymupdf, or save them as PNG.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile matplotlib==3.11.2 pypdf==7.1.1 \
  pymupdf==2.0 numpy==2.4.6
cd "$dir"
MPLBACKEND=agg "$dir/venv/bin/python" -W ignore - <<'PY'
import io

import matplotlib.pyplot as plt
import numpy as np
import pymupdf
import pypdf

rng = np.random.default_rng(0)


def saved(values):
    """The colours matplotlib shows, bottom row first as it stores them, and the PDF's bytes."""
    figure, axes = plt.subplots()
    shown = axes.imshow(values, interpolation="none")
    file = io.BytesIO()
    figure.savefig(file, format="pdf")
    plt.close(figure)
    return shown.cmap(shown.norm(values), bytes=True)[::-1, :, :3], file


def by_pypdf(file):
    (picture,) = pypdf.PdfReader(file).pages[0].images
    return np.asarray(picture.image.convert("RGB"))


def by_pymupdf(file):
    document = pymupdf.open(stream=file.getvalue(), filetype="pdf")
    number = document[0].get_images()[0][0]
    pixels = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.Pixmap(document, number))
    return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.h, pixels.w, 3)


def share_wrong(got, want):
    assert got.shape == want.shape
    return (got != want).any(-1).mean()


for colours in (2, 3, 5, 16, 17, 200):
    for width in (61, 64):
        want, file = saved(rng.permutation(np.arange(40 * width) % colours).reshape(40, width))
        wrong = {one.__name__: share_wrong(one(file), want) for one in (by_pypdf, by_pymupdf)}
        shares = ", ".join(f"{by} {one:.2f}" for by, one in wrong.items())
        print(f"{colours} colours, {width} wide, share of pixels wrong: {shares}")
        assert wrong["by_pymupdf"] == 0
        assert wrong["by_pypdf"] == 0 if colours > 16 else wrong["by_pypdf"] > 0.2

y, x = np.mgrid[:128, :128]
mask = (np.hypot(y - 50, x - 40) < 24) | ((y > 90) & (x > 70))
want, file = saved(mask)
got = by_pypdf(file)
yellow = want[::-1][mask][0]
found = (got[::-1] == yellow).all(-1)
print(f"a mask of {mask.sum()} pixels comes back with {found.sum()}, {(found != mask).sum()} wrong")
assert found.sum() > 2 * mask.sum()
PY
