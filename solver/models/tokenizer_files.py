"""The files of a tokenizer's folder: which kind it is, its pieces, its special pieces.

``vocab.txt`` or ``tokenizer.json`` (of byte-level BPE ``vocab.json`` and ``merges.txt``),
``tokenizer_config.json``, ``special_tokens_map.json``. Nothing in them is followed elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from solver.errors import BundleError
from solver.files.json_source import read_json

CONFIG, VOCABULARY, TOKENIZER = "config.json", "vocab.txt", "tokenizer.json"
BYTE_VOCABULARY, MERGES = "vocab.json", "merges.txt"
TOKENIZER_CONFIG, SPECIAL, ADDED = (
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
)  # fmt: skip
MOST_JSON_BYTES = 64 << 20

WORD_PIECE, BYTE_LEVEL, JAPANESE = "word_piece", "byte_level", "japanese"
_NAMES = {
    WORD_PIECE: ("Bert", "DistilBert", "Electra"),
    BYTE_LEVEL: ("Roberta",),
    JAPANESE: ("BertJapanese",),
}
KIND_OF = {
    f"{name}Tokenizer{fast}": kind
    for kind, names in _NAMES.items()
    for name in names
    for fast in ("", "Fast")
}
"""The kind of each tokenizer that is read, by the name transformers gives it."""
FROM_TOKENIZER_JSON = ("PreTrainedTokenizerFast", "TokenizersBackend")
"""Names that say only that ``tokenizer.json`` tells how a text is cut."""
_PIECES = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
USUAL = {name: f"[{name.removesuffix('_token').upper()}]" for name in _PIECES}
"""The special pieces of a BERT."""


def json_file(path: Path) -> dict[str, Any]:
    """Return a JSON file that must be a mapping.

    Raises:
        BundleError: it is none.
    """
    data = read_json(path, BundleError, max_bytes=MOST_JSON_BYTES)
    if not isinstance(data, dict):
        raise BundleError("is no mapping of names to values", path=path, zh="不是名稱對值")
    return data


def tokenizer_config(folder: Path) -> dict[str, Any]:
    """Return ``tokenizer_config.json``; empty where there is none."""
    path = folder / TOKENIZER_CONFIG
    return json_file(path) if path.is_file() else {}


def tokenizer_kind(folder: Path) -> str:
    """Return which kind of tokenizer a folder holds: one of `KIND_OF`'s.

    Raises:
        BundleError: `tokenizer_class` names one that is not read; another would cut otherwise.
    """
    config, path, place = tokenizer_config(folder), folder / TOKENIZER_CONFIG, "tokenizer_class"
    said = json_file(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    named = config.get(place)
    if named is None:
        named, path = said.get(place), folder / CONFIG
    if isinstance(named, str) and named in KIND_OF:
        return KIND_OF[named]
    whole = (folder / TOKENIZER).is_file()
    if named is None or (named in FROM_TOKENIZER_JSON and whole):
        return BYTE_LEVEL if _looks_byte_level(folder, said) else WORD_PIECE
    splitter = config.get("word_tokenizer_type")
    words = f" with the word splitter {splitter!r}" if isinstance(splitter, str) else ""
    raise BundleError(
        f"names the tokenizer {named!r}{words}, and only those of BERT, RoBERTa and Japanese BERTs "
        "are read here",
        path=path,
        place=place,
        mend=f"Take a model whose tokenizer is one of {', '.join(sorted(KIND_OF))}.",
        zh=f"指定的 tokenizer 是 {named!r}{words}，這裡只讀取 BERT、RoBERTa 與日文 BERT 的",
    )


def _looks_byte_level(folder: Path, config: Mapping[str, Any]) -> bool:
    """Where no class is named: by the model's kind, and by which files lie there."""
    return config.get("model_type") == "roberta" or (
        (folder / BYTE_VOCABULARY).is_file() and (folder / MERGES).is_file()
    )


def numbered(ids: Mapping[str, Any], path: Path) -> dict[str, int]:
    """Return pieces in the order of their numbers.

    Raises:
        BundleError: they are not numbered from 0 on, each once, or there are none.
    """
    numbers = list(ids.values())
    if any(type(one) is not int for one in numbers) or sorted(numbers) != list(range(len(ids))):
        raise BundleError(
            "its pieces are not numbered from 0 on, each once",
            path=path,
            zh="token 未從 0 起依序編號",
        )
    if not ids:
        raise BundleError("holds no piece", path=path, zh="沒有任何 token")
    return dict(sorted(ids.items(), key=lambda item: int(item[1])))


def mapping_in(said: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    """Return the mapping under a name.

    Raises:
        BundleError: there is none.
    """
    found = said.get(name)
    if not isinstance(found, dict):
        raise BundleError("is no mapping", path=path, place=name, zh="不是對應表")
    return found


def flag_in(
    config: dict[str, Any], name: str, otherwise: Any, folder: Path, *, none: bool = False
) -> Any:
    """Return a setting that is true or false (or, with `none`, not said).

    Raises:
        BundleError: it is something else.
    """
    value = config.get(name, otherwise)
    if isinstance(value, bool) or (none and value is None):
        return value
    raise BundleError(
        "must be true or false", path=folder / TOKENIZER_CONFIG, place=name, zh="應為 true 或 false"
    )


def special_pieces(
    folder: Path, config: dict[str, Any], ids: dict[str, int], usual: Mapping[str, str]
) -> dict[str, str]:
    """Return the special pieces, as the two files that may name them do, each of the vocabulary.

    Raises:
        BundleError: one is named twice, or is no piece.
    """
    beside = json_file(folder / SPECIAL) if (folder / SPECIAL).is_file() else {}
    found = {}
    for name in _PIECES:
        said = {_piece(each[name]) for each in (config, beside) if name in each} or {usual[name]}
        piece = said.pop()
        if said or piece is None or piece not in ids:
            raise BundleError(
                f"{name} is no one piece of the vocabulary",
                path=folder,
                mend=f"Take {TOKENIZER_CONFIG}, {SPECIAL} and vocabulary from the same model.",
                zh=f"{name} 不是詞彙表中的單一 token；各檔案應取自同一模型",
            )
        found[name] = piece
    if len(set(found.values())) < len(found):
        raise BundleError(
            "two of its special pieces are the same", path=folder, zh="有兩個特殊 token 相同"
        )
    return found


def _piece(said: Any) -> str | None:
    """A special piece is written as a text, or as a mapping with its ``content``."""
    text = said.get("content") if isinstance(said, dict) else said
    return text if isinstance(text, str) else None


def check_added(folder: Path, config: dict[str, Any], ids: dict[str, int]) -> None:
    """Refuse pieces beside the vocabulary, which would be cut out of a text before all else.

    Raises:
        BundleError: there are some.
    """
    added: list[tuple[Any, Any]] = []
    if (folder / ADDED).is_file():
        added += json_file(folder / ADDED).items()
    listed = config.get("added_tokens_decoder") or {}
    if isinstance(listed, dict):
        added += [(_piece(said), number) for number, said in listed.items()]
    if not isinstance(listed, dict) or any(
        not isinstance(piece, str) or str(ids.get(piece)) != str(number) for piece, number in added
    ):
        raise BundleError(
            "has pieces that are added to the vocabulary, as no BERT of the course has",
            path=folder,
            zh="有另加入詞彙表的 token，課程的 BERT 都沒有",
        )
