#!/usr/bin/env bash
# Integrated gradients from a black picture: one network, two maps, by the framework.
#
# Believed: a leaky ReLU has a slope of 1 above zero and .01 below; what a framework takes for the
#   slope at zero itself cannot matter, since no value is ever exactly zero.
# Versions: torch 2.13.0, jax 0.10.2, tinygrad 0.14.0.
# Seen: on a black picture a network without biases is at zero in every unit, and the course's
#   path starts there (alpha = 0 of 0, .1 ... .9). torch takes .01 at zero, jax and tinygrad take
#   1: with two hidden layers that sample is 10,000 times as large in them. The map of the network
#   below sums to +.064 in torch (f is .072) and to -.332 in the other two: other signs in three
#   of five pixels, another strongest one. Without alpha = 0 all three are equal. The slopes at
#   zero disagree elsewhere too: |x| has 0 in torch and tinygrad and 1 in jax; ELU has 1 in torch
#   and jax and 0 in tinygrad; ReLU6 at 6 has 0 in torch and 1 in tinygrad.
# Matters: a black baseline, and its sample at alpha 0, is what is asked for; a re-implementation
#   in another framework with the same weights is no check of the map unless alpha = 0 is left
#   out.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile numpy==2.4.6 torch==2.13.0 \
  jax==0.10.2 jaxlib==0.10.2 tinygrad==0.14.0
cd "$dir"
DEV=PYTHON JAX_PLATFORMS=cpu "$dir/venv/bin/python" - <<'PY'
import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from tinygrad import Tensor

rng = np.random.default_rng(3)
layers = [rng.integers(-4, 5, shape).astype(np.float32) / 4 for shape in ((5, 6), (6, 6), (6, 1))]
picture = (rng.integers(1, 9, 5) / 8).astype(np.float32)


def in_torch(x):
    x = torch.tensor(x, requires_grad=True)
    a, b, c = map(torch.from_numpy, layers)
    y = (F.leaky_relu(F.leaky_relu(x @ a, 0.01) @ b, 0.01) @ c).sum()
    y.backward()
    return y.item(), x.grad.numpy()


def in_jax(x):
    def network(x):
        a, b, c = layers
        return (jax.nn.leaky_relu(jax.nn.leaky_relu(x @ a, 0.01) @ b, 0.01) @ c).sum()

    y, gradient = jax.value_and_grad(network)(jnp.asarray(x))
    return float(y), np.asarray(gradient)


def in_tinygrad(x):
    x = Tensor(x)
    a, b, c = (Tensor(w) for w in layers)
    y = (((x @ a).leaky_relu(0.01) @ b).leaky_relu(0.01) @ c).sum()
    return y.item(), y.gradient(x)[0].numpy()


sums, maps = {}, {}
for framework in (in_torch, in_jax, in_tinygrad):
    name = framework.__name__[3:]
    gradients = [framework(picture * np.float32(alpha / 10))[1] for alpha in range(10)]
    maps[name] = np.mean(gradients, axis=0) * picture
    sums[name] = float(maps[name].sum())
    print(f"{name:8} f = {framework(picture)[0]:.4f}, the map {maps[name].round(3)}, its sum"
          f" {sums[name]:+.3f}, without alpha 0 {np.mean(gradients[1:], axis=0) @ picture:+.3f}")
    print(f"{'':8} gradient on the black picture {gradients[0].round(6)}")
print("strongest pixel:", {name: int(np.abs(found).argmax()) for name, found in maps.items()})


def slopes(act_torch, act_jax, act_tinygrad, at):
    x = torch.tensor([at], requires_grad=True)
    act_torch(x).sum().backward()
    t = Tensor([at])
    return (x.grad.item(), float(jax.grad(act_jax)(at)),
            float(act_tinygrad(t).sum().gradient(t)[0].numpy()[0]))


table = {
    "abs at 0": slopes(torch.abs, jnp.abs, Tensor.abs, 0.0),
    "elu at 0": slopes(F.elu, jax.nn.elu, Tensor.elu, 0.0),
    "leaky_relu at 0": slopes(F.leaky_relu, jax.nn.leaky_relu, Tensor.leaky_relu, 0.0),
    "relu6 at 6": slopes(F.relu6, jax.nn.relu6, Tensor.relu6, 6.0),
}
for name, found in table.items():
    print(name, "in torch, jax, tinygrad:", *(round(value, 3) for value in found))
assert [[round(v, 3) for v in found] for found in table.values()] == [
    [0, 1, 0], [1, 1, 0], [0.01, 1, 1], [0, 0, 1]]
np.testing.assert_allclose(maps["jax"], maps["tinygrad"], atol=1e-5)
assert abs(sums["torch"] - 0.0643) < 1e-3 and abs(sums["jax"] + 0.3321) < 1e-3
assert (np.sign(maps["torch"]) != np.sign(maps["jax"])).sum() == 3
PY
