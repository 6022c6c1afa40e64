#!/usr/bin/env bash
# pytorch-grad-cam: ROAD takes the whole picture away, for all pixels without heat are one step.
#
# Believed: ROAD takes away the most relevant pixels, 10 %, 20 % ..., as asked; the farther the
#   probability falls, the better the map. A map beside the food lets it fall last.
# Versions: grad-cam 1.5.7, quantus 0.6.0, torch 2.14.1.
# Seen: what stays is what is below a percentile of the map, and nothing is below zero. The library
#   gives its maps a ReLU: they are 0 over much of the picture, and up to that percentile all of it
#   goes. A map on the rim, four fifths of it 0, loses .77 on average, with a trace of noise in its
#   zeros .01; the map on the food loses .99. One hot pixel in the wrong corner loses .993 and is
#   the most faithful of all. quantus' ROAD sorts the pixels: without the hottest tenth of the rim's
#   map the food is seen, without that of the food's map it is not. Its 10 takes a tenth away,
#   grad-cam's 10 leaves a tenth.
# Matters: such a figure ranks explanations; the fewer pixels one has, the better it gets. Add noise
#   far below the heat before ROAD is asked.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile torch==2.14.1 torchvision==0.29.1 \
  grad-cam==1.5.7 quantus==0.6.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import quantus
import torch
from pytorch_grad_cam.metrics.road import ROADMostRelevantFirst, ROADMostRelevantFirstAverage
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)
rng = np.random.default_rng(0)
y, x = np.mgrid[:32, :32]
pictures = rng.uniform(0.2, 0.4, (8, 1, 32, 32)).astype(np.float32)
food = slice(18, 28), slice(18, 28)
pictures[:, :, *food] += 0.5
given = torch.from_numpy(pictures)


class IsFoodBright(nn.Module):
    def forward(self, shown):
        logit = 20 * (shown[:, 0, *food].mean((1, 2)) - 0.55)
        return torch.stack([logit, torch.zeros_like(logit)], 1)


def heat(middle, radius):
    return np.maximum(1 - np.hypot(y - middle, x - middle) / radius, 0).astype(np.float32)


def with_noise(one):
    return one + 1e-4 * rng.random(one.shape).astype(np.float32)


network = IsFoodBright().eval()
maps = {"food": heat(22.5, 9), "rim": heat(6, 9), "one pixel": heat(0, 1)}
maps |= {f"{name}, a trace of noise": with_noise(one) for name, one in maps.items()}
falls, right_without = {}, {}
for name, one in maps.items():
    road = one[None].repeat(8, 0), [ClassifierOutputSoftmaxTarget(0)] * 8, network
    taken = {}
    for percentile in (10, 30, 50, 70, 90):
        fall, shown = ROADMostRelevantFirst(percentile)(given, *road, return_visualization=True)
        taken[percentile] = round((shown != given).float().mean().item(), 2)
    falls[name] = ROADMostRelevantFirstAverage()(given, *road).mean()
    sorts = quantus.ROAD(percentages=[10], disable_warnings=True, display_progressbar=False)
    right_without[name] = float(sorts(
        model=network, x_batch=pictures, y_batch=np.zeros(8, int), device="cpu",
        a_batch=one[None, None].repeat(8, 0))[10])
    print(f"{name}: {(one == 0).mean():.2f} of the map is 0; taken away at each percentile {taken},"
          f" falls by {falls[name]:.3f}; quantus: right without 10 % {right_without[name]:.2f}")
    if "noise" in name:
        assert taken == {10: 0.9, 30: 0.7, 50: 0.5, 70: 0.3, 90: 0.1}
    else:
        assert {taken[part] for part in (10, 30, 50, 70)} == {1}
assert falls["one pixel"] < falls["food"] < falls["rim"] < -0.7
assert falls["food, a trace of noise"] < -0.9
assert falls["rim, a trace of noise"] > -0.05 and falls["one pixel, a trace of noise"] > -0.5
assert [right_without[name] for name in ("food", "rim")] == [0, 1]
PY
