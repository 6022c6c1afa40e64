#!/usr/bin/env bash
# zennit: an occlusion window that leaves a picture on the right comes in again on the left.
#
# Believed: heat is where the window was, as in captum's Occlusion; and the one-hot target that
#   zennit's Gradient, SmoothGrad and IntegratedGradients take asks Occlusion for that class too.
# Versions: zennit 0.5.1, captum 0.9.0, torch 2.14.1.
# Seen: where the last window does not end at the border, the rest of it is laid on the opposite
#   border. A network that knows only the corner at the bottom right is explained by four corners
#   alike in a picture of 28 x 28 by the default window and stride of 8 (299, 227 and 150 are no
#   multiples of 8 either), and by all borders wherever windows overlap. captum, with the same
#   windows, gives the one corner. And the one-hot target is the answer, not a question: the map is
#   how many windows lie on each pixel, whatever network and picture. `lambda out: out * target` is
#   heard. The docstrings take a tensor, as a weighting that is multiplied with the output; no one
#   multiplies.
# Matters: a map of the plate's rim for a model that looks at one corner, or a map of nothing.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile torch==2.14.1 torchvision==0.29.1 \
  zennit==0.5.1 captum==0.9.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import torch
from captum.attr import Occlusion as CaptumOcclusion
from torch import nn
from zennit.attribution import Gradient, IntegratedGradients, Occlusion, SmoothGrad

torch.set_num_threads(1)
torch.manual_seed(0)
food = torch.zeros(28, 28)
food[24:, 24:] = 1 / 16
network = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 2, bias=False))
with torch.no_grad():
    network[1].weight.copy_(torch.stack([food.flatten(), torch.rand(28 * 28)]))
picture, noise = torch.full((1, 1, 28, 28), 0.5), torch.rand(1, 1, 28, 28)
target = torch.eye(2)[[0]]
corners = {"top left": (slice(0, 4), slice(0, 4)), "top right": (slice(0, 4), slice(24, 28)),
           "bottom left": (slice(24, 28), slice(0, 4)), "food": (slice(24, 28), slice(24, 28)),
           "middle": (slice(8, 20), slice(8, 20))}


def of_zennit(asked, attributor=Occlusion, shown=picture, **settings):
    with attributor(network, attr_output=asked, **settings) as explainer:
        return explainer(shown)[1][0, 0].detach()


def of_captum(window, stride):
    return CaptumOcclusion(network).attribute(picture, target=0, strides=(1, stride, stride),
                                              sliding_window_shapes=(1, window, window))[0, 0]


def heat(given):
    return {name: round(given[place].mean().item(), 3) for name, place in corners.items()}


for attributor in (Gradient, SmoothGrad, IntegratedGradients):
    given = of_zennit(target, attributor)
    print(attributor.__name__, "for the one-hot target:", heat(given))
    assert (given[24:, 24:] > 0).all() and given.abs().sum() == given[24:, 24:].sum()
for window, stride in ((8, 8), (8, 4), (7, 7)):
    size = {"window": window, "stride": stride}
    zennit, captum = of_zennit(lambda out: out * target, **size), of_captum(window, stride)
    print(f"window {window}, stride {stride}: zennit", heat(zennit), "captum", heat(captum))
    assert [name for name, one in heat(captum).items() if one] == ["food"]
    lit = [name for name, one in heat(zennit).items() if one]
    assert lit == (["food"] if window == 7 else [*corners][:4]), lit
    if stride == 8:
        assert len({heat(zennit)[name] for name in lit}) == 1
    unasked = of_zennit(target, **size)
    print("   for the one-hot target:", heat(unasked))
    assert torch.equal(unasked, of_zennit(target, shown=noise, **size))
    assert window != 7 or (unasked == 1).all()
PY
