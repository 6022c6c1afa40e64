"""What lies in a folder is found there: rules, explanations, kinds of figure."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import solver
from solver.explain.registry import all_explanations
from solver.files.discovery import import_all
from solver.page.figures.registry import all_figure_kinds
from solver.rules.registry import all_rules

ROOT = Path(solver.__path__[0]).parent


def named_in(folder: str, decorator: str) -> set[str]:
    """Names that sources of a folder register, read as text."""
    texts = [path.read_text("utf-8") for path in sorted((ROOT / folder).rglob("*.py"))]
    named = {
        name for text in texts for name in re.findall(rf'^@{decorator}\(\s*"([^"]+)"', text, re.M)
    }
    # A trace is registered for each method by one function.
    traced = {name for text in texts for name in re.findall(r'= _registered\("([^"]+)"\)', text)}
    return named | {f"{name}_watched" for name in traced}


@pytest.mark.parametrize(
    ("folder", "decorator", "found"),
    [
        ("solver/rules", "rule", all_rules()),
        ("solver/explain", "explanation", all_explanations()),
        ("solver/page/figures", "figure_kind", all_figure_kinds()),
    ],
)
def test_all_that_is_registered_in_a_folder_is_found(
    folder: str, decorator: str, found: dict[str, object]
) -> None:
    assert named_in(folder, decorator) == set(found) != set()


def test_a_module_in_a_folder_of_the_folder_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "found_here" / "inner"
    inner.mkdir(parents=True)
    (inner.parent / "__init__.py").write_text("")
    (inner / "__init__.py").write_text("")
    (inner / "late.py").write_text("REGISTERED = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert import_all("found_here") == ("found_here.inner", "found_here.inner.late")
    assert sys.modules["found_here.inner.late"].REGISTERED
