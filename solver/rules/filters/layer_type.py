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
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule


class ModuleSettings(Parameters):
    """Which module of the network."""

    index: int = Field(ge=0, description="index into the network's `cnn`")


class ModuleClaim(Parameters):
    """``cnn[index]`` is of this class."""

    module: Literal["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Linear"] = Field(
        description="class of the module, as torch names it"
    )


@rule(
    "filters.layer_type",
    settings=ModuleSettings,
    claim=ModuleClaim,
    needs=lambda s: [record_id("module", s.index)],
)
def layer_type(
    evidence: Evidence, settings: ModuleSettings, claims: Sequence[ModuleClaim]
) -> Decision:
    """The class of the loaded network's module at an index. There is no threshold to it."""
    record = evidence.get("module", settings.index)
    found = str(record.value("class"))
    verdicts = [
        Verdict(
            holds=claim.module == found,
            value=found,
            unit="",
            against="claimed",
            threshold=claim.module,
            margin=None,
            sentence=(
                f"Module {settings.index} of the network, cnn[{settings.index}], is a {found}"
                + ("." if claim.module == found else f", not a {claim.module}."),
                f"網路中索引 {settings.index} 的模組 cnn[{settings.index}] 是 {found}"
                + ("。" if claim.module == found else f"，不是 {claim.module}。"),
            ),
        )
        for claim in claims
    ]
    rows = [[settings.index, str(record.values.get("printed", found))]]
    figure = Figure("table", {"columns": [["index", "索引"], ["module", "模組"]], "rows": rows})
    return Decision(verdicts, [figure])
