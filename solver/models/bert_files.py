"""The files of a BERT's folder, each read by itself and checked before a network is built.

``config.json``, ``model.safetensors`` (or ``pytorch_model.bin``), ``vocab.txt`` (or
``tokenizer.json``), ``tokenizer_config.json``, ``special_tokens_map.json``. transformers would
follow what stands in these to other weights, adapters, quantizers and kernels, so it is handed
numbers, tensors and pieces, and never the folder.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solver.errors import BundleError
from solver.files.json_source import read_json
from solver.files.yaml_source import read_text

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, VOCABULARY, TOKENIZER = "config.json", "vocab.txt", "tokenizer.json"
TOKENIZER_CONFIG, SPECIAL, ADDED = (
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
)  # fmt: skip
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
FILES = (*WEIGHTS, CONFIG, VOCABULARY, TOKENIZER, TOKENIZER_CONFIG, SPECIAL, ADDED)
"""Every file that is read, where it is there."""

MOST_VALUES = 1 << 30
"""In a model; BERT large has a third of it. Above, loading would need many gigabytes."""
MOST_JSON_BYTES = 64 << 20
LARGEST = {
    "vocab_size": 1 << 21, "hidden_size": 1 << 14, "num_hidden_layers": 200,
    "num_attention_heads": 256, "intermediate_size": 1 << 16, "max_position_embeddings": 1 << 16,
}  # fmt: skip
"""The numbers that a config must have, and how large each may be."""
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu")
_OTHER_BUILDS = ("is_decoder", "add_cross_attention", "pruned_heads", "quantization_config")
WORD_PIECE_TOKENIZERS = tuple(
    f"{name}Tokenizer{fast}" for name in ("Bert", "DistilBert", "Electra") for fast in ("", "Fast")
)
"""Tokenizers that cut a text as BERT's does."""
FROM_TOKENIZER_JSON = ("PreTrainedTokenizerFast", "TokenizersBackend")
"""Names that say only that ``tokenizer.json`` tells how a text is cut."""
_PIECES = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


def read_config(folder: Path) -> dict[str, Any]:
    """Return a BERT's build from ``config.json``, as ``BertConfig`` takes it.

    Raises:
        BundleError: it is missing, no BERT's, or its numbers are none that a BERT can have.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise BundleError("holds no config.json, so it is no model", path=folder)
    said = _json(path)
    kind = said.get("model_type", "bert")
    if kind != "bert":
        raise BundleError(f"is of the kind {kind!r}, not of a BERT", path=path)
    for name in _OTHER_BUILDS:
        if said.get(name):
            raise BundleError("asks for another build than BERT's", path=path, place=name)
    if said.get("position_embedding_type", "absolute") != "absolute":
        raise BundleError(
            "asks for another build than BERT's", path=path, place="position_embedding_type"
        )
    limits = {**LARGEST, "type_vocab_size": 64}
    build: dict[str, Any] = {
        name: _number(said.get(name, 2 if name == "type_vocab_size" else None), name, most, path)
        for name, most in limits.items()
    }
    if build["hidden_size"] % build["num_attention_heads"]:
        raise BundleError(
            "hidden_size is no multiple of it", path=path, place="num_attention_heads"
        )
    build["hidden_act"] = said.get("hidden_act", "gelu")
    if build["hidden_act"] not in ACTIVATIONS:
        raise BundleError(f"is none of {', '.join(ACTIVATIONS)}", path=path, place="hidden_act")
    build["layer_norm_eps"] = said.get("layer_norm_eps", 1e-12)
    if type(build["layer_norm_eps"]) is not float or not 0 < build["layer_norm_eps"] < 1:
        raise BundleError("is no small number above 0", path=path, place="layer_norm_eps")
    return build


def _number(value: Any, name: str, most: int, path: Path) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise BundleError(f"must be a whole number from 1 to {most}", path=path, place=name)
    return value


def _json(path: Path) -> dict[str, Any]:
    data = read_json(path, BundleError, max_bytes=MOST_JSON_BYTES)
    if not isinstance(data, dict):
        raise BundleError("is no mapping of names to values", path=path)
    return data


def read_weights(folder: Path, build: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return a model's tensors by name, none of which is run or trusted.

    Args:
        folder: of the model.
        build: of `read_config`; it may not ask for more values than the file holds.

    Raises:
        BundleError: they are missing, damaged, not finite, or do not go with `build`.
    """
    found = [folder / name for name in WEIGHTS if (folder / name).is_file()]
    if not found:
        raise BundleError(
            f"holds no weights ({' or '.join(WEIGHTS)})", path=folder, mend="Copy it whole."
        )
    path = found[0]
    state = _tensors(path)
    for name, tensor in state.items():
        _check_tensor(name, tensor, path)
    hidden = build["hidden_size"]
    rows = build["vocab_size"] + build["max_position_embeddings"]
    needed = hidden * (
        rows + build["num_hidden_layers"] * (4 * hidden + 2 * build["intermediate_size"])
    )
    held = sum(tensor.numel() for tensor in state.values())
    if held > MOST_VALUES:
        raise BundleError(f"holds {held:,} values, more than any BERT", path=path)
    if needed > held:
        raise BundleError(
            f"holds {held:,} values, and {CONFIG} asks for {needed:,}",
            path=path,
            mend="Take config and weights from the same model.",
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
        ) from None
    if not isinstance(loaded, Mapping) or not all(isinstance(name, str) for name in loaded):
        raise BundleError("does not map names to tensors", path=path)
    return dict(loaded)


def _check_tensor(name: str, tensor: Any, path: Path) -> None:
    import torch

    from solver.models.food_cnn import is_plain

    if not torch.is_tensor(tensor) or not is_plain(tensor):
        raise BundleError(f"{name!r} is no plain tensor of real numbers", path=path)
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise BundleError(f"{name!r} claims more values than the file holds", path=path)
    if name.endswith("position_ids"):  # counted anew; older files have it
        return
    if tensor.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise BundleError(f"{name!r} is of the type {tensor.dtype}, not of real numbers", path=path)
    if not torch.isfinite(tensor).all():
        raise BundleError(f"{name!r} holds NaN or infinity", path=path)


@dataclass(frozen=True)
class WordPieces:
    """The parts of a WordPiece tokenizer.

    Attributes:
        ids: id of each piece; exactly 0 to their number less 1.
        special: the pieces for [UNK], [SEP], [PAD], [CLS] and [MASK] by ``unk_token`` and so on.
        lowercase, strip_accents, split_chinese: how a text is made ready; `strip_accents` of None
            goes with `lowercase`.
    """

    ids: dict[str, int]
    special: dict[str, str]
    lowercase: bool
    strip_accents: bool | None
    split_chinese: bool


def read_word_pieces(folder: Path) -> WordPieces:
    """Read a tokenizer's folder.

    Raises:
        BundleError: it holds no vocabulary, two that differ, or is another kind of tokenizer.
    """
    text, whole = folder / VOCABULARY, folder / TOKENIZER
    if not text.is_file() and not whole.is_file():
        raise BundleError(
            "holds no vocab.txt, so it is no BERT tokenizer", path=folder, mend="Copy it whole."
        )
    ids = _lines(text) if text.is_file() else {}
    normal: dict[str, Any] = {}
    if whole.is_file():
        others, normal = _whole(whole)
        if ids and ids != others:
            raise BundleError(
                f"holds other pieces than {VOCABULARY} beside it",
                path=whole,
                mend="Take both from the same model, or only vocab.txt.",
            )
        ids = others
    config = _json(folder / TOKENIZER_CONFIG) if (folder / TOKENIZER_CONFIG).is_file() else {}
    _check_kind(folder, config)
    _check_added(folder, config, ids)
    lowercase = _flag(config, "do_lower_case", normal.get("lowercase", True), folder)
    return WordPieces(
        ids,
        _special(folder, config, ids),
        lowercase,
        _flag(config, "strip_accents", normal.get("strip_accents"), folder, none=True),
        _flag(config, "tokenize_chinese_chars", normal.get("handle_chinese_chars", True), folder),
    )


def _check_kind(folder: Path, config: dict[str, Any]) -> None:
    """Another tokenizer, or other steps before the pieces, would cut a text otherwise than ours."""
    path, place = folder / TOKENIZER_CONFIG, "tokenizer_class"
    kind = config.get(place)
    if kind is None and (folder / CONFIG).is_file():
        path = folder / CONFIG
        kind = _json(path).get(place)
    known = kind in WORD_PIECE_TOKENIZERS
    if not known and kind in FROM_TOKENIZER_JSON:
        known = (folder / TOKENIZER).is_file()
    if kind is not None and not known:
        splitter = config.get("word_tokenizer_type")
        words = f" with the word splitter {splitter!r}" if isinstance(splitter, str) else ""
        raise BundleError(
            f"names the tokenizer {kind!r}{words}, and only BERT's WordPiece is read here",
            path=path,
            place=place,
            mend="Take a model whose tokenizer is a BertTokenizer.",
        )
    path = folder / TOKENIZER_CONFIG
    for name in ("do_basic_tokenize", "do_word_tokenize", "do_subword_tokenize"):
        if config.get(name, True) is not True:
            raise BundleError(
                "asks to leave out a step of BERT's tokenizer, which today's transformers would "
                "take all the same",
                path=path,
                place=name,
                mend="Take a tokenizer without it.",
            )
    for name in ("word_tokenizer_type", "subword_tokenizer_type"):
        if config.get(name, "basic") not in ("basic", "wordpiece"):
            raise BundleError(
                f"asks for {config[name]!r}, and only BERT's WordPiece is read here",
                path=path,
                place=name,
            )
    if config.get("never_split"):
        raise BundleError(
            "lists words that are never cut, which today's transformers would cut all the same",
            path=path,
            place="never_split",
        )


def _lines(path: Path) -> dict[str, int]:
    """A piece a line; a line ends as Python's text files end one, not at U+2028 or NEL."""
    lines = read_text(path, BundleError).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1]:
        lines.pop()
    ids: dict[str, int] = {}
    for number, piece in enumerate(lines):
        if piece in ids:
            raise BundleError(
                f"the piece {piece!r} stands twice", path=path, place=f"line {number + 1}"
            )
        ids[piece] = number
    if not ids:
        raise BundleError("holds no piece", path=path)
    return ids


def _whole(path: Path) -> tuple[dict[str, int], dict[str, Any]]:
    """The pieces of a ``tokenizer.json``, and how it makes a text ready."""
    said = _json(path)
    model, normal = _mapping(said, "model", path), _mapping(said, "normalizer", path)
    before = _mapping(said, "pre_tokenizer", path)
    kinds = (model.get("type", "WordPiece"), normal.get("type"), before.get("type"))
    prefix = model.get("continuing_subword_prefix", "##")
    if kinds != ("WordPiece", "BertNormalizer", "BertPreTokenizer") or prefix != "##":
        raise BundleError("is another tokenizer than BERT's WordPiece", path=path)
    ids = _mapping(model, "vocab", path)
    numbers = list(ids.values())
    if any(type(one) is not int for one in numbers) or sorted(numbers) != list(range(len(ids))):
        raise BundleError("its pieces are not numbered from 0 on, each once", path=path)
    if not ids:
        raise BundleError("holds no piece", path=path)
    return dict(sorted(ids.items(), key=lambda item: int(item[1]))), normal


def _mapping(said: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    found = said.get(name)
    if not isinstance(found, dict):
        raise BundleError("is no mapping", path=path, place=name)
    return found


def _flag(
    config: dict[str, Any], name: str, otherwise: Any, folder: Path, *, none: bool = False
) -> Any:
    value = config.get(name, otherwise)
    if isinstance(value, bool) or (none and value is None):
        return value
    raise BundleError("must be true or false", path=folder / TOKENIZER_CONFIG, place=name)


def _special(folder: Path, config: dict[str, Any], ids: dict[str, int]) -> dict[str, str]:
    """The special pieces, as the two files that may name them do, each of the vocabulary."""
    beside = _json(folder / SPECIAL) if (folder / SPECIAL).is_file() else {}
    found = {}
    for name in _PIECES:
        usual = f"[{name.removesuffix('_token').upper()}]"
        said = {_piece(each[name]) for each in (config, beside) if name in each} or {usual}
        piece = said.pop()
        if said or piece is None or piece not in ids:
            raise BundleError(
                f"{name} is no one piece of the vocabulary",
                path=folder,
                mend=f"Take {TOKENIZER_CONFIG}, {SPECIAL} and vocabulary from the same model.",
            )
        found[name] = piece
    if len(set(found.values())) < len(found):
        raise BundleError("two of its special pieces are the same", path=folder)
    return found


def _piece(said: Any) -> str | None:
    """A special piece is written as a text, or as a mapping with its ``content``."""
    text = said.get("content") if isinstance(said, dict) else said
    return text if isinstance(text, str) else None


def _check_added(folder: Path, config: dict[str, Any], ids: dict[str, int]) -> None:
    """Pieces beside the vocabulary would be cut out of a text before anything else is."""
    added: list[tuple[Any, Any]] = []
    if (folder / ADDED).is_file():
        added += _json(folder / ADDED).items()
    listed = config.get("added_tokens_decoder") or {}
    if isinstance(listed, dict):
        added += [(_piece(said), number) for number, said in listed.items()]
    if not isinstance(listed, dict) or any(
        not isinstance(piece, str) or str(ids.get(piece)) != str(number) for piece, number in added
    ):
        raise BundleError(
            "has pieces that are added to the vocabulary, as no BERT of the course has",
            path=folder,
        )
