"""Which code decided: the version, and a hash of the solver's source."""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from pathlib import Path

VERSION = "0.1.0"


def code_hash() -> str:
    """Return the SHA-256 of every Python file of the solver, names and contents."""
    return _folder_hash(Path(__file__).resolve().parent)


@lru_cache
def rules_hash() -> str:
    """Return the same of the rules alone."""
    return _folder_hash(Path(__file__).resolve().parent / "rules")


def _folder_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


_PLUMBING = (
    "solver.explain.job",
    "solver.explain.registry",
    "solver.explain.run.runner",
    "solver.explain.run.scheduler",
    "solver.explain.run.workers",
    "solver.explain.estimator",
    "solver.explain.sampling.sequential_test",
    "solver.explain.sampling.claims",
    "solver.explain.batch_size",
)
"""Modules of `solver.explain` that decide which explanations run, and not what one computes."""

_MEASURING = (
    "solver.models.food_cnn",
    "solver.models.local_forward",
    "solver.models.winograd",
    "solver.models.matrix_products",
    "solver.bundle.pictures",
    "solver.explain.cnn.lime_surrogate",
    "solver.models.bert_files",
    "solver.models.bert",
    "solver.bundle.tagged_corpus",
)
"""Modules outside `solver.explain` that take part in what an explanation computes."""


@lru_cache
def explanation_code_hash(module: str) -> str:
    """Return the SHA-256 of the source an explanation computes with.

    That is its module and, as far as they are explanations or models themselves, the modules it
    imports, directly or not. A rule, a page or a command is never among them.
    """
    digest = hashlib.sha256()
    for name in sorted(_computing(module)):
        digest.update(name.encode() + b"\0" + _source(name) + b"\0")
    return digest.hexdigest()


def _computing(module: str) -> set[str]:
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        found.add(name)
        tree = ast.parse(_source(name))
        imported = {
            node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        }
        waiting += [other for other in imported if _computes(other) and other not in found]
    return found


def _computes(module: str) -> bool:
    explains = module.startswith("solver.explain.") and module not in _PLUMBING
    return module in _MEASURING or explains


def _source(module: str) -> bytes:
    folder = Path(__file__).resolve().parent.parent
    return (folder / (module.replace(".", "/") + ".py")).read_bytes().replace(b"\r\n", b"\n")
