#!/usr/bin/env bash
# safetensors: a transposed NumPy array is saved as other numbers in the same shape.
#
# Believed: what `safetensors.numpy.save_file` takes is what `load_file` gives back; an array whose
#   memory is in another order is copied, as up to 0.7.0, or refused, as torch tensors are.
# Versions: safetensors 0.8.0 and 0.7.0, pandas 3.1.1, numpy 2.4.6.
# Seen: 0.8.0 writes the memory as it lies under the shape of the view. [[0, 1, 2], [3, 4, 5]].T
#   comes back as [[0, 1], [2, 3], [4, 5]]. A table out of `DataFrame.to_numpy()` lies by columns:
#   each student has others' points; a picture moved to channels first is noise; a layer of another
#   framework, transposed, answers 93 of 1,000 inputs as before (16 answers).
#   Shape, type and file size are right, the sum of all numbers too, and nothing is raised. The
#   docstring asks for contiguous arrays; so did 0.7.0's, which takes all of these. Saving what was
#   loaded changes nothing more, so a second look at the file finds it sound.
# Matters: weights moved to another framework are transposed for it, and heat maps to channels
#   first. Hand over `np.ascontiguousarray(x)`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >save.py <<'PY'
from importlib.metadata import version

import numpy as np
import pandas as pd
from safetensors.numpy import load_file, save_file

rng = np.random.default_rng(0)
table = pd.DataFrame({"student": range(30), "a": rng.integers(0, 5, 30) / 10,
                      "b": rng.integers(5, 9, 30) / 10, "c": rng.integers(0, 9, 30) / 10})
layer = rng.normal(size=(16, 16)).astype(np.float32)
arrays = {
    "small": np.arange(6.0).reshape(2, 3).T,
    "points": table[["a", "b", "c"]].to_numpy(),
    "picture": rng.random((32, 32, 3)).astype(np.float32).transpose(2, 0, 1),
    "kernel": rng.normal(size=(3, 3, 8, 16)).astype(np.float32).transpose(3, 2, 0, 1),
    "layer": layer.T,
}
save_file(arrays, "given.safetensors")
read = load_file("given.safetensors")
save_file(read, "again.safetensors")
again = load_file("again.safetensors")
save_file({name: np.ascontiguousarray(one) for name, one in arrays.items()}, "copied.safetensors")
copied = load_file("copied.safetensors")
old = version("safetensors") == "0.7.0"
print("safetensors", version("safetensors"))
for name, one in arrays.items():
    assert read[name].shape == one.shape and read[name].dtype == one.dtype
    assert sorted(read[name].ravel()) == sorted(one.ravel())
    assert np.array_equal(again[name], read[name]) and np.array_equal(copied[name], one)
    same = np.array_equal(read[name], one)
    print(f"  {name}: the same {same}, numbers at their place {(read[name] == one).mean():.2f}")
    assert same == old
inputs = rng.normal(size=(1000, 16)).astype(np.float32)
before, after = ((inputs @ one.T).argmax(axis=1) for one in (arrays["layer"], read["layer"]))
print("  small:", read["small"].tolist(), "\n  student 1:", arrays["points"][1], "saved",
      read["points"][1], "\n  the layer's answers alike:", int((before == after).sum()), "of 1000")
if old:
    assert (before == after).all()
else:
    assert read["small"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert np.array_equal(read["points"].ravel(), arrays["points"].T.ravel())
    assert (before == after).sum() < 150
PY
for version in 0.7.0 0.8.0; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install --quiet --no-compile "safetensors==$version" pandas==3.1.1 \
    numpy==2.4.6
  "venv-$version/bin/python" save.py
done
