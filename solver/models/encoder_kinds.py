"""The encoders that are read beside BERT, and how each writes its build into ``config.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LARGEST = {
    "vocab_size": 1 << 21, "hidden_size": 1 << 14, "num_hidden_layers": 200,
    "num_attention_heads": 256, "intermediate_size": 1 << 16, "max_position_embeddings": 1 << 16,
}  # fmt: skip
"""The numbers that a config must have, by BERT's names, and how large each may be."""
SEGMENTS = {"type_vocab_size": 64}


@dataclass(frozen=True)
class EncoderKind:
    """A kind of encoder, by the ``model_type`` of its config.

    Attributes:
        name: the ``model_type``.
        prefix: of the names of its own weights, in a model with a head.
        head: how the names of a masked-LM head's weights begin.
        config, model: transformers' classes of its config and of it with a masked-LM head.
        renamed: its own names of some of BERT's numbers.
        more: further numbers of its config, with the largest each may be.
        activation: its config's name of the activation function.
        padded_positions: whether positions are counted from the padding's id on.
    """

    name: str
    prefix: str
    head: str
    config: str
    model: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, int] = field(default_factory=dict)
    activation: str = "hidden_act"
    padded_positions: bool = False

    @property
    def limits(self) -> dict[str, int]:
        """The numbers of its config, by its own names, and how large each may be."""
        own = {self.renamed.get(name, name): most for name, most in LARGEST.items()}
        return {**own, **self.more}

    @property
    def takes_segments(self) -> bool:
        """Whether it is told which of two texts a piece is of."""
        return "type_vocab_size" in self.more and not self.padded_positions

    def number(self, build: Mapping[str, Any], name: str) -> int:
        """Return a number of a build by BERT's name for it."""
        return int(build[self.renamed.get(name, name)])


KINDS = {
    kind.name: kind
    for kind in (
        EncoderKind("bert", "bert.", "cls.", "BertConfig", "BertForMaskedLM", more=SEGMENTS),
        EncoderKind(
            "distilbert",
            "distilbert.",
            "vocab_",
            "DistilBertConfig",
            "DistilBertForMaskedLM",
            renamed={
                "hidden_size": "dim",
                "num_hidden_layers": "n_layers",
                "num_attention_heads": "n_heads",
                "intermediate_size": "hidden_dim",
            },
            activation="activation",
        ),
        EncoderKind(
            "roberta",
            "roberta.",
            "lm_head.",
            "RobertaConfig",
            "RobertaForMaskedLM",
            more={**SEGMENTS, "pad_token_id": 1 << 16},
            padded_positions=True,
        ),
        EncoderKind(
            "electra",
            "electra.",
            "generator_",
            "ElectraConfig",
            "ElectraForMaskedLM",
            more={**SEGMENTS, "embedding_size": 1 << 14},
        ),
    )
}
