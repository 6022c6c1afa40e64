#!/usr/bin/env bash
# Quantus' Monotonicity gives every explanation of every picture the best mark.
#
# Believed: pixels come back onto a black picture, least important first, and the score says
#   whether the probability never falls on the way; a random map scores worse than the gradient.
# Versions: quantus 0.6.0, torch 2.13.0.
# Seen: what comes back is not the picture's pixels but the black once more (of each picture its
#   darkest value), so the network is asked about one flat picture at every step, and a row of equal
#   numbers "never falls": 1.0 for the gradient, its negative and noise. Each of the 288 pictures
#   handed to the network is of one value. With the pictures' own pixels the probability falls
#   somewhere on the way for all six. FaithfulnessEstimate, beside it, tells the three maps apart.
# Matters: it is one of the standard faithfulness metrics, and "our method: 1.0" is no evidence of
#   anything.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile torch==2.13.0 quantus==0.6.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import quantus
import torch
from torch import nn

rng = np.random.default_rng(0)
net = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                    nn.Linear(384, 5)).eval()
with torch.no_grad():
    for weight in net.parameters():
        weight.copy_(torch.from_numpy(rng.normal(0, 0.2, weight.shape)))
pictures = rng.random((6, 3, 16, 16)).astype(np.float32)
inputs = torch.tensor(pictures, requires_grad=True)
labels = net(inputs).argmax(1).numpy()
net(inputs)[range(6), labels].sum().backward()
gradient = (inputs.grad * inputs).detach().sum(1, keepdim=True).numpy()
maps = {"gradient x picture": gradient, "its negative": -gradient,
        "noise": rng.normal(size=gradient.shape).astype(np.float32)}


def scores(metric, attribution):
    made = metric(features_in_step=16, abs=False, disable_warnings=True, display_progressbar=False)
    return np.array(made(model=net, x_batch=pictures.copy(), y_batch=labels, device="cpu",
                         a_batch=attribution.copy()), float)


def by_hand(attribution):
    """The share of pictures whose probability never falls while their own pixels come back."""
    order = np.argsort(np.broadcast_to(attribution, pictures.shape).reshape(6, -1), axis=1)
    shown, rows = np.zeros((6, 768), np.float32), np.arange(6)[:, None]
    path = []
    for start in range(0, 768, 16):
        step = order[:, start:start + 16]
        shown[rows, step] = pictures.reshape(6, -1)[rows, step]
        with torch.no_grad():
            path.append(net(torch.from_numpy(shown.reshape(pictures.shape))).softmax(1).numpy())
    path = np.stack(path)[:, range(6), labels]
    return (np.diff(path, axis=0) >= 0).all(0).mean()


asked = []
net.register_forward_pre_hook(lambda _, given: asked.append(given[0].detach().numpy().copy()))
for name, attribution in maps.items():
    asked.clear()
    monotone = scores(quantus.Monotonicity, attribution)
    flat = np.concatenate(asked).reshape(-1, 768)
    spread = float(np.ptp(flat, axis=1).max())
    estimate = scores(quantus.FaithfulnessEstimate, attribution).mean()
    print(f"{name:18} Monotonicity {monotone}, by the picture's pixels {by_hand(attribution):.2f};"
          f" asked about {len(flat)} pictures, the largest range of values in one: {spread};"
          f" FaithfulnessEstimate {estimate:.2f}")
    assert monotone.tolist() == [1] * 6 and spread == 0 and len(flat) == 48 * 6
    assert by_hand(attribution) < 1
    if name == "gradient x picture":
        assert estimate > 0.5
    else:
        assert estimate < 0.3
PY
