"""Rule on how a method works, decided on a trace of its run.

Traces are made by `solver.explain.cnn.method_trace`. The cross-check, by values that recur from one
picture fed to the next, is in `solver.rules.traces.how_it_works_check`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from solver.evidence import Evidence, Record, record_id
from solver.rules.parameters import Picture
from solver.rules.registry import Decision, Figure, Parameters, Verdict, rule
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, above
from solver.text.record_names import record_name

Varied = Literal["nothing", "noise", "pieces"]
Read = Literal["picture", "output", "gradient"]

MOSTLY = threshold(
    "how_it_works.mostly",
    0.5,
    "share of what was fed, times how far it is as claimed: more so than not",
    lowest=0.05,
    highest=0.95,
)
_VARIED: dict[Varied, Pair] = {
    "nothing": ("the picture fed as it is", "輸入未經改變的圖片"),
    "noise": ("noise put on the picture", "在圖片上加雜訊"),
    "pieces": ("pieces of the picture hidden", "遮住圖片的部分區塊"),
}
_READ: dict[Read, Pair] = {
    "picture": ("the network not asked", "未使用模型"),
    "output": ("its output read", "讀取模型輸出"),
    "gradient": ("its gradient taken", "計算梯度"),
}


class MethodSettings(Parameters):
    """The method that was watched, and the picture."""

    method: Literal["lime", "saliency", "smoothgrad", "integrated_gradients"] = Field(
        description="the explanation that was watched"
    )
    picture: Picture


class WorksClaim(Parameters):
    """The way the method works: the thing it varies, the thing it reads, or both."""

    varies: Varied | None = Field(
        default=None,
        description="what is done to the picture before the network sees it: nothing; noise all "
        "over; pieces of it hidden",
    )
    reads: Read | None = Field(
        default=None,
        description="what is read: the picture alone, the network's output, or a gradient at the "
        "pixels",
    )

    @model_validator(mode="after")
    def _something(self) -> WorksClaim:
        if self.varies is None and self.reads is None:
            raise ValueError("a claim has 'varies', 'reads' or both")
        return self


def needs(settings: MethodSettings) -> list[str]:
    """Return the id of the trace."""
    return [record_id(f"{settings.method}_watched", settings.picture)]


@dataclass(frozen=True)
class Found:
    """Share, 0 to 1, to which each possible claim was found true."""

    varied: dict[Varied, float]
    read: dict[Read, float]


@rule("traces.how_it_works", settings=MethodSettings, claim=WorksClaim, needs=needs)
def how_it_works(
    evidence: Evidence, settings: MethodSettings, claims: Sequence[WorksClaim]
) -> Decision:
    """A method's inputs to the network and its readings, as recorded at the network's input.

    Pieces: changed and unchanged pixels lie in patches, beyond chance (Cohen's kappa of
    neighbours). Noise: share of the pixels that changed, less the correlation of the change with
    its neighbours. Nothing: share of the pictures fed that are the picture itself. Gradient and
    output: share of them whose gradient at the pixels was taken, or was not; the picture alone is
    read where none was fed. A claim is worth the product, held against one half.
    """
    record = evidence.get(*needs(settings)[0].split("/"))
    found = Found(_varied(record), read_shares(record))
    rows = [[list(_VARIED[name]), f"{value:.2f}"] for name, value in found.varied.items()]
    rows += [[list(_READ[name]), f"{value:.2f}"] for name, value in found.read.items()]
    columns = [["what", "項目"], ["found to be so", "符合程度"]]
    english, chinese = record_name(record.id)
    caption = (english[:1].upper() + english[1:], chinese)
    figure = Figure("table", {"columns": columns, "rows": rows}, caption)
    return Decision(works_verdicts(found, claims), [figure])


def _varied(record: Record) -> dict[Varied, float]:
    changed = record.array("changed", 1)
    # Nothing was fed: not even the picture itself.
    if not len(changed):
        return {"nothing": 0.0, "noise": 0.0, "pieces": 0.0}
    # A blur or a fade changes neighbours alike; noise does not.
    rough = 1 - np.clip(record.array("smooth", 1), 0, 1)  # 1 where the change is uncorrelated
    return {
        "nothing": float((changed == 0).mean()),
        "noise": float((changed * rough).mean()),
        "pieces": float(np.clip(record.array("pieces", 1), 0, 1).mean()),
    }


def read_shares(record: Record) -> dict[Read, float]:
    """Return the shares of the pictures fed of which output or gradient was read.

    Where no picture was fed, the method reads the picture alone.

    >>> read_shares(Record("lime_watched/0", {"gradient": np.array([False, False])}))
    {'picture': 0.0, 'output': 1.0, 'gradient': 0.0}
    """
    gradient = record.array("gradient", 1)
    taken = float(gradient.mean()) if len(gradient) else 0.0
    asked = float(len(gradient) > 0)
    return {"picture": 1 - asked, "output": asked - taken, "gradient": taken}


def works_verdicts(found: Found, claims: Sequence[WorksClaim]) -> list[Verdict]:
    """Return a verdict for each claim: the product of its shares, held against one half."""
    verdicts = []
    for claim in claims:
        parts: list[tuple[Pair, float]] = []
        if claim.varies is not None:
            parts.append((_VARIED[claim.varies], found.varied[claim.varies]))
        if claim.reads is not None:
            parts.append((_READ[claim.reads], found.read[claim.reads]))
        what = (
            ", ".join(f"{name[0]} ({value:.2g})" for name, value in parts),
            "、".join(f"{name[1]}（{value:.2g}）" for name, value in parts),
        )
        # The product: a claim on two things is as true as both together.
        value = float(np.prod([value for _, value in parts]))
        against = ("more so than not", "過半")
        verdicts.append(above(value, MOSTLY.now(), unit="share", what=what, against=against))
    return verdicts
