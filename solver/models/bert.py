"""BERTs and encoders like them, by folder or by name, loaded without trusting them.

Their files are read and checked in `solver.models.bert_files` and `solver.models.tokenizer`; no
code that comes with a model is run.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from solver.errors import BundleError
from solver.files.atomic_write import sha256_of
from solver.models.bert_files import FILES, WEIGHTS, read_config, read_weights
from solver.models.encoder_kinds import KINDS, EncoderKind
from solver.models.tokenizer import Encoding, Tokenizer, load_tokenizer

if TYPE_CHECKING:
    from torch import Tensor

CONNECT_SECONDS = 4.0  # without a network the libraries would try again for minutes


@dataclass(frozen=True)
class Bert:
    """An encoder (a BERT, or one of `encoder_kinds`) in eval mode, and its tokenizer.

    Attributes:
        model: transformers' model with a masked-LM head.
    """

    model: Any
    tokenizer: Tokenizer
    device: str
    kind: EncoderKind = KINDS["bert"]

    @property
    def layers(self) -> int:
        """The number of layers."""
        return int(self.model.config.num_hidden_layers)

    @property
    def longest(self) -> int:
        """The largest number of pieces."""
        most = int(self.model.config.max_position_embeddings)
        return (
            most - int(self.model.config.pad_token_id) - 1 if self.kind.padded_positions else most
        )

    def attentions(self, encoding: Encoding) -> Tensor:
        """Return the attention of every layer and head: (layers, heads, T, T), on the CPU.

        Raises:
            BundleError: the model gives none, as happens without eager attention, or no numbers.
        """
        import torch

        with torch.no_grad():
            inputs = self.inputs([encoding])
            found = self.model.base_model(**inputs, output_attentions=True).attentions
        if not found or len(found) != self.layers:
            raise BundleError(
                f"the model gave attention of {len(found or ())} layers, not of {self.layers}",
                mend="Install a version of transformers that knows attn_implementation='eager'.",
                zh=f"模型給出 {len(found or ())} 層的注意力，而非 {self.layers} 層；"
                "請安裝支援 eager 注意力的 transformers",
            )
        return self.finite(torch.stack([one[0].cpu() for one in found]))

    def predictions(self, encoding: Encoding) -> Tensor:
        """Return the masked-LM head's logits at each piece: (T, vocabulary), on the CPU."""
        import torch

        with torch.no_grad():
            logits: Tensor = self.model(**self.inputs([encoding])).logits[0]
        return self.finite(logits.cpu())

    def finite(self, values: Tensor) -> Tensor:
        """Return the model's output; refuse NaN and infinity.

        Raises:
            BundleError: NaN or infinity is among them: weights can be finite and make none.
        """
        if not values.isfinite().all():
            raise BundleError(
                "its weights give NaN or infinity on a text of the bundle",
                path=self.tokenizer.source,
                mend="Copy the model again.",
                zh="權重對教材中的文字得出 NaN 或無限大，請重新複製模型",
            )
        return values

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
        named = {"input_ids": ids, "attention_mask": mask}
        if self.kind.takes_segments:
            named["token_type_ids"] = segments
        return {name: value.to(self.device) for name, value in named.items()}

    def hidden_states(
        self, encodings: list[Encoding], layers: int | None = None
    ) -> tuple[Tensor, ...]:
        """Return the embedding output and each layer's output: layers + 1 times (B, T, width).

        One pass serves every layer. With `layers` only so many are returned, and the pass of a BERT
        ends there: the layers above are not computed; with 0 only the embedding output is.
        """
        import torch

        inputs = self.inputs(encodings)
        with torch.no_grad():
            if layers is not None and self.kind.name == "bert":
                states = self._states_up_to(layers, inputs)
            else:
                every = self.model.base_model(**inputs, output_hidden_states=True).hidden_states
                states = every if layers is None else every[: layers + 1]
        return tuple(self.finite(each) for each in states)

    def _states_up_to(self, layers: int, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """The first layers' states, layer by layer; the model's own pass runs them all."""
        import torch

        mask = inputs.pop("attention_mask")[:, None, None, :].to(self.model.dtype)  # (B, 1, 1, T)
        # Added before the softmax: padding gets no attention.
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
                    zh=f"有一段文字有 {len(one.ids)} 個 token，而模型至多 {self.longest} 個；"
                    "請縮短 bert.yaml 中的文字",
                )


def find_model(base: Path, name: str) -> Path | str:
    """Return the folder called `name` beside `base` (or anywhere, if absolute), else the name."""
    path = base / name
    return path if path.is_dir() else name


def model_hashes(source: Path | str) -> dict[str, str]:
    """Hashes of a model folder's files; a model by name is known by its name alone."""
    if isinstance(source, str):
        return {"name": source}
    paths = [source / name for name in FILES]
    return {path.name: sha256_of(path) for path in paths if path.is_file()}


def load_bert(source: Path | str, device: str = "cpu", *, predicts: bool = True) -> Bert:
    """Load a BERT with its tokenizer, in eval mode, with attention to be read.

    A name is looked for among models fetched before, then, where the network is there, on the
    hub. Where it is to predict words (`predicts`) it must have a masked-LM head.

    Raises:
        BundleError: it is nowhere, or not a BERT.
    """
    if isinstance(source, Path):
        return _load(source, device, predicts)
    kept = _fetched(source)
    return _load(kept if kept is not None else _fetch(source), device, predicts)


def _load(folder: Path, device: str, predicts: bool) -> Bert:
    import torch
    import transformers

    kind, build = read_config(folder)
    state = read_weights(folder, kind, build)
    tokenizer = load_tokenizer(folder)
    with _quiet():
        try:
            # Annotated by hand: with output_loading_info it returns a pair, which its types omit.
            loaded: Any = getattr(transformers, kind.model).from_pretrained(
                None,
                config=getattr(transformers, kind.config)(**build),
                state_dict=state,
                dtype=torch.float32,
                # The faster implementations give no attention weights.
                attn_implementation="eager",
                output_loading_info=True,
            )
        except (ValueError, KeyError, RuntimeError, TypeError) as problem:
            raise BundleError(
                f"is not a BERT that can be loaded ({_first_line(problem)})",
                path=folder,
                zh=f"不是可載入的 BERT（{_first_line(problem)}）",
            ) from None
    model: Any = loaded[0]
    _check_complete(folder, kind, sorted(loaded[1]["missing_keys"]), predicts)
    if tokenizer.size > model.config.vocab_size:
        raise BundleError(
            f"its vocabulary has {tokenizer.size} pieces and its weights only "
            f"{model.config.vocab_size}",
            path=folder,
            mend="Take tokenizer and weights from the same model.",
            zh=f"詞彙表有 {tokenizer.size} 個 token，"
            f"權重卻只有 {model.config.vocab_size} 個；兩者應取自同一模型",
        )
    return Bert(model.eval().to(device), tokenizer, device, kind)


def _check_complete(source: Path, kind: EncoderKind, missing: list[str], predicts: bool) -> None:
    """Refuse a model with missing weights: they would be random, and its output nonsense."""
    body = [name for name in missing if name.startswith(kind.prefix) and "pooler" not in name]
    if body:
        raise BundleError(
            f"lacks {len(body)} of the weights of a {kind.name}, {body[0]} among them",
            path=source,
            mend=f"Take a model of the kind that its config names ({kind.name}).",
            zh=f"缺少 {kind.name} 的 {len(body)} 個權重，其中包括 {body[0]}",
        )
    if predicts and any(name.startswith(kind.head) for name in missing):
        raise BundleError(
            "has no masked-LM head, so it can predict no word",
            path=source,
            mend="Take the weights of a masked-LM model, such as bert-base-cased itself.",
            zh="沒有 masked-LM 的 head，無法預測詞；請用 masked-LM 模型的權重，如 bert-base-cased",
        )


_PATTERNS = [
    "config.json", "model.safetensors", "vocab.txt", "vocab.json", "merges.txt",
    "tokenizer*.json", "special*.json",
]  # fmt: skip


def _fetched(name: str) -> Path | None:
    """Return the folder of a model that was fetched before, None where none was."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError):  # not there, or no name that the hub could have
        return None
    # A download that was broken off leaves a folder without weights.
    return folder if any((folder / each).is_file() for each in WEIGHTS) else None


def _fetch(name: str) -> Path:
    """Fetch a model by name, if its hub answers at all, and return its folder.

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
            zh=f"這裡沒有 {name!r} 模型的資料夾，網路也沒有回應；請把模型資料夾放入教材，"
            "或在有網路處執行一次",
        )
    from huggingface_hub import snapshot_download

    with _quiet():
        try:
            return Path(snapshot_download(name, allow_patterns=_PATTERNS))
        except Exception as problem:
            raise BundleError(
                f"the model {name!r} could not be fetched ({_first_line(problem)})",
                mend=way_out,
                zh=f"無法取得 {name!r} 模型（{_first_line(problem)}）",
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
