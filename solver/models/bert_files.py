"""The build and the weights of an encoder's folder, checked before a network is built.

``config.json`` and ``model.safetensors`` (or ``pytorch_model.bin``). transformers would follow what
stands in these to other weights, adapters, quantizers and kernels, so it is handed numbers, tensors
and pieces, and never the folder.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.errors import BundleError
from solver.models.encoder_kinds import KINDS, EncoderKind
from solver.models.tokenizer_files import (
    ADDED,
    BYTE_VOCABULARY,
    CONFIG,
    MERGES,
    SPECIAL,
    TOKENIZER,
    TOKENIZER_CONFIG,
    VOCABULARY,
    json_file,
)

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = (
    "model.safetensors",
    "pytorch_model.bin",
)  # the first that is there: no pickle, if it can
FILES = (
    *WEIGHTS, CONFIG, VOCABULARY, TOKENIZER, TOKENIZER_CONFIG, SPECIAL, ADDED,
    BYTE_VOCABULARY, MERGES,
)  # fmt: skip
"""Every file that is read, where it is there."""

MOST_VALUES = 1 << 30
"""In a model; BERT large has a third of it. Above, loading would need many gigabytes."""
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu")
_OTHER_BUILDS = ("is_decoder", "add_cross_attention", "pruned_heads", "quantization_config")


def read_config(folder: Path) -> tuple[EncoderKind, dict[str, Any]]:
    """Return the kind of an encoder and its build, as its config class takes it.

    Raises:
        BundleError: it is missing, of a kind that is not read, or its numbers are none it can have.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise BundleError(
            "holds no config.json, so it is no model",
            path=folder,
            zh="沒有 config.json，因此不是模型",
        )
    said = json_file(path)
    name = said.get("model_type", "bert")
    if not isinstance(name, str) or name not in KINDS:
        raise BundleError(
            f"is of the kind {name!r}, and {', '.join(KINDS)} are read here",
            path=path,
            place="model_type",
            zh=f"屬於 {name!r} 類，這裡只讀取 {', '.join(KINDS)}",
        )
    kind = KINDS[name]
    for part in _OTHER_BUILDS:
        if said.get(part):
            raise BundleError(
                "asks for another build than BERT's",
                path=path,
                place=part,
                zh="所要求的結構與 BERT 不同",
            )
    if said.get("position_embedding_type", "absolute") != "absolute":
        raise BundleError(
            "asks for another build than BERT's",
            path=path,
            place="position_embedding_type",
            zh="所要求的結構與 BERT 不同",
        )
    usual = {"type_vocab_size": 2, "pad_token_id": 1, "embedding_size": 128}
    least = {"pad_token_id": 0}
    build: dict[str, Any] = {
        each: _number(said.get(each, usual.get(each)), each, most, path, least.get(each, 1))
        for each, most in kind.limits.items()
    }
    if kind.number(build, "hidden_size") % kind.number(build, "num_attention_heads"):
        place = kind.renamed.get("num_attention_heads", "num_attention_heads")
        raise BundleError(
            "hidden_size is no multiple of it",
            path=path,
            place=place,
            zh="hidden_size 不是它的倍數",
        )
    active = kind.activation
    build[active] = said.get(active, "gelu")
    if build[active] not in ACTIVATIONS:
        raise BundleError(
            f"is none of {', '.join(ACTIVATIONS)}",
            path=path,
            place=active,
            zh=f"不是 {', '.join(ACTIVATIONS)} 之一",
        )
    if kind.name == "distilbert":  # its norms have a fixed epsilon
        return kind, build
    build["layer_norm_eps"] = said.get("layer_norm_eps", 1e-12)
    if type(build["layer_norm_eps"]) is not float or not 0 < build["layer_norm_eps"] < 1:
        raise BundleError(
            "is no small number above 0", path=path, place="layer_norm_eps", zh="應為大於 0 的小數"
        )
    return kind, build


def _number(value: Any, name: str, most: int, path: Path, least: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise BundleError(
            f"must be a whole number from {least} to {most}",
            path=path,
            place=name,
            zh=f"應為 {least} 到 {most} 的整數",
        )
    return value


def read_weights(folder: Path, kind: EncoderKind, build: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return a model's tensors by name, none of which is run or trusted.

    Args:
        folder: of the model.
        kind, build: of `read_config`; the build may not ask for more values than the file holds.

    Raises:
        BundleError: they are missing, damaged, not finite, or do not go with `build`.
    """
    found = [folder / name for name in WEIGHTS if (folder / name).is_file()]
    if not found:
        raise BundleError(
            f"holds no weights ({' or '.join(WEIGHTS)})",
            path=folder,
            mend="Copy it whole.",
            zh=f"沒有權重（{' 或 '.join(WEIGHTS)}），請完整複製",
        )
    path = found[0]
    state = _tensors(path)
    for name, tensor in state.items():
        _check_tensor(name, tensor, path)
    hidden = kind.number(build, "hidden_size")
    rows = kind.number(build, "vocab_size") + kind.number(build, "max_position_embeddings")
    a_layer = 4 * hidden + 2 * kind.number(build, "intermediate_size")
    needed = build.get("embedding_size", hidden) * rows
    needed += hidden * kind.number(build, "num_hidden_layers") * a_layer
    held = sum(tensor.numel() for tensor in state.values())
    if held > MOST_VALUES:
        raise BundleError(
            f"holds {held:,} values, more than any BERT",
            path=path,
            zh=f"有 {held:,} 個值，超過任何 BERT",
        )
    if needed > held:
        raise BundleError(
            f"holds {held:,} values, and {CONFIG} asks for {needed:,}",
            path=path,
            mend="Take config and weights from the same model.",
            zh=f"有 {held:,} 個值，而 {CONFIG} 需要 {needed:,} 個；設定與權重應取自同一模型",
        )
    return state


def _tensors(path: Path) -> dict[str, Tensor]:
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        with warnings.catch_warnings(action="ignore"):
            loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # both raise many kinds for damaged files
        lines = str(problem).splitlines() or [type(problem).__name__]
        raise BundleError(
            f"cannot be read as a model's weights ({lines[0].rstrip('.:')})",
            path=path,
            mend="Copy it again, or take the model's safetensors.",
            zh=f"無法讀成模型的權重（{lines[0].rstrip('.:')}），請重新複製或改用 safetensors",
        ) from None
    if not isinstance(loaded, Mapping) or not all(isinstance(name, str) for name in loaded):
        raise BundleError("does not map names to tensors", path=path, zh="不是名稱對張量")
    return dict(loaded)


def _check_tensor(name: str, tensor: Any, path: Path) -> None:
    import torch

    from solver.models.checkpoints import is_plain

    if not torch.is_tensor(tensor) or not is_plain(tensor):
        raise BundleError(
            f"{name!r} is no plain tensor of real numbers",
            path=path,
            zh=f"{name!r} 不是一般的實數張量",
        )
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise BundleError(
            f"{name!r} claims more values than the file holds",
            path=path,
            zh=f"{name!r} 所稱的值多於檔案所含",
        )
    if name.endswith("position_ids"):  # counted anew; older files have it
        return
    if tensor.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise BundleError(
            f"{name!r} is of the type {tensor.dtype}, not of real numbers",
            path=path,
            zh=f"{name!r} 的型別為 {tensor.dtype}，不是實數",
        )
    if not torch.isfinite(tensor).all():
        raise BundleError(
            f"{name!r} holds NaN or infinity", path=path, zh=f"{name!r} 含有 NaN 或無限大"
        )
