#!/usr/bin/env bash
# Blur integrated gradients with square-root steps hang on the batch size.
#
# Believed: `batch_size` says how many pictures go through the model at once and changes nothing;
#   the map of a linear model sums to f(picture) - f(picture blurred by `max_sigma`).
# Versions: saliency 0.2.1 (the reference code of the method's authors), numpy 2.4.6, scipy
#   1.17.1.
# Seen: with `sqrt=True` a batch is weighted by the width of its last step only, and square-root
#   steps grow narrower: the same map of the same linear model sums to 331 one at a time and to
#   169 a hundred at a time. And the square root is taken of the sigmas too, so that
#   `max_sigma=50` blurs to 7.07 and 365 is the sum to expect, not 572. With even steps the batch
#   changes nothing; 100 steps overshoot by 2 %.
# Matters: the path of blurs is this homework's "what is the baseline for" question in its newest
#   form; two people with other memory get other maps, and neither is told.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile saliency==0.2.1 numpy==2.4.6 scipy==1.17.1
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import numpy as np
import saliency.core as saliency
from scipy import ndimage

down, right = np.mgrid[:32, :32]
disk = ((right - 16) ** 2 + (down - 16) ** 2 < 64).astype(float)
picture = np.repeat(disk[..., None], 3, axis=2)
weights = picture.copy()  # the linear model: the sum of weights * picture


def model(batch, call_model_args=None, expected_keys=None):
    return {saliency.INPUT_OUTPUT_GRADIENTS: np.repeat(weights[None], len(batch), axis=0)}


def asked(sigma):
    blurred = ndimage.gaussian_filter(picture, [sigma, sigma, 0], mode="constant")
    return float((weights * (picture - blurred)).sum())


sums = {}
for root in (False, True):
    for batch in (1, 10, 50, 100):
        found = saliency.BlurIG().GetMask(
            picture, model, max_sigma=50, sqrt=root, batch_size=batch)
        sums[root, batch] = float(found.sum())
        print(f"sqrt={root!s:5} batch_size={batch:3}: the map sums to {sums[root, batch]:.1f}")
print(f"f(picture) - f(blurred): {asked(50):.1f} at sigma 50, {asked(50 ** 0.5):.1f} at 7.07")
even = [sums[False, batch] for batch in (1, 10, 50, 100)]
assert max(even) - min(even) < 1e-6 and abs(even[0] / asked(50) - 1) < 0.03
for batch, value in ((1, 331.3), (10, 282.5), (50, 208.3), (100, 168.7)):
    assert abs(sums[True, batch] - value) < 0.1, (batch, value)
PY
