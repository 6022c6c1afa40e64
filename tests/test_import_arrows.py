"""Imports between the modules go one way: no circles, and nothing that knows what lies above it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOPS = ("solver", "grader")
FRONTS = ("grader.cli", "grader.review", "grader.self_check")
"""Where the grader and the solver meet: commands, pages that review a key, the self-check."""


def name_of(path: Path) -> str:
    """`solver/rules/registry.py` as ``solver.rules.registry``, a folder by its ``__init__.py``."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for top in TOPS for path in sorted((ROOT / top).rglob("*.py"))}


def imported(path: Path) -> set[str]:
    """Every module of ours that a module names in an import, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                found.add(inside if inside in MODULES else node.module)
    return {name for name in found if name in MODULES}


ARROWS = {name: imported(path) - {name} for name, path in MODULES.items()}


def folder_of(module: str) -> str:
    """The folder a module lies in; those at the top of solver and grader stand for themselves."""
    folder = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    return module if folder in TOPS else folder


def folder_arrows() -> dict[str, set[str]]:
    arrows: dict[str, set[str]] = {}
    for module, targets in ARROWS.items():
        home = folder_of(module)
        arrows.setdefault(home, set()).update({folder_of(one) for one in targets} - {home})
    return arrows


def circle_in(arrows: Mapping[str, Iterable[str]]) -> list[str]:
    """One circle of a graph, or nothing."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as problem:
        return list(problem.args[1])
    return []


def climbing(start: str, forbidden: str, *, but: tuple[str, ...] = ()) -> list[str]:
    """Imports of `forbidden` in modules under `start`, those under `but` left out."""

    def under(name: str, top: str) -> bool:
        return f"{name}.".startswith(f"{top}.")

    return [
        f"{module} imports {target}"
        for module, targets in ARROWS.items()
        for target in sorted(targets)
        if under(module, start)
        and under(target, forbidden)
        and not any(under(module, each) for each in but)
    ]


def test_no_circle_of_modules() -> None:
    assert circle_in(ARROWS) == []


def test_no_circle_of_folders_and_so_no_two_that_import_each_other() -> None:
    assert circle_in(folder_arrows()) == []


@pytest.mark.parametrize(
    ("start", "forbidden"),
    [
        *(("solver.explain", f"solver.{one}") for one in ("rules", "decide", "page", "pipeline")),
        *(("solver.rules", f"solver.{one}") for one in ("explain", "decide", "page", "pipeline")),
        *(("solver.decide", f"solver.{one}") for one in ("page", "pipeline")),
        ("solver.page", "solver.pipeline"),
        ("solver.explain.job", "solver.explain.registry"),
        ("solver.explain.job", "solver.explain.estimator"),
        ("solver.pipeline.key_folder", "solver.page"),
        ("solver", "grader"),
        *(("grader.table", f"grader.{one}") for one in ("exports", "items", "reports", "runs")),
        *(("grader.exports", f"grader.{one}") for one in ("items", "reports", "runs")),
        ("grader.csv_files", "grader.submissions"),
        ("grader.reports", "grader.runs"),
    ],
)
def test_what_a_folder_must_not_know(start: str, forbidden: str) -> None:
    assert start in MODULES and forbidden in MODULES  # a folder that has moved is not passed by
    assert climbing(start, forbidden) == []


def test_only_the_command_line_knows_the_local_pages() -> None:
    assert climbing("solver", "grader.review") == climbing("solver", "grader") == []
    others = climbing("grader", "grader.review", but=FRONTS)
    assert others == [] and climbing("grader.cli", "grader.review") != []
    assert climbing("grader.review", "grader.cli") == []


@pytest.mark.parametrize("forbidden", ["solver.page", "solver.explain", "solver.models"])
def test_the_grader_takes_texts_from_the_solver_and_no_page_or_model(forbidden: str) -> None:
    assert climbing("grader", forbidden, but=FRONTS) == []
    assert climbing("grader", forbidden) != []  # the command line does: what is looked for is seen


def test_a_circle_would_be_found() -> None:
    assert circle_in({"a": ["b"], "b": ["c"], "c": ["a"]}) and not circle_in({"a": ["b"], "b": []})
