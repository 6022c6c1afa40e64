#!/usr/bin/env bash
# "Nearest", in torch and OpenCV said to be Pillow's and scikit-image's, is another in each of
#   them.
#
# Believed: torch's "nearest-exact" and OpenCV's INTER_NEAREST_EXACT give what Pillow and
#   scikit-image give for nearest: their documentation says so.
# Versions: torch 2.13.0, opencv-python-headless 4.13.0.92 and 5.0.0.93, pillow 13.0.0,
#   scikit-image 0.26.0.
# Seen: rows of 2 to 512 pixels brought to 13 usual sizes, 6,643 pairs. Where a new pixel's centre
#   falls on the edge of two old ones, rounding decides. Pillow and scikit-image, which both are
#   to be matched, differ from each other in 254 pairs; torch is in 257 not Pillow and in 41 not
#   scikit-image; OpenCV 4.13 differs from each of the three in over 200, and 5.0 is Pillow's in
#   all. 256 to 384: 74 of 384 columns are others. With 128 as the new size Pillow and torch never
#   differ.
# Matters: nearest is what masks and label maps are resized with, since it makes up no labels; a
#   region's edge moves by a pixel with the library, or with OpenCV's version.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/old"
"$dir/old/bin/pip" install --quiet --no-compile numpy==2.4.6 opencv-python-headless==4.13.0.92
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6 pillow==13.0.0 \
  opencv-python-headless==5.0.0.93 scikit-image==0.26.0
cat > "$dir/sizes.py" <<'PY'
import cv2
import numpy as np

SIZES = (28, 32, 56, 64, 70, 96, 100, 112, 128, 224, 256, 384, 512)
PAIRS = [(old, new) for old in range(2, 513) for new in SIZES]


def by_opencv(old, new):
    row = np.arange(old, dtype=np.float32)[None]
    return cv2.resize(row, (new, 1), interpolation=cv2.INTER_NEAREST_EXACT)[0].astype(int)
PY
cat > "$dir/old.py" <<'PY'
import numpy as np
from sizes import PAIRS, by_opencv

np.save("old.npy", np.concatenate([by_opencv(*pair) for pair in PAIRS]))
PY
cat > "$dir/all.py" <<'PY'
import numpy as np
import torch
from PIL import Image
from sizes import PAIRS, by_opencv
from skimage.transform import resize


def by_pillow(old, new):
    row = Image.fromarray(np.arange(old, dtype=np.int32)[None])
    return np.asarray(row.resize((new, 1), Image.Resampling.NEAREST))[0]


def by_torch(old, new):
    row = torch.arange(old, dtype=torch.float32)[None, None]
    row = torch.nn.functional.interpolate(row, size=new, mode="nearest-exact")
    return row[0, 0].numpy().astype(int)


def by_skimage(old, new):
    row = np.arange(old, dtype=float)[None]
    return resize(row, (1, new), order=0, preserve_range=True, anti_aliasing=False)[0].astype(int)


def exact(old, new):
    return np.array([(2 * k + 1) * old // (2 * new) for k in range(new)])


ends = np.cumsum([new for _, new in PAIRS])[:-1]
rows = {"OpenCV 4.13": np.split(np.load("old.npy"), ends)}
for name, way in (("OpenCV 5.0", by_opencv), ("Pillow", by_pillow), ("torch", by_torch),
                  ("scikit-image", by_skimage), ("exact", exact)):
    rows[name] = [way(*pair) for pair in PAIRS]


def apart(a, b):
    return sum(bool((x != y).any()) for x, y in zip(rows[a], rows[b]))


names = list(rows)
table = {(a, b): apart(a, b) for k, a in enumerate(names) for b in names[k + 1:]}
for pair, count in table.items():
    print(f"{pair[0]} and {pair[1]} differ in {count} of {len(PAIRS)} pairs of sizes")
k = PAIRS.index((256, 384))
columns = int((rows["Pillow"][k] != rows["torch"][k]).sum())
print("256 to 384, Pillow and torch: other columns:", columns)
at128 = sum(bool((rows["Pillow"][k] != rows["torch"][k]).any())
            for k, pair in enumerate(PAIRS) if pair[1] == 128)
print("to 128, Pillow and torch: pairs that differ:", at128)
assert 240 < table["Pillow", "torch"] < 280 and columns == 74 and at128 == 0
assert 240 < table["Pillow", "scikit-image"] < 280 and 20 < table["torch", "scikit-image"] < 60
assert table["OpenCV 5.0", "Pillow"] == 0
assert min(table["OpenCV 4.13", other] for other in ("Pillow", "torch", "scikit-image")) > 200
PY
cd "$dir"
"$dir/old/bin/python" old.py
"$dir/venv/bin/python" all.py
