#!/usr/bin/env bash
# torchmetrics: a map's AUROC hangs on its scale, and on which maps were in one update.
#
# Believed: the area under the ROC curve asks for the order of the pixels alone; a map times 100 has
#   the area that it had, and ten maps have one area, in one update or in ten.
# Versions: torchmetrics 1.9.0, torch 2.13.0, scikit-learn 1.9.1 (the right values).
# Seen: an update that holds one value above 1 is taken for logits and goes through a sigmoid; in
#   float32 every pixel above 17 is then 1, and the strongest pixels, the ones that matter, are one
#   tie. The better of two explanations (.69, .67) falls to .66, times 10, and .54, times 100. Two
#   pictures, a map up to 1.01 and one up to 1, have .668 in one update, .638 in two: one goes
#   through the sigmoid, the other does not, and their pixels are ranked against each other.
# Matters: "does the map lie on the food?" is scored so, and raw gradients have no scale: the course
#   has a factor of 1e13 between its pictures. Scale each map to 0..1 first.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile torch==2.13.0 torchmetrics==1.9.0 \
  scikit-learn==1.9.1 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torchmetrics.classification import BinaryAUROC

rng = np.random.default_rng(0)
food = rng.random(4096) < 0.3
even = rng.normal(0, 0.2, 4096) + 0.12 * food
even = ((even - even.min()) / np.ptp(even)).astype(np.float32)
peaked = np.exp(rng.normal(0, 1.5, 4096) + 1.1 * food).astype(np.float32)


def area(*updates):
    metric = BinaryAUROC()
    for one, inside in updates:
        metric.update(torch.from_numpy(one), torch.from_numpy(inside))
    return round(float(metric.compute()), 3)


right = round(roc_auc_score(food, even), 3), round(roc_auc_score(food, peaked), 3)
print("scikit-learn: the even map", right[0], "the peaked one", right[1])
seen = [area((np.float32(scale) * peaked, food)) for scale in (1 / peaked.max(), 1, 10, 100)]
print("torchmetrics: the even map", area((even, food)),
      "the peaked one, scaled to 1, raw, times 10, times 100:", *seen)
assert area((even, food)) == right[0] < right[1] and abs(seen[0] - right[1]) < 0.002
assert seen[3] < seen[2] < right[0]

for top in (0.99, 1.01):
    first, both = np.float32(top) * even, np.concatenate([food, food])
    together = np.concatenate([first, even])
    apart, one = area((first, food), (even, food)), area((together, both))
    asked = roc_auc_score(both, together)
    print(f"two pictures, one map up to {top}: two updates {apart}, one update {one}, right",
          round(asked, 3))
    assert abs(one - asked) < 0.001 and (abs(apart - asked) < 0.001) == (top < 1)
PY
