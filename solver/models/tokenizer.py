"""Tokenizers of encoders: a text cut into the pieces that a model was trained on.

WordPiece as BERT's, byte-level BPE as RoBERTa's, and the tokenizers of Japanese BERTs. Whichever it
is, a piece is written as WordPiece writes it: ``geese`` where a word begins, ``##s`` where it goes
on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from solver.errors import BundleError
from solver.models.byte_pieces import byte_piece_text, read_byte_pieces
from solver.models.tokenizer_files import BYTE_LEVEL, JAPANESE, tokenizer_kind
from solver.models.word_pieces import read_japanese, read_word_pieces


@dataclass(frozen=True)
class Encoding:
    """A text, or a pair of texts, as the model takes it.

    Attributes:
        ids: ids of the pieces with [CLS] and [SEP].
        segments: 0 for the first text, 1 for the second.
        pieces: the pieces as text.
        special: True for [CLS] and [SEP].
        raw: the tokenizer's own result, for the places of characters and words.
    """

    ids: list[int]
    segments: list[int]
    pieces: list[str]
    special: list[bool]
    raw: Any

    def piece_of_character(self, at: int, text: int = 0) -> int | None:
        """Return the place of the piece that holds character `at` of the text (0 or 1)."""
        place: int | None = self.raw.char_to_token(at, sequence_index=text)
        return place


@dataclass(frozen=True)
class Tokenizer:
    """A WordPiece tokenizer with the files it was read from."""

    inner: Any
    source: Path

    @cached_property
    def pieces(self) -> list[str]:
        """Every piece of the vocabulary, by id."""
        return [str(piece) for piece in self.inner.convert_ids_to_tokens(list(range(self.size)))]

    @property
    def size(self) -> int:
        """The number of pieces."""
        return len(self.inner)

    @property
    def mask_id(self) -> int:
        """Id of [MASK]."""
        return int(self.inner.mask_token_id)

    @property
    def unknown(self) -> str:
        """The piece for what the vocabulary does not have."""
        return str(self.inner.unk_token)

    def count_of(self, word: str) -> int:
        """Return how many pieces a word has inside a sentence."""
        return len(self.encode(word).ids) - 2

    def encode(self, text: str, second: str | None = None) -> Encoding:
        """Encode a text, or a pair."""
        return self._wrapped(self.inner(text, second) if second else self.inner(text))

    def encode_words(self, words: list[str], longest: int) -> Encoding:
        """Encode words, cut off at `longest` pieces."""
        return self._wrapped(
            self.inner(words, is_split_into_words=True, truncation=True, max_length=longest)
        )

    def _wrapped(self, raw: Any) -> Encoding:
        ids = [int(one) for one in raw["input_ids"]]
        ends = {self.inner.cls_token_id, self.inner.sep_token_id}
        special = [one in ends for one in ids]
        return Encoding(ids, self._segments(raw), self._texts(raw, ids), special, raw)

    def _segments(self, raw: Any) -> list[int]:
        if "token_type_ids" in raw:
            return [int(one) for one in raw["token_type_ids"]]
        return [one or 0 for one in raw.sequence_ids()]

    def _texts(self, raw: Any, ids: Sequence[int]) -> list[str]:
        return [str(piece) for piece in self.inner.convert_ids_to_tokens(list(ids))]


@dataclass(frozen=True)
class ByteLevelTokenizer(Tokenizer):
    """RoBERTa's tokenizer: pieces of bytes, where a word's first piece has the blank before it.

    Attributes:
        spaced: the same tokenizer, for words given one by one.
    """

    spaced: Any

    @cached_property
    def pieces(self) -> list[str]:
        """Every piece of the vocabulary, by id, as WordPiece would write it."""
        named = self.inner.convert_ids_to_tokens(list(range(self.size)))
        special = set(self.inner.all_special_tokens)
        return [piece if piece in special else byte_piece_text(piece) for piece in named]

    def count_of(self, word: str) -> int:
        """Return how many pieces a word has after a blank."""
        return len(self.encode(f" {word}").ids) - 2

    def encode_words(self, words: list[str], longest: int) -> Encoding:
        """Encode words, cut off at `longest` pieces."""
        raw = self.spaced(words, is_split_into_words=True, truncation=True, max_length=longest)
        return self._wrapped(raw)

    def _segments(self, raw: Any) -> list[int]:
        # The model is told nothing of segments, so that no token_type_ids are to be believed.
        sides = [one or 0 for one in raw.sequence_ids()]
        return [*sides[:-1], max(sides)]

    def _texts(self, raw: Any, ids: Sequence[int]) -> list[str]:
        """The pieces; the first of a text begins a word without a blank before it."""
        texts = []
        for place, one in enumerate(ids):
            text = self.pieces[one]
            begins = raw.encodings[0].offsets[place][0] == 0
            texts.append(text.removeprefix("##") if begins and text != "##" else text)
        return texts


@dataclass(frozen=True)
class JapaneseTokenizer(Tokenizer):
    """A Japanese BERT's tokenizer: words by a word splitter, then pieces or characters."""

    def encode(self, text: str, second: str | None = None) -> Encoding:
        """Encode a text, or a pair."""
        raw = self.inner(text, second) if second else self.inner(text)
        ids = [int(one) for one in raw["input_ids"]]
        special = [one in {self.inner.cls_token_id, self.inner.sep_token_id} for one in ids]
        first, places = 1, []
        segments = [0]
        for number, one in enumerate([text, second] if second else [text]):
            pieces = self.inner.tokenize(one)
            places.append(_placed(one, pieces, first, lowercase=bool(self.inner.lower_case)))
            first += len(pieces) + 1
            segments += [number] * (len(pieces) + 1)
        return Encoding(ids, segments, self._texts(raw, ids), special, _Aligned(places))

    def encode_words(self, words: list[str], longest: int) -> Encoding:
        """Refuse: the corpus is searched by words that are given, not by a splitter's.

        Raises:
            BundleError: always.
        """
        raise BundleError(
            "cuts texts into words by itself, and the corpus's words are given",
            path=self.source,
            mend="Take a model with BERT's own tokenizer for the corpus search.",
            zh="自行斷詞，而語料的詞已經給定；語料搜尋請用 BERT 本身的 tokenizer",
        )


@dataclass(frozen=True)
class _Aligned:
    """The piece of each character, of each text."""

    places: list[dict[int, int]]

    def char_to_token(self, at: int, sequence_index: int = 0) -> int | None:
        return self.places[sequence_index].get(at)


def _placed(text: str, pieces: Sequence[str], first: int, *, lowercase: bool) -> dict[int, int]:
    """For each character the place of its piece, the pieces being numbered from `first` on.

    The tokenizer keeps no places, so that its pieces are looked for one after another in the text
    as it normalizes it (NFKC); a character in no piece has no place.
    """
    letters = [
        (sign, at) for at, one in enumerate(text) for sign in unicodedata.normalize("NFKC", one)
    ]
    normal = "".join(sign for sign, _ in letters)
    normal = normal.lower() if lowercase and len(normal.lower()) == len(normal) else normal
    found: dict[int, int] = {}
    begin = 0
    for place, piece in enumerate(pieces, first):
        bare = piece.removeprefix("##")
        at = normal.find(bare, begin)
        if at < 0:
            continue
        for _, character in letters[at : at + len(bare)]:
            found.setdefault(character, place)
        begin = at + len(bare)
    return found


def load_tokenizer(folder: Path) -> Tokenizer:
    """Load a tokenizer from a model's folder, of the kind that its files name.

    Raises:
        BundleError: the files are missing, not a tokenizer's, or need a package not installed.
    """
    kind = tokenizer_kind(folder)
    try:
        if kind == BYTE_LEVEL:
            return _byte_level(folder)
        if kind == JAPANESE:
            return _japanese(folder)
        return _word_pieces(folder)
    except (ValueError, KeyError, TypeError, OverflowError) as problem:
        lines = str(problem).strip().splitlines() or [type(problem).__name__]
        raise BundleError(
            f"is not a tokenizer that can be made ({lines[0].rstrip('.:')})",
            path=folder,
            zh=f"無法建立 tokenizer（{lines[0].rstrip('.:')}）",
        ) from None


def _word_pieces(folder: Path) -> Tokenizer:
    from transformers import BertTokenizer

    read = read_word_pieces(folder)
    made = BertTokenizer(
        vocab=read.ids,
        do_lower_case=read.lowercase,
        strip_accents=read.strip_accents,
        tokenize_chinese_chars=read.split_chinese,
        **read.special,
    )
    return Tokenizer(made, folder)


def _byte_level(folder: Path) -> Tokenizer:
    from transformers import AddedToken, RobertaTokenizer

    read = read_byte_pieces(folder)
    # The blank before a masked word belongs to the mask.
    mask: Any = AddedToken(read.special["mask_token"], lstrip=True, special=True)
    special: dict[str, Any] = {
        **read.special,
        "mask_token": mask,
        "bos_token": read.special["cls_token"],
        "eos_token": read.special["sep_token"],
    }
    merges: Any = list(read.merges)
    plain, spaced = (
        RobertaTokenizer(vocab=dict(read.ids), merges=merges, add_prefix_space=blank, **special)
        for blank in (read.prefix_space, True)
    )
    return ByteLevelTokenizer(plain, folder, spaced)


def _japanese(folder: Path) -> Tokenizer:
    from transformers import BertJapaneseTokenizer

    read = read_japanese(folder)
    try:
        made = BertJapaneseTokenizer(
            str(read.vocabulary),
            do_lower_case=read.lowercase,
            word_tokenizer_type=read.words,
            subword_tokenizer_type=read.subwords,
            mecab_kwargs={"mecab_dic": read.dictionary} if read.dictionary else None,
            **read.special,
        )
    except (ImportError, RuntimeError) as problem:
        dictionary = (read.dictionary or "").replace("_", "-")
        raise BundleError(
            f"needs MeCab with the dictionary {dictionary}, and not both are installed",
            path=folder,
            mend=f"Install them: pip install fugashi {dictionary}.",
            zh=f"需要 MeCab 與詞典 {dictionary}；請執行 pip install fugashi {dictionary}",
        ) from problem
    return JapaneseTokenizer(made, folder)
