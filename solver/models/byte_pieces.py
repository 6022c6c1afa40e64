"""Byte-level BPE as RoBERTa's: pieces of bytes, and the merges that make them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from solver.errors import BundleError
from solver.files.yaml_source import read_text
from solver.models.tokenizer_files import (
    BYTE_VOCABULARY,
    MERGES,
    TOKENIZER,
    check_added,
    flag_in,
    json_file,
    mapping_in,
    numbered,
    special_pieces,
    tokenizer_config,
)

USUAL = {
    "unk_token": "<unk>", "sep_token": "</s>", "pad_token": "<pad>", "cls_token": "<s>",
    "mask_token": "<mask>",
}  # fmt: skip
"""The special pieces of a RoBERTa."""
BLANK = "\u0120"
"""How a piece writes the blank before it."""


@dataclass(frozen=True)
class BytePieces:
    """The parts of a byte-level tokenizer.

    Attributes:
        ids: id of each piece; exactly 0 to their number less 1.
        merges: pairs of pieces, in the order they are merged.
        special: the pieces for <unk>, </s>, <pad>, <s> and <mask> by ``unk_token`` and so on.
        prefix_space: whether a text is taken as if a blank stood before it.
    """

    ids: dict[str, int]
    merges: tuple[tuple[str, str], ...]
    special: dict[str, str]
    prefix_space: bool


def read_byte_pieces(folder: Path) -> BytePieces:
    """Read a tokenizer's folder.

    Raises:
        BundleError: it holds no vocabulary, or is another kind of tokenizer.
    """
    whole = folder / TOKENIZER
    if (folder / BYTE_VOCABULARY).is_file() and (folder / MERGES).is_file():
        ids = numbered(json_file(folder / BYTE_VOCABULARY), folder / BYTE_VOCABULARY)
        merges = _listed(folder / MERGES)
    elif whole.is_file():
        ids, merges = _whole(whole)
    else:
        raise BundleError(
            f"holds neither {BYTE_VOCABULARY} with {MERGES} nor {TOKENIZER}, so it is no RoBERTa "
            "tokenizer",
            path=folder,
            mend="Copy it whole.",
            zh=f"沒有 {BYTE_VOCABULARY} 與 {MERGES}，也沒有 {TOKENIZER}，"
            "因此不是 RoBERTa 的 tokenizer；請完整複製",
        )
    config = tokenizer_config(folder)
    check_added(folder, config, ids)
    special = special_pieces(folder, config, ids, USUAL)
    return BytePieces(ids, merges, special, flag_in(config, "add_prefix_space", False, folder))


def _listed(path: Path) -> tuple[tuple[str, str], ...]:
    """A pair a line; the first line may say the version."""
    lines = read_text(path, BundleError).replace("\r\n", "\n").split("\n")
    pairs = []
    for number, line in enumerate(lines, 1):
        if not line or (number == 1 and line.startswith("#version")):
            continue
        pairs.append(_pair(line, path, f"line {number}"))
    return tuple(pairs)


def _whole(path: Path) -> tuple[dict[str, int], tuple[tuple[str, str], ...]]:
    said = json_file(path)
    model, before = mapping_in(said, "model", path), mapping_in(said, "pre_tokenizer", path)
    if (model.get("type", "BPE"), before.get("type"), said.get("normalizer")) != (
        "BPE", "ByteLevel", None,
    ):  # fmt: skip
        raise BundleError(
            "is another tokenizer than RoBERTa's byte-level BPE",
            path=path,
            zh="不是 RoBERTa 的 byte-level BPE tokenizer",
        )
    merges = model.get("merges")
    if not isinstance(merges, list):
        raise BundleError(
            "is no list of pairs", path=path, place="model.merges", zh="不是成對的清單"
        )
    pairs = tuple(_pair(one, path, f"model.merges {at}") for at, one in enumerate(merges))
    return numbered(mapping_in(model, "vocab", path), path), pairs


def _pair(said: Any, path: Path, place: str) -> tuple[str, str]:
    parts = said.split(" ") if isinstance(said, str) else said
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(p, str) for p in parts):
        raise BundleError("is no pair of pieces", path=path, place=place, zh="不是一對 token")
    return parts[0], parts[1]


def byte_piece_text(piece: str) -> str:
    """Return a piece as WordPiece would write it: ``her`` after a blank, ``##er`` inside a word.

    >>> byte_piece_text("\u0120her"), byte_piece_text("er"), byte_piece_text(".")
    ('her', '##er', '.')
    """
    bare = piece.removeprefix(BLANK)
    known = _bytes()
    if bare and all(sign in known for sign in bare):
        text = bytes(known[sign] for sign in bare).decode("utf-8", errors="replace")
    else:
        text = bare
    return f"##{text}" if bare == piece and text[:1].isalnum() else text


@cache
def _bytes() -> dict[str, int]:
    """The byte behind each sign of a piece, as GPT-2 writes bytes (Radford et al. 2019)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [one for one in range(256) if one not in plain]
    return {chr(one): one for one in plain} | {chr(256 + at): one for at, one in enumerate(others)}
