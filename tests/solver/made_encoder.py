"""Folders of small encoders of random weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "The", "geese", "##s", "asked", ".", "her"]
BLANK = "\u0120"
BYTES = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *"Thegsakdr.", BLANK, "he", "her",
         f"{BLANK}her", "Th", "The"]  # fmt: skip
MERGES = ["T h", "Th e", "h e", "he r", f"{BLANK} her"]
BUILDS: dict[str, dict[str, Any]] = {
    "distilbert": {"dim": 8, "n_layers": 3, "n_heads": 2, "hidden_dim": 12},
    "roberta": {"hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2,
                "intermediate_size": 12, "type_vocab_size": 1, "pad_token_id": 1,
                "layer_norm_eps": 1e-5},
    "electra": {"hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2,
                "intermediate_size": 12, "type_vocab_size": 2, "embedding_size": 4},
}  # fmt: skip
NAMES = {"distilbert": "DistilBert", "roberta": "Roberta", "electra": "Electra"}


def write_encoder(folder: Path, kind: str, words: Sequence[str] = PIECES, **config: Any) -> Any:
    """A folder of an encoder of random weights; return its model."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = BYTES if kind == "roberta" else words
    build = {"vocab_size": len(pieces), "max_position_embeddings": 24, **BUILDS[kind], **config}
    torch.manual_seed(0)
    made = getattr(transformers, f"{NAMES[kind]}Config")(**build)
    made._attn_implementation = "eager"
    model = getattr(transformers, f"{NAMES[kind]}ForMaskedLM")(made).eval()
    save_file({name: each.clone() for name, each in model.state_dict().items()},
              folder / "model.safetensors")  # fmt: skip
    (folder / "config.json").write_text(json.dumps({"model_type": kind, **build}), "utf-8")
    if kind == "roberta":
        numbered = {piece: number for number, piece in enumerate(BYTES)}
        (folder / "vocab.json").write_text(json.dumps(numbered), "utf-8")
        (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES), "utf-8")
    else:
        (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
        (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}', "utf-8")
    return model
