#!/usr/bin/env bash
# torchcam: GradCAM++ without its "++", for its division goes to a copy; grad-cam's hangs on scale.
#
# Believed: GradCAMpp of torchcam and GradCAMPlusPlus of pytorch-grad-cam are one published method,
#   the more so where the network ends in a global average, as ResNets do: a channel's slope is then
#   the same at each pixel, and the two ways to read the paper's sum are one.
# Versions: torchcam 0.5.0, grad-cam 1.5.7, torch 2.14.1.
# Seen: a channel's weight in torchcam is the cube of its slope, whatever the picture shows; the
#   paper's is slope / (2 + slope * sum of activations). torchcam divides in place what a mask
#   picked out, and that is a copy. Its own SmoothGradCAMpp, with next to no noise, gives the
#   paper's. Of 200 maps 139 are hottest elsewhere. grad-cam gives the paper's for steep networks
#   only: it adds 1e-6 to a sum of squared slopes, and for slopes of about 1e-4 a pixel, as of a
#   probability or in a large layer, it gives the cube as well.
# Matters: "GradCAM++ is hottest on the food" holds in one library, or for one scale of the logits,
#   and not in the other: a channel with twice the slope counts eight times.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile torch==2.14.1 torchvision==0.29.1 \
  torchcam==0.5.0 grad-cam==1.5.7 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import torch
from pytorch_grad_cam import GradCAMPlusPlus
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torchcam.methods import GradCAMpp, SmoothGradCAMpp

torch.set_num_threads(1)
rng = np.random.default_rng(0)
features = nn.Sequential(nn.Conv2d(3, 16, 5, padding=2), nn.ReLU())
network = nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 11))
network = network.double().eval()
with torch.no_grad():
    for weight in network.parameters():
        weight.copy_(torch.from_numpy(rng.normal(0, 0.4, weight.shape)))
last = network[3].weight.detach().clone()
pictures = torch.from_numpy(rng.random((200, 3, 20, 20)))
labels = rng.integers(0, 11, 200).tolist()
with torch.no_grad():
    heat = features(pictures).numpy()


def of_torchcam(method, **settings):
    with method(network, target_layer="0", **settings) as extractor:
        return extractor(labels, network(pictures))[0].detach().numpy()


def alike(one, other):
    return np.array([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(one, other)])


def hottest(maps):
    return maps.reshape(len(maps), -1).argmax(1)


is_now = {}
for scale in (20, 0.1):
    with torch.no_grad():
        network[3].weight.copy_(scale * last)
    slope = network[3].weight.detach().numpy()[labels] / 400
    weights = {"slope ** 3": np.maximum(slope, 0) ** 3,
               "the paper's": np.maximum(slope, 0) / (2 + slope * heat.sum((2, 3)))}
    by_hand = {name: np.einsum("nc,ncyx->nyx", one, heat) for name, one in weights.items()}
    grad_cam = GradCAMPlusPlus(network, [features])
    seen = {"torchcam GradCAMpp": of_torchcam(GradCAMpp),
            "grad-cam GradCAMPlusPlus":
            grad_cam(pictures, [ClassifierOutputTarget(label) for label in labels])}
    if scale == 20:
        seen["torchcam SmoothGradCAMpp"] = of_torchcam(SmoothGradCAMpp, num_samples=1, std=1e-9)
    print(f"slopes of about {np.abs(slope).mean():.0e} a pixel")
    for name, maps in seen.items():
        is_now[name, scale] = [one for one in by_hand if alike(maps, by_hand[one]).min() > 0.99]
        near = alike(maps, by_hand["the paper's"])
        other = (hottest(maps) != hottest(by_hand["the paper's"])).sum()
        print(f"  {name}: weights are {is_now[name, scale]}; with the paper's correlation"
              f" {near.min():.2f} to {near.max():.2f}, hottest elsewhere in {other} of 200")
        assert other > 99 if is_now[name, scale] == ["slope ** 3"] else other < 3
assert {one for one, kind in is_now.items() if kind == ["the paper's"]} == {
    ("grad-cam GradCAMPlusPlus", 20), ("torchcam SmoothGradCAMpp", 20)}
assert all(is_now.values())
PY
