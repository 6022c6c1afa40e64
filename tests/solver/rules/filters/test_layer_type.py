"""The class of a layer is that of the network that was loaded."""

from __future__ import annotations

import pytest

from solver.bundle.bundle import Bundle
from solver.evidence import Record
from solver.explain.cnn.filter_visualization import module
from solver.explain.job import Job
from tests.solver.rules.made_maps import decide, evidence_of, held

MODULES = ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Linear"]
CLAIMS = [{"module": name} for name in MODULES]


@pytest.mark.parametrize("index", [0, 1, 2, 6, 9, 15, 21, 37])
def test_the_module_is_the_loaded_one(demo: Bundle, index: int) -> None:
    evidence = evidence_of(module(Job(f"module/{index}", demo)))
    found = held(decide("filters.layer_type", evidence, {"index": index}, CLAIMS))
    assert found == [name == type(demo.network.cnn[index]).__name__ for name in MODULES]


@pytest.mark.parametrize("name", MODULES)
def test_another_network_gets_another_answer(name: str) -> None:
    evidence = evidence_of(Record("module/6", {}, {"class": name}))
    found = held(decide("filters.layer_type", evidence, {"index": 6}, CLAIMS))
    assert found == [other == name for other in MODULES]


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (6, ("Module 6 of the network, cnn[6],", "網路中索引 6 的模組 cnn[6] ")),
        ("stem.0", ("The layer stem.0 of the network", "網路中名為 stem.0 的層")),
    ],
)
def test_a_layer_is_called_by_its_index_or_its_name(
    index: int | str, name: tuple[str, str]
) -> None:
    evidence = evidence_of(Record(f"module/{index}", {}, {"class": "ReLU"}))
    right, wrong = decide(
        "filters.layer_type", evidence, {"index": index}, [{"module": "ReLU"}, {"module": "Linear"}]
    ).verdicts
    assert right.sentence == (f"{name[0]} is a ReLU.", f"{name[1]}是 ReLU。")
    assert wrong.sentence == (
        f"{name[0]} is a ReLU, not a Linear.",
        f"{name[1]}是 ReLU，不是 Linear。",
    )
