"""BERT models, by folder or by name, and WordPiece tokenizers, loaded without trusting them.

Weights are read as safetensors or with ``weights_only``; no code that comes with a model is run.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from safetensors import SafetensorError

from solver.errors import BundleError
from solver.whole_files import sha256_of

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import BertForMaskedLM, BertTokenizer

CONNECT_SECONDS = 4.0
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


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
    """A WordPiece tokenizer with what it was read from."""

    inner: BertTokenizer
    source: Path | str

    @cached_property
    def pieces(self) -> list[str]:
        """Every piece of the vocabulary, by id."""
        return [
            str(piece) for piece in self.inner.convert_ids_to_tokens(list(range(len(self.inner))))
        ]

    @property
    def mask_id(self) -> int:
        """Id of [MASK]."""
        return int(self.inner.mask_token_id)

    def encode(self, text: str, second: str | None = None) -> Encoding:
        """Encode a text, or a pair."""
        return self._wrapped(self.inner(text, second) if second else self.inner(text))

    def encode_words(self, words: list[str], longest: int) -> Encoding:
        """Encode words; what does not fit into `longest` pieces is cut off."""
        return self._wrapped(
            self.inner(words, is_split_into_words=True, truncation=True, max_length=longest)
        )

    def _wrapped(self, raw: Any) -> Encoding:
        ids = [int(one) for one in raw["input_ids"]]
        pieces = [str(piece) for piece in self.inner.convert_ids_to_tokens(ids)]
        ends = {self.inner.cls_token_id, self.inner.sep_token_id}
        special = [one in ends for one in ids]
        segments = [int(one) for one in raw.get("token_type_ids", [0] * len(ids))]
        return Encoding(ids, segments, pieces, special, raw)


@dataclass(frozen=True)
class Bert:
    """A BERT with a masked-LM head, in eval mode, and its tokenizer."""

    model: BertForMaskedLM
    tokenizer: Tokenizer
    device: str

    @property
    def layers(self) -> int:
        """How many layers it has."""
        return int(self.model.config.num_hidden_layers)

    @property
    def longest(self) -> int:
        """How many pieces fit."""
        return int(self.model.config.max_position_embeddings)

    def attentions(self, encoding: Encoding) -> Tensor:
        """Return the attention of every layer and head: (layers, heads, T, T), on the CPU.

        Raises:
            BundleError: the model gives none, as happens without eager attention.
        """
        import torch

        with torch.no_grad():
            found = self.model.bert(**self.inputs([encoding]), output_attentions=True).attentions
        if not found or len(found) != self.layers:
            raise BundleError(
                f"the model gave attention of {len(found or ())} layers, not of {self.layers}",
                mend="Install a version of transformers that knows attn_implementation='eager'.",
            )
        return torch.stack([one[0].cpu() for one in found])

    def inputs(self, encodings: list[Encoding]) -> dict[str, Tensor]:
        """The model's inputs of a batch: ids, segments and mask, each (B, longest)."""
        import torch

        self._check_length(encodings)
        longest = max(len(one.ids) for one in encodings)
        shape = (len(encodings), longest)
        ids = torch.full(shape, int(self.tokenizer.inner.pad_token_id), dtype=torch.long)
        segments, mask = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
        for row, one in enumerate(encodings):
            ids[row, : len(one.ids)] = torch.tensor(one.ids)
            segments[row, : len(one.ids)] = torch.tensor(one.segments)
            mask[row, : len(one.ids)] = 1
        named = {"input_ids": ids, "token_type_ids": segments, "attention_mask": mask}
        return {name: value.to(self.device) for name, value in named.items()}

    def hidden_states(
        self, encodings: list[Encoding], layers: int | None = None
    ) -> tuple[Tensor, ...]:
        """Return the embedding output and each layer's output: layers + 1 times (B, T, width).

        One pass serves every layer. With `layers` the pass ends after so many of them, and what
        lies above is not computed; with 0 only the embedding output is.
        """
        import torch

        inputs = self.inputs(encodings)
        with torch.no_grad():
            if layers is not None:
                return self._states_up_to(layers, inputs)
            out = self.model.bert(**inputs, output_hidden_states=True)
        states: tuple[Tensor, ...] = out.hidden_states
        return states

    def _states_up_to(self, layers: int, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """The first layers' states, layer by layer; the model's own pass runs them all."""
        import torch

        mask = inputs.pop("attention_mask")[:, None, None, :].to(self.model.dtype)  # (B, 1, 1, T)
        hidden = (1 - mask) * torch.finfo(self.model.dtype).min
        states = [self.model.bert.embeddings(**inputs)]
        for layer in self.model.bert.encoder.layer[:layers]:
            states.append(layer(states[-1], hidden))
        return tuple(states)

    def _check_length(self, encodings: list[Encoding]) -> None:
        for one in encodings:
            if len(one.ids) > self.longest:
                raise BundleError(
                    f"a text has {len(one.ids)} pieces, and the model takes {self.longest}",
                    path=self.tokenizer.source,
                    mend="Shorten the text in bert.yaml.",
                )


def load_tokenizer(folder: Path | str) -> Tokenizer:
    """Load a WordPiece tokenizer from a folder with ``vocab.txt``, or by name.

    Raises:
        BundleError: the files are missing or not a tokenizer's.
    """
    from transformers import BertTokenizer

    names = ("vocab.txt", "tokenizer.json")
    if isinstance(folder, Path) and not any((folder / name).is_file() for name in names):
        raise BundleError(
            "holds no vocab.txt, so it is no BERT tokenizer", path=folder, mend="Copy it whole."
        )
    with _quiet():
        try:
            tokenizer = BertTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise BundleError(
                f"is not a tokenizer that can be read ({_first_line(problem)})", path=folder
            ) from None
    return Tokenizer(tokenizer, folder)


def find_model(base: Path, name: str) -> Path | str:
    """Return the folder called `name` beside `base` (or anywhere, if absolute), else the name."""
    path = base / name
    return path if path.is_dir() else name


def model_hashes(source: Path | str) -> dict[str, str]:
    """Hashes of a model folder's files; a model by name is known by its name alone."""
    if isinstance(source, str):
        return {"name": source}
    names = (*_WEIGHTS, "config.json", "vocab.txt", "tokenizer_config.json")
    paths = [source / name for name in names]
    return {path.name: sha256_of(path) for path in paths if path.is_file()}


def load_bert(source: Path | str, device: str = "cpu", *, predicts: bool = True) -> Bert:
    """Load a BERT with its tokenizer, in eval mode, with attention to be read.

    A name is looked for among what transformers has fetched before, then, where the network is
    there, on the hub. Where it is to predict words (`predicts`) it must have a masked-LM head.

    Raises:
        BundleError: it is nowhere, or not a BERT.
    """
    if isinstance(source, Path):
        _check_folder(source)
        return _load(source, device, predicts)
    try:
        return _load(source, device, predicts)
    except BundleError:
        _fetch(source)
        return _load(source, device, predicts)


def _load(source: Path | str, device: str, predicts: bool) -> Bert:
    from transformers import BertForMaskedLM

    tokenizer = load_tokenizer(source)
    with _quiet():
        try:
            # Annotated by hand: with output_loading_info it returns a pair, which its types omit.
            loaded: Any = BertForMaskedLM.from_pretrained(
                source,
                local_files_only=True,
                attn_implementation="eager",
                weights_only=True,
                output_loading_info=True,
            )
        except _LOADING as problem:
            raise BundleError(
                f"is not a BERT that can be loaded ({_first_line(problem)})", path=source
            ) from None
    model: BertForMaskedLM = loaded[0]
    _check_complete(source, sorted(loaded[1]["missing_keys"]), predicts)
    if len(tokenizer.inner) > model.config.vocab_size:
        raise BundleError(
            f"its vocabulary has {len(tokenizer.inner)} pieces and its weights only "
            f"{model.config.vocab_size}",
            path=source,
            mend="Take tokenizer and weights from the same model.",
        )
    return Bert(model.eval().to(device), tokenizer, device)


_LOADING = (OSError, ValueError, KeyError, RuntimeError, TypeError, EOFError, SafetensorError,
            pickle.UnpicklingError, zipfile.BadZipFile)  # fmt: skip


def _check_complete(source: Path | str, missing: list[str], predicts: bool) -> None:
    """What is missing would be drawn at random, and the model then speak nonsense."""
    body = [name for name in missing if name.startswith("bert.") and "pooler" not in name]
    if body:
        raise BundleError(
            f"lacks {len(body)} of a BERT's weights, {body[0]} among them",
            path=source,
            mend="Take a BERT; other networks are not read.",
        )
    if predicts and any(name.startswith("cls.") for name in missing):
        raise BundleError(
            "has no masked-LM head, so it can predict no word",
            path=source,
            mend="Take the weights of a masked-LM model, such as bert-base-cased itself.",
        )


def _check_folder(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise BundleError("holds no config.json, so it is no model", path=folder)
    if not any((folder / name).is_file() for name in _WEIGHTS):
        raise BundleError(
            f"holds no weights ({' or '.join(_WEIGHTS)})", path=folder, mend="Copy it whole."
        )


def _fetch(name: str) -> None:
    """Fetch a model by name, if its hub answers at all.

    Raises:
        BundleError: the hub cannot be reached, or does not have it; names both ways out.
    """
    way_out = (
        f"Put a folder {name!r} (config.json, model.safetensors, vocab.txt) into the bundle and "
        "name it in bert.yaml, or run once where the network is there, so that it is fetched."
    )
    if not _hub_answers():
        raise BundleError(
            f"the model {name!r} is in no folder here, and the network does not answer",
            mend=way_out,
        )
    from huggingface_hub import snapshot_download

    patterns = ["config.json", "model.safetensors", "vocab.txt", "tokenizer*.json"]
    with _quiet():
        try:
            snapshot_download(name, allow_patterns=patterns)
        except Exception as problem:
            raise BundleError(
                f"the model {name!r} could not be fetched ({_first_line(problem)})", mend=way_out
            ) from None


def _hub_answers() -> bool:
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return False
    address = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    parts = urlsplit(address or os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 443), CONNECT_SECONDS):
            return True
    except (OSError, ValueError):
        return False


def _first_line(problem: BaseException) -> str:
    lines = str(problem).strip().splitlines()
    return lines[0].rstrip(".:") if lines else type(problem).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from drawing its own bars and from warning of weights that lie unused."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
