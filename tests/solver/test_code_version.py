"""Which code a record hangs on: its method, what the method imports, and no rule, page or plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from solver import code_version
from solver.explain.registry import all_explanations

COMPUTING = {
    name: code_version._computing(found.run.__module__)
    for name, found in all_explanations().items()
}


@pytest.mark.parametrize("kind", sorted(COMPUTING))
def test_a_record_hangs_on_its_own_module(kind: str) -> None:
    assert all_explanations()[kind].run.__module__ in COMPUTING[kind]


def test_a_method_that_another_takes_its_steps_from_counts() -> None:
    assert "solver.explain.cnn.saliency" in COMPUTING["smoothgrad"]
    assert "solver.explain.cnn.saliency" not in COMPUTING["lime"]
    assert "solver.bundle.tagged_corpus" in COMPUTING["corpus_search"]


@pytest.mark.parametrize("kind", sorted(COMPUTING))
def test_every_network_counts_though_a_method_is_handed_it(kind: str) -> None:
    assert {"solver.models.food_cnn", "solver.models.winograd"} <= COMPUTING[kind]


def test_no_plan_no_rule_and_no_page_counts() -> None:
    every = set().union(*COMPUTING.values())
    folders = {name.rpartition(".")[0] for name in every}
    assert folders == {
        "solver.explain.cnn",
        "solver.explain.bert",
        "solver.models",
        "solver.bundle",
    }


@pytest.mark.parametrize(
    "line",
    [
        "from solver.models.winograd import convolve",
        "from solver.models import winograd",
        "import solver.models.winograd",
        "def later():\n    if True:\n        import solver.models.winograd",
        "try:\n    pass\nexcept OSError:\n    import solver.models.winograd",
        "match 1:\n    case _:\n        import solver.models.winograd",
    ],
)
def test_however_a_module_is_imported_it_is_seen(line: str) -> None:
    assert "solver.models.winograd" in code_version._imported(line.encode())


def test_other_coefficients_beside_a_module_are_another_program(tmp_path: Path) -> None:
    """And other line ends of a module are not."""
    (tmp_path / "reader.py").write_bytes(b"one\ntwo\n")
    (tmp_path / "reader.npz").write_bytes(b"1")
    before = code_version._folder_hash(tmp_path)
    (tmp_path / "reader.py").write_bytes(b"one\r\ntwo\r\n")
    assert code_version._folder_hash(tmp_path) == before
    (tmp_path / "reader.npz").write_bytes(b"2")
    assert code_version._folder_hash(tmp_path) != before
