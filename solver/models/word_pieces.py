"""WordPiece tokenizers: BERT's own, and those of Japanese BERTs, which split words otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver.errors import BundleError
from solver.files.yaml_source import read_text
from solver.models.tokenizer_files import (
    TOKENIZER,
    TOKENIZER_CONFIG,
    USUAL,
    VOCABULARY,
    check_added,
    flag_in,
    json_file,
    mapping_in,
    numbered,
    special_pieces,
    tokenizer_config,
)


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
            "holds no vocab.txt, so it is no BERT tokenizer",
            path=folder,
            mend="Copy it whole.",
            zh="沒有 vocab.txt，因此不是 BERT 的 tokenizer；請完整複製",
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
                zh=f"與旁邊的 {VOCABULARY} 內容不同；兩者應取自同一模型，或只用 vocab.txt",
            )
        ids = others
    config = tokenizer_config(folder)
    _check_steps(folder, config)
    check_added(folder, config, ids)
    lowercase = flag_in(config, "do_lower_case", normal.get("lowercase", True), folder)
    return WordPieces(
        ids,
        special_pieces(folder, config, ids, USUAL),
        lowercase,
        flag_in(config, "strip_accents", normal.get("strip_accents"), folder, none=True),
        flag_in(config, "tokenize_chinese_chars", normal.get("handle_chinese_chars", True), folder),
    )


def _check_steps(folder: Path, config: dict[str, Any]) -> None:
    """Other steps before the pieces would cut a text otherwise than ours."""
    path = folder / TOKENIZER_CONFIG
    for name in ("do_basic_tokenize", "do_word_tokenize", "do_subword_tokenize"):
        if config.get(name, True) is not True:
            raise BundleError(
                "asks to leave out a step of BERT's tokenizer, which today's transformers would "
                "take all the same",
                path=path,
                place=name,
                mend="Take a tokenizer without it.",
                zh="要求省略 BERT tokenizer 的一個步驟，而現今的 transformers 仍會執行；"
                "請用沒有此設定的 tokenizer",
            )
    for name in ("word_tokenizer_type", "subword_tokenizer_type"):
        if config.get(name, "basic") not in ("basic", "wordpiece"):
            raise BundleError(
                f"asks for {config[name]!r}, and only BERT's WordPiece is read here",
                path=path,
                place=name,
                zh=f"要求 {config[name]!r}，這裡只讀取 BERT 的 WordPiece",
            )
    if config.get("never_split"):
        raise BundleError(
            "lists words that are never cut, which today's transformers would cut all the same",
            path=path,
            place="never_split",
            zh="列有永不切分的詞，而現今的 transformers 仍會切分",
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
                f"the piece {piece!r} stands twice",
                path=path,
                place=f"line {number + 1}",
                zh=f"token {piece!r} 出現兩次",
            )
        ids[piece] = number
    if not ids:
        raise BundleError("holds no piece", path=path, zh="沒有任何 token")
    return ids


def _whole(path: Path) -> tuple[dict[str, int], dict[str, Any]]:
    """The pieces of a ``tokenizer.json``, and how it makes a text ready."""
    said = json_file(path)
    model, normal = mapping_in(said, "model", path), mapping_in(said, "normalizer", path)
    before = mapping_in(said, "pre_tokenizer", path)
    kinds = (model.get("type", "WordPiece"), normal.get("type"), before.get("type"))
    prefix = model.get("continuing_subword_prefix", "##")
    if kinds != ("WordPiece", "BertNormalizer", "BertPreTokenizer") or prefix != "##":
        raise BundleError(
            "is another tokenizer than BERT's WordPiece",
            path=path,
            zh="不是 BERT 的 WordPiece tokenizer",
        )
    ids = mapping_in(model, "vocab", path)
    return numbered(ids, path), normal


WORD_SPLITTERS, CUTTERS = ("basic", "mecab"), ("wordpiece", "character")
DICTIONARIES = ("unidic_lite", "ipadic", "unidic")


@dataclass(frozen=True)
class JapanesePieces:
    """The parts of a Japanese BERT's tokenizer.

    Attributes:
        vocabulary: its ``vocab.txt``.
        words: how words are split, one of WORD_SPLITTERS.
        subwords: how they are cut further, one of CUTTERS.
        dictionary: MeCab's, one of DICTIONARIES; None without MeCab.
    """

    vocabulary: Path
    special: dict[str, str]
    lowercase: bool
    words: str
    subwords: str
    dictionary: str | None


def read_japanese(folder: Path) -> JapanesePieces:
    """Read the folder of a Japanese BERT's tokenizer.

    Raises:
        BundleError: it lacks its vocabulary, or asks for a splitter that is not read.
    """
    vocabulary = folder / VOCABULARY
    if not vocabulary.is_file():
        raise BundleError(
            "holds no vocab.txt",
            path=folder,
            mend="Copy it whole.",
            zh="沒有 vocab.txt，請完整複製",
        )
    ids, config = _lines(vocabulary), tokenizer_config(folder)
    check_added(folder, config, ids)
    if config.get("never_split"):
        raise _not_read(folder, "never_split", "lists words that are never cut", "列有永不切分的詞")
    for name in ("do_word_tokenize", "do_subword_tokenize"):
        if config.get(name, True) is not True:
            raise _not_read(folder, name, "asks to leave out a step", "要求省略一個步驟")
    words = _one_of(folder, config, "word_tokenizer_type", "basic", WORD_SPLITTERS)
    subwords = _one_of(folder, config, "subword_tokenizer_type", "wordpiece", CUTTERS)
    mecab = config.get("mecab_kwargs") or {}
    # MeCab's options are a command line, with paths of dictionaries and of its own settings.
    if not isinstance(mecab, dict) or set(mecab) - {"mecab_dic"}:
        raise _not_read(
            folder,
            "mecab_kwargs",
            "asks for more of MeCab than a dictionary",
            "對 MeCab 的要求不止詞典",
        )
    dictionary = None
    if words == "mecab":
        dictionary = _one_of(folder, mecab, "mecab_dic", DICTIONARIES[0], DICTIONARIES)
    return JapanesePieces(
        vocabulary,
        special_pieces(folder, config, ids, USUAL),
        flag_in(config, "do_lower_case", False, folder),
        words,
        subwords,
        dictionary,
    )


def _one_of(
    folder: Path, config: dict[str, Any], name: str, usual: str, known: tuple[str, ...]
) -> str:
    said = config.get(name, usual)
    if said not in known:
        raise _not_read(
            folder,
            name,
            f"asks for {said!r}, and {' and '.join(known)} are read here",
            f"要求 {said!r}，這裡只讀取 {'、'.join(known)}",
        )
    return str(said)


def _not_read(folder: Path, place: str, message: str, zh: str) -> BundleError:
    return BundleError(message, path=folder / TOKENIZER_CONFIG, place=place, zh=zh)
