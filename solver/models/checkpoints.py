"""Checkpoints: a file of weights read without trust, and fitted to the network it is for.

What a training loop wraps around a state dict is taken off: an outer mapping
(``model_state_dict``, ``state_dict``, ``model``), and one prefix that all names share, as
``DataParallel`` (``module.``), ``torch.compile`` (``_orig_mod.``) and Lightning (``model.``) put
there.
"""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from solver.errors import BundleError

State = dict[str, Tensor]

OUTER = ("model_state_dict", "state_dict", "model", "net", "network", "weights")
"""Keys under which a checkpoint may hold the state dict; the first that is there counts."""
COUNTED = ".num_batches_tracked"
"""End of a name that BatchNorm only counts with, and old or cut down checkpoints leave out."""
NAMED = 4
"""Names that a sentence lists; of more it says how many there are."""

_SAVE = "torch.save({'model_state_dict': model.state_dict()}, 'checkpoint.pth')"


def read_state(path: Path) -> State:
    """Return the tensors of a checkpoint by name, on the CPU, outer mappings taken off.

    Raises:
        BundleError: missing, holds more than plain tensors, or no state dict.
    """
    checkpoint = _loaded(path)
    state = _state_in(checkpoint)
    if state is None:
        keys = ", ".join(map(str, list(checkpoint)[:4])) if isinstance(checkpoint, Mapping) else ""
        raise BundleError(
            "holds no 'model_state_dict'" + (f" (it begins with {keys})" if keys else ""),
            path=path,
            mend=f"Save the weights with {_SAVE}.",
            zh=f"沒有 'model_state_dict'，請用 {_SAVE} 儲存權重",
        )
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise BundleError(
            "'model_state_dict' must map names to tensors",
            path=path,
            mend=f"Save the weights with {_SAVE}.",
            zh=f"'model_state_dict' 應為名稱對張量，請用 {_SAVE} 儲存權重",
        )
    for name, tensor in state.items():
        if not is_plain(tensor):
            raise BundleError(
                f"{name!r} is no plain tensor of real numbers",
                path=path,
                zh=f"{name!r} 不是一般的實數張量",
            )
    return {str(name): tensor for name, tensor in state.items()}


def _loaded(path: Path) -> Any:
    if not path.is_file():
        raise BundleError(
            "there is no such checkpoint",
            path=path,
            mend=f"Put {path.name} into the bundle.",
            zh="沒有這個檢查點檔案，請放入教材資料夾",
        )
    try:
        with warnings.catch_warnings():
            # What torch has to say of an odd file is said in our sentence, once.
            warnings.simplefilter("ignore")
            # Weights only: a pickle in full runs code as it is read. On the CPU: the file may name
            # a GPU.
            return torch.load(path, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        RuntimeError,
        EOFError,
        ValueError,
    ) as fault:
        raise BundleError(
            "is not a checkpoint of plain tensors (it was refused unexecuted)",
            path=path,
            mend=f"Where it was made, load it and save the weights alone: {_SAVE}.",
            zh=f"不是只含一般張量的檢查點（未執行即拒絕）；請在製作處讀入後只存權重：{_SAVE}",
        ) from fault
    except Exception as fault:  # torch raises many kinds for damaged files
        raise BundleError(
            f"cannot be read as a checkpoint ({type(fault).__name__})",
            path=path,
            zh=f"無法讀成檢查點（{type(fault).__name__}）",
        ) from fault


def _state_in(checkpoint: Any) -> Any:
    """The state dict of a checkpoint, or the value in its place; None where there is none."""
    if not isinstance(checkpoint, Mapping):
        return None
    for name in OUTER:
        if name in checkpoint and not isinstance(checkpoint[name], Tensor):
            return checkpoint[name]
    # A state dict saved as it is, without a mapping around it.
    bare = checkpoint and all(isinstance(value, Tensor) for value in checkpoint.values())
    return checkpoint if bare else None


def is_plain(tensor: Tensor) -> bool:
    """Say whether a loaded tensor is one of real numbers with its values at hand."""
    plain_kind = not (tensor.is_complex() or tensor.is_quantized or tensor.is_meta)
    return plain_kind and tensor.layout == torch.strided and not tensor.is_nested


def without_prefix(state: State, known: Collection[str], path: Path) -> State:
    """Return the state with the prefix taken off that its names have before the build's `known`.

    Raises:
        BundleError: some names have the prefix and others have not, so their meaning is unclear.

    Example:
        >>> found = without_prefix({"module.fc.bias": torch.ones(2)}, {"fc.bias"}, Path("x.pth"))
        >>> list(found)
        ['fc.bias']
    """
    expected = set(known)
    counts = Counter(prefix for name in state if (prefix := _prefix_of(name, expected)) is not None)
    # Some names fit as they are: the others are faults, and no prefix is taken off.
    if not counts or counts[""]:
        return state
    prefix = counts.most_common(1)[0][0]
    others = [name for name in state if not name.startswith(prefix)]
    if others:
        raise BundleError(
            f"has the network's weights under {prefix!r}, and beside them {listed(others)}",
            path=path,
            mend=f"Save the network's own weights alone: those under {prefix!r}.",
            zh=f"網路的權重在 {prefix!r} 之下，另外還有 {listed(others)}；請只存網路本身的權重",
        )
    return {name.removeprefix(prefix): value for name, value in state.items()}


def _prefix_of(name: str, known: set[str]) -> str | None:
    """The part before the longest end of a name that the build has; None where none has."""
    begins = [0, *(at + 1 for at, sign in enumerate(name) if sign == ".")]
    return next((name[:at] for at in begins if name[at:] in known), None)


def fitted(state: State, build: Mapping[str, Tensor], path: Path, mend: str = "") -> State:
    """Return the state as a network takes it: every name of `build`, its shapes and types.

    Args:
        state: of a checkpoint, prefixes taken off.
        build: the network's own state dict; it may lie on the meta device.
        path: of the checkpoint.
        mend: advice where it does not fit.

    Raises:
        BundleError: names or shapes that are not the build's, NaN or infinity; says all of them.
    """
    counted = {name for name in build if name.endswith(COUNTED)}
    lacking = [name for name in build if name not in state and name not in counted]
    strange = [name for name in state if name not in build]
    faults = [f"the weights lack {listed(lacking)}"] if lacking else []
    if strange:
        parts = "is no part" if len(strange) == 1 else "are no part"
        faults.append(f"{listed(strange)} {parts} of this build")
    both = [name for name in build if name in state]
    faults += [
        f"{name!r} has shape {list(state[name].shape)}, expected {list(build[name].shape)}"
        for name in both
        if state[name].shape != build[name].shape
    ][:NAMED]
    faults += [
        f"{name!r} holds NaN or infinity"
        for name in both
        if state[name].is_floating_point() and not torch.isfinite(state[name]).all()
    ][:NAMED]
    if faults:
        raise BundleError(
            "; ".join(faults), path=path, mend=mend, zh=f"權重與網路不符（{'; '.join(faults)}）"
        )
    return {
        name: state[name].to(one.dtype).contiguous()
        if name in state
        else torch.zeros(one.shape, dtype=one.dtype)
        for name, one in build.items()
    }


def listed(names: Sequence[str]) -> str:
    """Return names for a sentence: the first few, and how many more there are.

    >>> listed(["a", "b"]), listed(list("abcdef"))
    ("'a', 'b'", "'a', 'b', 'c', 'd' and 2 more")
    """
    text = ", ".join(repr(name) for name in names[:NAMED])
    return text + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
