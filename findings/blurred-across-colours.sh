#!/usr/bin/env bash
# Keras: a blurred baseline is blurred from colour to colour, and not from row to row.
#
# Believed: `ops.image.gaussian_blur(pictures)` blurs each colour over rows and columns, on every
#   backend; a Keras function gives in a model what it gives outside.
# Versions: keras 3.15.1 on torch 2.13.0, jax 0.10.2 and numpy 2.4.6.
# Seen: with the documented default (`data_format` as configured, channels last) torch and jax take
#   the rows for channels: a red dot becomes .40 red, .24 green, .05 blue, in one row, and 30 % of
#   its light is lost at the ends of the colours. Inside a Functional model the same call is right,
#   and so is the numpy backend. With `data_format` given there is a second one, everywhere: kernel
#   and sigma are said to be (height, width) and are (width, height), and with torch a (5, 3) kernel
#   is no Gaussian at all (.19 .11 .40 .11 .19) and the picture grows by two columns.
# Matters: the blurred picture is the usual baseline of integrated gradients and of deletion
#   scores; this one keeps each edge between rows and has other colours. Give `data_format`, one
#   number for both sides, and look at the baseline.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile keras==3.15.1 torch==2.13.0 jax==0.10.2 \
  jaxlib==0.10.2 numpy==2.4.6
cd "$dir"
cat >blur.py <<'PY'
import os

import keras
import numpy as np

backend = os.environ["KERAS_BACKEND"]
assert keras.config.image_data_format() == "channels_last"
dot = np.zeros((1, 9, 11, 3), np.float32)
dot[0, 4, 5, 0] = 1


def numbers(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def blur(pictures, size=(5, 5), sigma=(1.0, 1.0), **given):
    return keras.ops.image.gaussian_blur(pictures, size, sigma, **given)


picture = keras.Input(dot.shape[1:])
default, in_model = numbers(blur(dot)), numbers(keras.Model(picture, blur(picture))(dot))
given = numbers(blur(dot, data_format="channels_last"))
rows = int((default.sum((0, 2, 3)) > 1e-4).sum())
print(f"{backend}: colours of a red dot by default {default.sum((0, 1, 2)).round(2)}, in {rows}"
      f" rows; in a model {in_model.sum((0, 1, 2)).round(2)}")
np.testing.assert_allclose(in_model, given, atol=1e-6)
np.testing.assert_allclose(given.sum((0, 1, 2)), [1, 0, 0], atol=1e-5)
colours = [1, 0, 0] if backend == "numpy" else [0.4026, 0.2442, 0.0545]
np.testing.assert_allclose(default.sum((0, 1, 2)), colours, atol=1e-3)
assert rows == (5 if backend == "numpy" else 1)

wide = numbers(blur(dot, sigma=(0.5, 2.0), data_format="channels_last"))[0, ..., 0]
flat = numbers(blur(dot, size=(5, 3), data_format="channels_last"))[0, ..., 0]
across, down = wide.sum(0).max(), wide.sum(1).max()
print(f"  sigma (.5, 2): strongest row {down:.2f}, strongest column {across:.2f}; kernel (5, 3):"
      f" {flat.shape}, rows {flat.sum(1)[2:7].round(2)}, columns {flat.sum(0).round(2)}")
assert round(float(down), 2) == 0.25 and round(float(across), 2) == 0.79
if backend == "torch":
    assert flat.shape == (9, 13)
    np.testing.assert_allclose(flat.sum(1)[2:7], [0.19, 0.11, 0.4, 0.11, 0.19], atol=0.01)
else:
    assert flat.shape == (9, 11) and (flat.sum(1) > 0).sum() == 3 and (flat.sum(0) > 0).sum() == 5
PY
for backend in torch jax numpy; do
  KERAS_BACKEND=$backend JAX_PLATFORMS=cpu "$dir/venv/bin/python" -W ignore blur.py
done
