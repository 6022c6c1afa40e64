"""The class of a layer of the loaded network, such as ``Conv2d``.

>>> evidence = Evidence({"module/6": Record("module/6", {}, {"class": "Conv2d"})})
>>> claims = [ModuleClaim(module="ReLU"), ModuleClaim(module="Conv2d")]
>>> decision = layer_type(evidence, ModuleSettings(index=6), claims)
>>> [verdict.holds for verdict in decision.verdicts]
[False, True]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from solver.evidence import Evidence, record_id
from solver.rules.parameters import Layer
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.verdicts import Pair


class ModuleSettings(Parameters):
    """Which module of the network."""

    index: Layer


class ModuleClaim(Parameters):
    """The module is of this class."""

    module: Literal[
        "Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Linear", "AvgPool2d", "AdaptiveAvgPool2d",
        "Dropout", "Flatten", "GELU", "Hardswish", "Identity", "LayerNorm", "MultiheadAttention",
        "ReLU6", "Sequential", "SiLU", "Sigmoid", "Softmax",
    ] = Field(description="class of the module, as torch names it")  # fmt: skip


@rule(
    "filters.layer_type",
    settings=ModuleSettings,
    claim=ModuleClaim,
    needs=lambda s: [record_id("module", s.index)],
)
def layer_type(
    evidence: Evidence, settings: ModuleSettings, claims: Sequence[ModuleClaim]
) -> Decision:
    """The class of the loaded network's layer of that index or name; no threshold."""
    record = evidence.get("module", settings.index)
    found, name = str(record.value("class")), _name(settings.index)
    verdicts = [
        Verdict(
            holds=claim.module == found,
            value=found,
            unit="",
            against="claimed",
            threshold=claim.module,
            # A name has no distance from another.
            margin=None,
            sentence=(
                f"{name[0]} is a {found}"
                + ("." if claim.module == found else f", not a {claim.module}."),
                f"{name[1]}是 {found}"
                + ("。" if claim.module == found else f"，不是 {claim.module}。"),
            ),
        )
        for claim in claims
    ]
    rows = [[settings.index, str(record.values.get("printed", found))]]
    figure = Figure("table", {"columns": [["layer", "層"], ["module", "模組"]], "rows": rows})
    return Decision(verdicts, [figure])


def _name(layer: int | str) -> Pair:
    if isinstance(layer, str):
        return f"The layer {layer} of the network", f"網路中名為 {layer} 的層"
    return (
        f"Module {layer} of the network, cnn[{layer}],",
        f"網路中索引 {layer} 的模組 cnn[{layer}] ",
    )
