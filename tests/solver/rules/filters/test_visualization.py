"""What filter visualization finds out follows from what its runs hold and vary."""

from __future__ import annotations

from typing import Any

import pytest

from solver.evidence import Record
from tests.solver.rules.made_maps import decide, evidence_of, held

FINDS = [
    {"finds": what}
    for what in (
        "places_that_activate",
        "layer_that_matters",
        "picture_that_activates_most",
        "easiest_layer",
    )
]
STILL = {
    "picture_changes": False,
    "weights_change": False,
    "layers_compared": 1,
    "classifier_calls": 0,
    "laid_out_over_places": False,
    "rise": 0.0,
}


def section(activation: dict[str, Any], visualization: dict[str, Any]) -> list[bool | None]:
    values = {"activation": STILL | activation, "visualization": STILL | visualization}
    evidence = evidence_of(Record("filter_trace/6/1", {}, values))
    return held(decide("filters.visualization", evidence, {"index": 6, "picture": 1}, FINDS))


@pytest.mark.parametrize(
    ("activation", "visualization", "expected"),
    [
        ({}, {}, [False, False, False, False]),
        ({"laid_out_over_places": True}, {}, [True, False, False, False]),
        ({}, {"laid_out_over_places": True}, [True, False, False, False]),
        ({"laid_out_over_places": True, "picture_changes": True}, {}, [False] * 4),
        ({"laid_out_over_places": True, "weights_change": True}, {}, [False] * 4),
        ({}, {"picture_changes": True, "rise": 2.0}, [False, False, True, False]),
        ({}, {"picture_changes": True, "rise": -2.0}, [False] * 4),
        ({}, {"picture_changes": True, "rise": 2.0, "weights_change": True}, [False] * 4),
        ({"layers_compared": 5}, {}, [False, False, False, True]),
        ({"layers_compared": 5, "classifier_calls": 1}, {}, [False, True, False, True]),
        ({"classifier_calls": 9}, {}, [False] * 4),
    ],
)
def test_the_section_finds_what_it_varies(
    activation: dict[str, Any], visualization: dict[str, Any], expected: list[bool]
) -> None:
    assert section(activation, visualization) == expected


@pytest.mark.parametrize(("run", "count"), [({}, 0), ({"layers_compared": 5}, 1)])
def test_a_count_is_half_a_computation_from_the_other_verdict(
    run: dict[str, Any], count: int
) -> None:
    values = {"activation": STILL | run, "visualization": STILL}
    evidence = evidence_of(Record("filter_trace/6/1", {}, values))
    found = decide("filters.visualization", evidence, {"index": 6, "picture": 1}, FINDS)
    assert (found.verdicts[3].value, found.verdicts[3].margin) == (count, 0.5)
    (figure,) = found.figures
    assert [*figure.parameters["rows"][0][1:]] == [False, False]
