"""Rule on the purpose of filter visualization, decided on traces of its runs.

The notebook computes a filter's activation and a picture that maximizes it. The record of both runs
lists the inputs that were held and those that were varied; it is made by
`solver.explain.cnn.filter_visualization`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from solver.evidence import Evidence, record_id
from solver.rules.parameters import Layer, Picture
from solver.rules.registry import Decision, Figure, Parameters, rule
from solver.rules.verdicts import above


class TraceSettings(Parameters):
    """Layer and picture of the traced run."""

    index: Layer = Field(description="the layer that was traced, by index or name")
    picture: Picture


class PurposeClaim(Parameters):
    """The section's computations find this out."""

    finds: Literal[
        "places_that_activate", "picture_that_activates_most", "layer_that_matters", "easiest_layer"
    ] = Field(description="the question the computations answer")


_FINDS = {
    "places_that_activate": ("which places activate a filter", "哪些位置會活化濾波器"),
    "picture_that_activates_most": (
        "which picture activates a filter most",
        "何種圖最能活化濾波器",
    ),
    "layer_that_matters": ("which layer matters for the class", "哪一層對分類重要"),
    "easiest_layer": ("which layer is activated most easily", "哪一層最容易被活化"),
}
_WATCHED = {
    "picture_changes": ("picture changes", "圖片改變"),
    "weights_change": ("weights change", "權重改變"),
    "layers_compared": ("layers compared", "比較的層數"),
    "classifier_calls": ("classifier calls", "分類器被呼叫的次數"),
    "laid_out_over_places": ("laid out over places", "結果依位置排列"),
    "rise": ("rise of the filter's map", "濾波器輸出的上升"),
}


@rule(
    "filters.visualization",
    settings=TraceSettings,
    claim=PurposeClaim,
    needs=lambda s: [record_id("filter_trace", s.index, s.picture)],
)
def visualization(
    evidence: Evidence, settings: TraceSettings, claims: Sequence[PurposeClaim]
) -> Decision:
    """Number of the section's two computations that can find this out, by the inputs they vary.

    Places: picture, filter and weights are held, and the result is laid out over places. Picture:
    filter and weights are held, the picture is changed, and the filter's sum rises. Layers: more
    than one layer is read; for their part in the class, the classifier must take part as well.
    """
    record = evidence.get("filter_trace", settings.index, settings.picture)
    runs = {name: dict(record.value(name)) for name in ("activation", "visualization")}
    verdicts = []
    for claim in claims:
        count = sum(_can_find(run, claim.finds) for run in runs.values())
        english, chinese = _FINDS[claim.finds]
        verdicts.append(
            above(
                float(count),
                # Halfway between none and one: a count has no threshold that anybody chose.
                0.5,
                unit="computations",
                what=(f"computations that find {english}", f"能找出「{chinese}」的計算個數"),
                against=("one or more", "至少一個"),
            )
        )
    rows = [
        [list(name), *(run.get(key, "") for run in runs.values())] for key, name in _WATCHED.items()
    ]
    columns = [["watched", "觀察項目"], ["activation", "活化圖"], ["visualization", "視覺化"]]
    return Decision(verdicts, [Figure("table", {"columns": columns, "rows": rows})])


def _can_find(run: dict[str, Any], what: str) -> bool:
    # With other weights it would be another filter.
    held = not run["weights_change"]
    layers = run["layers_compared"]
    return {
        "places_that_activate": held and not run["picture_changes"] and run["laid_out_over_places"],
        "picture_that_activates_most": held and run["picture_changes"] and run["rise"] > 0,
        "layer_that_matters": layers > 1 and run["classifier_calls"] > 0,
        "easiest_layer": layers > 1,
    }[what]
