"""Examples in docstrings run, and give what they say; every explanation has one."""

from __future__ import annotations

import doctest
import inspect
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from solver.bundle.bundle import Bundle, load_bundle
from solver.evidence import Evidence, Record
from solver.explain.job import fast_settings
from solver.explain.registry import all_explanations
from solver.files.resources import data_folder
from solver.rules.registry import all_rules

ROOT = Path(__file__).resolve().parents[1]
WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("solver", "grader")
    for path in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
]


@pytest.fixture(scope="module")
def demo() -> Bundle:
    return load_bundle(data_folder("demo"))


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_give_what_they_say(name: str, demo: Bundle) -> None:
    given = {"demo": demo, "fast_settings": fast_settings, "np": np}
    given |= {"Evidence": Evidence, "Record": Record}
    result = doctest.testmod(import_module(name), extraglobs=given)
    assert result.attempted and not result.failed


def test_every_explanation_has_an_example() -> None:
    without = [
        kind
        for kind, found in all_explanations().items()
        if ">>>" not in (inspect.getdoc(found.run) or "")
    ]
    assert without == []


def test_every_folder_of_rules_has_an_example() -> None:
    folders = {one.decide.__module__.rpartition(".")[0] for one in all_rules().values()}
    assert folders <= {name.rpartition(".")[0] for name in WITH_EXAMPLES}
