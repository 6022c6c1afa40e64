#!/usr/bin/env bash
# SHAP with inpainting says that every pixel speaks against, if the values run from 0 to 1.
#
# Believed: the values of a picture's SHAP map and the base value add up to the model's output for
#   the picture; that is what SHAP is sold for, whichever way hidden regions are filled.
# Versions: shap 0.51.0, opencv-python-headless 5.0.0.93, numpy 2.4.6.
# Seen: "inpaint_telea" and "inpaint_ns" cast the picture to bytes before filling, and of a
#   picture in 0..1 only zeros are left. All hidden is the mean colour, as it should be; all shown
#   is black. So base and map add up to f(black) and not to f(picture), and in a model that likes
#   light every value of the map is negative or zero. "blur(3,3)" adds up to 1e-6 on the same
#   picture, and so does inpainting where the same picture is given in bytes. No warning in any
#   case.
# Matters: 0..1 is what torchvision hands out and what this homework's network takes; a map that
#   is wholly against the true class looks like a finding on the network.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile shap==0.51.0 \
  opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'PY' 2>"$dir/bars" || { cat "$dir/bars"; exit 1; }
import numpy as np
import shap

rng = np.random.default_rng(0)
levels = rng.integers(1, 255, (1, 8, 8, 3), dtype=np.uint8)
weights = np.arange(192.0)


def explain(filling, picture, scale):
    def model(batch):
        return np.asarray(batch, dtype=float).reshape(len(batch), -1) @ weights[:, None] / scale

    explainer = shap.Explainer(model, shap.maskers.Image(filling, picture.shape[1:]))
    found = explainer(picture, max_evals=400, batch_size=50)
    total = float(found.values.sum() + np.ravel(found.base_values)[0])
    return total, float(model(picture)[0, 0]), float((found.values > 1e-9).mean())


seen = {}
for filling in ("blur(3,3)", "inpaint_telea", "inpaint_ns"):
    for name, picture, scale in (("0..1", levels / 255, 1.0), ("0..255", levels, 255.0)):
        total, output, positive = seen[filling, name] = explain(filling, picture, scale)
        print(f"{filling:13} {name:6}: base + map {total:10.3f}, f(picture) {output:10.3f},"
              f" positive values {positive:.0%}")
for (filling, name), (total, output, positive) in seen.items():
    if filling != "blur(3,3)" and name == "0..1":
        assert abs(total) < 1e-6 and positive == 0 and output > 1000
    else:
        assert abs(total - output) < 1e-6 and 0.2 < positive < 0.8
PY
