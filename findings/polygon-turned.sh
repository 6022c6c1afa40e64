#!/usr/bin/env bash
# A region and its mirror image: Pillow fills other pixels when a polygon is turned over its
#   diagonal.
#
# Believed: libraries differ in which pixels of the outline they count; each is at least the same
#   for (x, y) and (y, x), so that turning a picture with its region is harmless.
# Versions: pillow 13.0.0, opencv-python-headless 5.0.0.93, scikit-image 0.26.0, matplotlib
#   3.11.2, pycocotools 2.0.11.
# Seen: 100 polygons with whole-pixel corners, each turned over the diagonal and its mask turned
#   back. Pillow: other pixels in 100 of 100. COCO in 86, OpenCV in 66, scikit-image in none.
#   matplotlib in 100, and in all 100 also where only the corners are listed the other way round:
#   turning does that too, and which pixels of the outline are in hangs on it. Over all polygons
#   COCO's masks have the polygons' own area; matplotlib's are 2 % larger, scikit-image's 3,
#   Pillow's 8, OpenCV's 12.
# Matters: regions drawn in an annotation tool come through one of these (Pillow draws for several
#   of them, COCO's files through its own); "share of the map inside the food" moves with the
#   choice by as much as the margins asked for. Draw and read a region with one library, and name
#   it.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile numpy==2.4.6 pillow==13.0.0 \
  opencv-python-headless==5.0.0.93 scikit-image==0.26.0 matplotlib==3.11.2 pycocotools==2.0.11
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import cv2
import numpy as np
import skimage.draw
from matplotlib.path import Path
from PIL import Image, ImageDraw
from pycocotools import mask as coco

SIDE = 48


def by_pillow(corners):
    image = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(image).polygon([tuple(map(int, c)) for c in corners], fill=1)
    return np.asarray(image) > 0


def by_opencv(corners):
    return cv2.fillPoly(np.zeros((SIDE, SIDE), np.uint8), [corners.astype(np.int32)], 1) > 0


def by_skimage(corners):
    return skimage.draw.polygon2mask((SIDE, SIDE), corners[:, ::-1])


def by_matplotlib(corners):
    down, right = np.mgrid[:SIDE, :SIDE]
    points = np.column_stack([right.ravel(), down.ravel()])
    return Path(corners).contains_points(points).reshape(SIDE, SIDE)


def by_coco(corners):
    return coco.decode(coco.frPyObjects([corners.ravel().tolist()], SIDE, SIDE))[..., 0] > 0


def made(rng):
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(4, 9)))
    far = rng.uniform(8, 18, len(angles))
    return np.round(np.column_stack([24 + far * np.cos(angles), 24 + far * np.sin(angles)]))


def area(corners):
    x, y = corners.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


rng = np.random.default_rng(0)
polygons = []
while len(polygons) < 100:
    corners = made(rng)
    steps = np.roll(corners, -1, 0) - corners
    sides = steps[:, 0] * np.roll(steps[:, 1], -1) - steps[:, 1] * np.roll(steps[:, 0], -1)
    if area(corners) > 150 and (np.abs(steps).sum(1) > 0).all() and (np.abs(sides) > 0).all():
        polygons.append(corners)
whole = sum(map(area, polygons))
seen = {}
for draw in (by_pillow, by_opencv, by_skimage, by_matplotlib, by_coco):
    masks = [draw(c) for c in polygons]
    turned = sum((draw(c[:, ::-1]).T != m).any() for c, m in zip(polygons, masks))
    reverse = sum((draw(c[::-1]) != m).any() for c, m in zip(polygons, masks))
    larger = sum(int(m.sum()) for m in masks) / whole - 1
    seen[draw.__name__[3:]] = int(turned), int(reverse), round(float(larger), 3)
    print(f"{draw.__name__[3:]:10}: other pixels when turned {turned},"
          f" when listed the other way round {reverse}; area {larger:+.1%}")
assert seen == {
    "pillow": (100, 0, 0.082), "opencv": (66, 0, 0.116), "skimage": (0, 0, 0.025),
    "matplotlib": (100, 100, 0.017), "coco": (86, 0, 0.0),
}, seen
PY
