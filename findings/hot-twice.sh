#!/usr/bin/env bash
# OpenCV's "hot" is not matplotlib's "hot", while its "viridis" is matplotlib's "viridis".
#
# Believed: colour tables of one name are one table; a saliency picture in "hot" can be turned
#   back into levels with either library's table.
# Versions: opencv-python-headless 5.0.0.93, matplotlib 3.11.2.
# Seen: of fifteen names eleven agree to one level. "hot" differs by up to 51 levels a channel,
#   and a picture coloured by OpenCV and read back by matplotlib's nearest colour is up to 14
#   levels of 255 off, 8 on average; "jet" up to 8. The order of the levels stays, so nothing
#   looks wrong. "twilight" has its two halves of the circle elsewhere: read back it is 86 levels
#   off on average. And the usual way to get a table, with a one-dimensional array of 256 levels,
#   gives a row in OpenCV 5 where 4.13 gives a column: code that takes [:, 0] is left with one
#   colour, and no error.
# Matters: maps are read back from published figures; which library drew one is not written on it.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile numpy==2.4.6 \
  opencv-python-headless==5.0.0.93 matplotlib==3.11.2
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import cv2
import matplotlib
import numpy as np

NAMES = ("hot jet viridis bone turbo inferno plasma magma cividis cool spring summer autumn winter"
         " twilight").split()
levels = np.arange(256)
seen = {}
for name in NAMES:
    table = getattr(cv2, f"COLORMAP_{name.upper()}")
    drawn = cv2.applyColorMap(levels.astype(np.uint8)[:, None], table)[:, 0, ::-1].astype(int)
    known = matplotlib.colormaps[name](levels, bytes=True)[:, :3].astype(int)
    read = ((drawn[:, None] - known[None]) ** 2).sum(2).argmin(1)
    off = np.abs(read - levels)
    seen[name] = int(np.abs(drawn - known).max()), int(off.max()), round(float(off.mean()), 1)
    print(f"{name:9} colours differ by up to {seen[name][0]:3}; read back off by up to"
          f" {seen[name][1]:3}, {seen[name][2]} on average;"
          f" order kept {bool((np.diff(read) >= 0).all())}")
assert seen["hot"] == (51, 14, 8.3)
assert seen["jet"] == (33, 8, 3.0)
assert seen["twilight"][2] > 80
assert sum(colours <= 1 for colours, *_ in seen.values()) == len(NAMES) - 3
row = cv2.applyColorMap(levels.astype(np.uint8), cv2.COLORMAP_HOT)
assert row.shape == (1, 256, 3)
PY
