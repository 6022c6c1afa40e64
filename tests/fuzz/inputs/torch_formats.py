"""Checkpoints and hidden states: plain tensors or a refusal, and no code run in either case."""

from __future__ import annotations

import io
import os
import pickle
import pickletools
import random
import warnings
from pathlib import Path
from typing import Any

import torch

from solver.bundle.bert_materials import load_states
from solver.errors import Hw9Error
from solver.models.food_cnn import build_network, load_network
from tests.fuzz.format import Format, Mutant
from tests.fuzz.mutations import zip_mutations as zips
from tests.fuzz.mutations.byte_mutations import damaged

torch.set_num_threads(1)
warnings.filterwarnings("ignore", message=".*quantize.*", category=DeprecationWarning)
warnings.filterwarnings("ignore", message=".*quantize.*", category=UserWarning)
WIDTHS = (2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2)
TOKENS = 7


class Runs:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, self.arguments


def saved(value: Any, *, old: bool = False) -> bytes:
    """Return what ``torch.save`` writes, in the new format or the old."""
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not old)
    return buffer.getvalue()


class _Torch(Format):
    """A file of ``torch.save``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        torch.manual_seed(0)
        self.witness = folder / "was-run"

    def value(self) -> Any:
        """Return what an untouched file holds."""
        raise NotImplementedError

    def changed(self, rng: random.Random) -> tuple[Any, str]:
        """Return something else to be saved."""
        raise NotImplementedError

    def mutant(self, rng: random.Random) -> Mutant:
        seed, kind = rng.randrange(len(self.seeds)), rng.random()
        whole = self.seeds[seed]
        if kind < 0.08:
            return Mutant(saved(self.value(), old=rng.random() < 0.5), "saved anew", "same", seed)
        if kind < 0.40:
            value, how = self.changed(rng)
            return Mutant(saved(value, old=rng.random() < 0.2), how, "any", seed)
        if kind < 0.50:
            return Mutant(*self.hostile(rng), "refused", seed)
        if kind < 0.65 and seed == 0:
            return Mutant(*_other_pickle(whole, rng), "any", seed)
        if kind < 0.75 and seed == 0:
            members, how = zips.other_members(zips.unpacked(whole), rng)
            return Mutant(zips.packed(members, rng.choice([0, 0, 8])), how, "any", seed)
        if kind < 0.85 and seed == 0:
            return Mutant(*zips.other_headers(whole, rng), "any", seed)
        data, how = damaged(whole, rng)
        return Mutant(data, how, "any", seed)

    def hostile(self, rng: random.Random) -> tuple[bytes, str]:
        """Return a file that would run code if it were unpickled without care."""
        touch = f"touch '{self.witness}'"
        code = rng.choice(
            [
                Runs(os.system, touch),
                Runs(eval, f"open({str(self.witness)!r}, 'w')"),
                Runs(open, str(self.witness), "w"),
                Runs(torch.save, 1, str(self.witness)),
                Runs(os.getcwd),
            ]
        )
        how = rng.choice(["alone", "in a tuple", "in a mapping", "plain pickle", "old format"])
        value = {"alone": code, "in a tuple": (torch.zeros(1), code)}.get(
            how, {"model_state_dict": code}
        )
        if how == "plain pickle":
            return pickle.dumps(value, protocol=rng.choice([0, 2, 4])), f"code: {how}"
        return saved(value, old=how == "old format"), f"code: {how}"

    def check(self, mutant: Mutant, result: Any) -> None:
        assert not self.witness.exists(), "code in the file was run"
        super().check(mutant, result)

    def check_refusal(self, mutant: Mutant, refusal: Hw9Error) -> None:
        assert not self.witness.exists(), "code in the file was run"
        super().check_refusal(mutant, refusal)


def _other_pickle(whole: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return a file whose pickle has an operation changed, doubled or taken out."""
    members = zips.unpacked(whole)
    at = next(n for n, (name, _) in enumerate(members) if name.endswith("data.pkl"))
    raw = members[at][1]
    operations = list(pickletools.genops(raw))
    starts = [place for _, _, place in operations] + [len(raw)]
    index = rng.randrange(len(operations))
    name = operations[index][0].name
    begin, end = starts[index], starts[index + 1]
    how = rng.choice(["out", "twice", "other", "number", "name"])
    if how == "out":
        made = raw[:begin] + raw[end:]
    elif how == "twice":
        made = raw[:end] + raw[begin:end] * rng.choice([1, 1000]) + raw[end:]
    elif how == "other":
        made = (
            raw[:begin]
            + bytes([rng.choice([op.code.encode("latin-1")[0] for op in pickletools.opcodes])])
            + raw[begin + 1 :]
        )
    elif how == "number":
        numbers = [
            n
            for n, (op, _, _) in enumerate(operations)
            if op.name in ("BININT", "BININT1", "BININT2")
        ]
        index = rng.choice(numbers)
        begin, end = starts[index], starts[index + 1]
        value = rng.choice([0, 1, -1, 2**31 - 1, 4096, 65536])
        made = raw[:begin] + b"J" + value.to_bytes(4, "little", signed=True) + raw[end:]
    else:
        old, new = rng.choice(
            [(b"FloatStorage", b"ByteStorage_"), (b"_rebuild_tensor_v2", b"_rebuild_parameter"),
             (b"FloatStorage", b"BoolStorage_"), (b"OrderedDict", b"Counter____"),
             (b"FloatStorage", b"DoubleStorag"), (b"torch", b"posix"), (b"collections",
             b"subprocess_")]
        )  # fmt: skip
        made = raw.replace(old, new)
    members[at] = (members[at][0], made)
    return zips.packed(members, 0), f"pickle: {name} {how}"


def odd_tensor(tensor: torch.Tensor, rng: random.Random) -> tuple[torch.Tensor | object, str]:
    """Return a tensor of another kind, shape or content, or no tensor."""
    ways: dict[str, Any] = {
        "NaN": lambda: tensor * float("nan"),
        "infinity": lambda: torch.full(tensor.shape, float("inf")),
        "half": lambda: tensor.half(),
        "bfloat16": lambda: tensor.bfloat16(),
        "double": lambda: tensor.double(),
        "int": lambda: tensor.long(),
        "bool": lambda: tensor > 0,
        "complex": lambda: tensor.to(torch.complex64),
        "sparse": lambda: tensor.to_sparse(),
        "quantized": lambda: torch.quantize_per_tensor(tensor.float(), 0.1, 0, torch.qint8),
        "meta": lambda: tensor.to("meta"),
        "with a gradient": lambda: tensor.float().clone().requires_grad_(),
        "parameter": lambda: torch.nn.Parameter(tensor.float()),
        "flat": lambda: tensor.reshape(-1),
        "more axes": lambda: tensor[None],
        "less axes": lambda: tensor.squeeze(0) if tensor.ndim else tensor,
        "empty": lambda: tensor[:0] if tensor.ndim else torch.zeros(0),
        "stretched": lambda: torch.zeros(1).expand(*tensor.shape[:-1], 10**9),
        "stretched in front": lambda: torch.zeros(1).expand(65536, *tensor.shape[1:]),
        "wide": lambda: torch.zeros(1).expand(4096, *tensor.shape[1:]),
        "none": lambda: None,
        "text": lambda: "tensor",
        "a list": lambda: tensor.tolist(),
        "huge values": lambda: tensor.float() * 1e38 * 1e3,
        "conjugate": lambda: tensor.to(torch.complex64).conj(),
        "turned": lambda: tensor.transpose(0, -1) if tensor.ndim > 1 else tensor,
    }  # fmt: skip
    how = rng.choice(list(ways))
    return ways[how](), how


class Checkpoints(_Torch):
    """``checkpoint.pth``, of a network as narrow as can be."""

    name = "checkpoint"
    share = 12

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.state = dict(build_network(WIDTHS, 3, 11).state_dict())
        self.seeds = [saved(self.value()), saved(self.value(), old=True)]
        self.probe = torch.rand(1, 3, 128, 128)

    def value(self) -> Any:
        return {
            "epoch": 3,
            "model_state_dict": dict(self.state),
            "optimizer_state_dict": {"lr": 1e-3},
        }

    def changed(self, rng: random.Random) -> tuple[Any, str]:
        value = self.value()
        state = value["model_state_dict"]
        name = rng.choice(sorted(state))
        how = rng.choice(
            ["tensor", "tensor", "tensor", "out", "more", "renamed", "several", "whole"]
        )
        if how == "out":
            del state[name]
        elif how == "more":
            state[rng.choice(["cnn.99.weight", "x", "fc.0.weight\x1b", 5, ("a",)])] = torch.zeros(2)
        elif how == "renamed":
            state["module." + name] = state.pop(name)
        elif how == "several":
            for each in rng.sample(sorted(state), rng.randrange(2, 12)):
                state[each], _ = odd_tensor(state[each], rng)
        elif how == "whole":
            wholes = [None, 5, [], {}, torch.zeros(3), (1, 2), dict(state)]
            states = [None, [], {"a": 1}]
            return rng.choice([*wholes, *({"model_state_dict": each} for each in states)]), how
        else:
            state[name], kind = odd_tensor(state[name], rng)
            how = kind
        return value, f"{name}: {how}"

    def read(self, data: bytes) -> Any:
        network = load_network(self.written(data, "checkpoint.pth"))
        with torch.no_grad():
            logits = network(self.probe)
        assert logits.shape == (1, network.classes) and not network.training
        assert not any(each.requires_grad for each in network.parameters())
        return logits.tolist()


class HiddenStates(_Torch):
    """``model<m>_q<n>``: a tuple of tensors (1, tokens, width)."""

    name = "hidden states"
    share = 14

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.states = tuple(torch.randn(1, TOKENS, 8) for _ in range(13))
        self.seeds = [saved(self.value()), saved(self.value(), old=True)]

    def value(self) -> Any:
        return self.states

    def changed(self, rng: random.Random) -> tuple[Any, str]:
        states = list(self.states)
        how = rng.choice(["one", "one", "all", "fewer", "list", "whole", "more"])
        if how == "one":
            at = rng.randrange(13)
            states[at], kind = odd_tensor(states[at], rng)
            how = f"layer {at}: {kind}"
        elif how == "all":
            state = rng.getstate()
            for at in range(13):
                rng.setstate(state)
                states[at], kind = odd_tensor(states[at], rng)
            how = f"all layers: {kind}"
        elif how == "fewer":
            states = states[: rng.randrange(3)]
        elif how == "more":
            states *= 40
        elif how == "whole":
            return rng.choice([None, {}, [], torch.zeros(13, 1, 7, 8), ((1,), 2), "x"]), how
        return (states if how == "list" else tuple(states)), how

    def read(self, data: bytes) -> Any:
        stacked = load_states(self.written(data, "model1_q1"), TOKENS)
        assert stacked.ndim == 3 and stacked.shape[1] == TOKENS and stacked.dtype == "float32"
        return stacked.tolist()
