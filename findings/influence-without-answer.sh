#!/usr/bin/env bash
# captum: TracInCPFast behind a LogSoftmax does not know what the network answered.
#
# Believed: for the last linear layer it gives TracInCP's influences, faster: "exactly the same as
#   when naive back-propagation is used - there is no loss in accuracy", says its docstring.
# Versions: captum 0.9.0, torch 2.13.0.
# Seen: it takes the slope of the loss by the network's output for that by the layer's output. Where
#   the network ends in LogSoftmax, with NLLLoss, that slope is -1 at the label whatever was
#   answered: the influence is the product of the features where two labels are equal, else 0, so
#   no example ever speaks against another, and self-influence is the length of the features. Of 20
#   wrong labels among 200 TracInCP's 20 largest self-influences hold 17, TracInCPFast's 1; of the
#   same network without its last step, with CrossEntropyLoss, 17. There too it is not the same: the
#   layer's bias is left out, and three strongest examples in 200 are others.
# Matters: LogSoftmax with NLLLoss is how many CNNs are written, and self-influence is there to find
#   wrong labels. Explain the network up to its logits.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile torch==2.13.0 captum==0.9.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import torch
from captum.influence import TracInCP, TracInCPFast
from torch import nn
from torch.utils.data import TensorDataset

torch.set_num_threads(1)
rng = np.random.default_rng(0)
middles, true = rng.normal(size=(4, 8)) * 1.5, rng.integers(0, 4, 200)
inputs = torch.from_numpy(middles[true] + rng.normal(size=(200, 8)))
mislabelled, labels = rng.choice(200, 20, replace=False), true.copy()
labels[mislabelled] = (labels[mislabelled] + rng.integers(1, 4, 20)) % 4
labels = torch.from_numpy(labels)
layers = nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 4)).double()
with torch.no_grad():
    for weight in layers.parameters():
        weight.copy_(torch.from_numpy(rng.normal(0, 0.3, weight.shape)))
steps = torch.optim.SGD(layers.parameters(), 0.2)
for _ in range(150):
    steps.zero_grad()
    nn.functional.cross_entropy(layers(inputs), labels).backward()
    steps.step()

with torch.no_grad():
    features = layers[:2](inputs)
    alike = features @ features.T
    miss = layers(inputs).softmax(1) - torch.eye(4).double()[labels]
by_hand = {"with bias": (miss @ miss.T) * (alike + 1), "without bias": (miss @ miss.T) * alike,
           "labels only": (labels[:, None] == labels) * alike}


def restored(network, path):
    network.load_state_dict(torch.load(path))
    return 1.0


seen = {}
for end, tail, loss in (("logits", [], nn.CrossEntropyLoss(reduction="sum")),
                        ("LogSoftmax", [nn.LogSoftmax(1)], nn.NLLLoss(reduction="sum"))):
    network = nn.Sequential(*layers, *tail)
    torch.save(network.state_dict(), "weights.pt")
    given = {"train_dataset": TensorDataset(inputs, labels), "checkpoints": ["weights.pt"],
             "checkpoints_load_func": restored, "loss_fn": loss, "batch_size": 50}
    for name, tracin in (
        ("TracInCP", TracInCP(network, layers=["2"], sample_wise_grads_per_batch=True, **given)),
        ("TracInCPFast", TracInCPFast(network, network[2], **given)),
    ):
        influence, own = tracin.influence((inputs, labels)), tracin.self_influence()
        found = len(set(own.topk(20).indices.tolist()) & set(mislabelled.tolist()))
        is_by_hand = [kind for kind, known in by_hand.items()
                      if torch.allclose(influence, known, atol=1e-9)]
        against = (influence < -1e-9).double().mean().item()
        other = (influence.argmax(1) != by_hand["with bias"].argmax(1)).sum().item()
        seen[end, name] = is_by_hand, found
        print(f"{end:10} {name:12} is {is_by_hand}, wrong labels found {found} of 20, influences"
              f" against {against:.2f}, strongest example another one for {other} of 200")
        assert (against == 0) == (is_by_hand == ["labels only"])
for end in ("logits", "LogSoftmax"):
    assert seen[end, "TracInCP"] == (["with bias"], 17)
assert seen["logits", "TracInCPFast"] == (["without bias"], 17)
assert seen["LogSoftmax", "TracInCPFast"] == (["labels only"], 1)
PY
