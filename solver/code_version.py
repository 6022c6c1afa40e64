"""Version of the program, and hashes of its source."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

VERSION = "0.1.0"


def code_hash() -> str:
    """Return the SHA-256 (64 hex digits) of the solver's modules and the coefficients beside them,
    names and contents."""
    return _folder_hash(Path(__file__).resolve().parent)


@lru_cache
def rules_hash() -> str:
    """Return the SHA-256 (64 hex digits) of the rules alone, names and contents."""
    return _folder_hash(Path(__file__).resolve().parent / "rules")


def _folder_hash(folder: Path) -> str:
    digest = hashlib.sha256()
    paths = [*folder.rglob("*.py"), *folder.rglob("*.npz")]
    for path in sorted(paths, key=lambda path: path.relative_to(folder).as_posix()):
        content = path.read_bytes()
        if path.suffix == ".py":
            # The same on Windows, where git may check files out with other line ends.
            content = content.replace(b"\r\n", b"\n")
        # The name too: moved code may be imported by others than before.
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


@lru_cache
def repeats_code_hash(module: str) -> str:
    """Return the SHA-256 of the source that the repeats of a rule's decisions depend on.

    That is its module, the modules of rules that it imports, directly or not, and `solver.decide`.
    """
    digest = hashlib.sha256(_folder_hash(Path(__file__).resolve().parent / "decide").encode())
    if not module.startswith("solver.rules."):
        return digest.hexdigest()
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        found.add(name)
        imported = _imported(_source(name))
        waiting += [other for other in imported - found if other.startswith("solver.rules.")]
    for name in sorted(found):
        digest.update(name.encode() + b"\0" + _source(name) + b"\0")
    return digest.hexdigest()


_METHODS = "solver.explain"
_NO_METHODS = ("run", "sampling")
"""Folders of `solver.explain` that decide which explanations run, and how far; all others hold
methods. Modules that lie in `solver.explain` itself are the seam, and hold none either."""

_NETWORKS = "solver.models"
_READERS = ("solver.bundle.pictures", "solver.bundle.tagged_corpus")
"""Modules outside both that turn files into a network's inputs."""


@lru_cache
def explanation_code_hash(module: str) -> str:
    """Return the SHA-256 (64 hex digits) of the source an explanation computes with.

    That is its module, every network, and the methods and readers that it imports, directly or
    not. A rule, a page or a command is never among them.

    Args:
        module: dotted name of the module that holds the explanation.
    """
    digest = hashlib.sha256()
    for name in sorted(_computing(module)):
        digest.update(name.encode() + b"\0" + _source(name) + b"\0")
    return digest.hexdigest()


def _computing(module: str) -> set[str]:
    # Every network counts: a bundle hands them to methods, which need not import them.
    networks = _path(_NETWORKS).with_suffix("").glob("[!_]*.py")
    found, waiting = set(), [module, *(f"{_NETWORKS}.{path.stem}" for path in networks)]
    while waiting:
        name = waiting.pop()
        found.add(name)
        imported = _imported(_source(name))
        waiting += [other for other in imported if _computes(other) and other not in found]
    return found


@lru_cache(maxsize=512)  # rules share most of what they import
def _imported(source: bytes) -> frozenset[str]:
    """Modules of this project that a module's source names in an import."""
    names = set()
    for node in _statements(ast.parse(source).body):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # What is imported from a package may be a module of it.
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(name for name in names if _path(name).is_file())


def _statements(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These and all within them. No expression holds an import, and most nodes are expressions."""
    for node in nodes:
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from _statements(getattr(node, part, ()))


def _computes(module: str) -> bool:
    """True if a record depends on a module's source, told by the module's folder.

    >>> _computes("solver.explain.cnn.lime"), _computes("solver.models.bert")
    (True, True)
    >>> _computes("solver.explain.job"), _computes("solver.explain.sampling.claims")
    (False, False)
    """
    if module.startswith(f"{_METHODS}."):
        folder, _, below = module.removeprefix(f"{_METHODS}.").partition(".")
        return bool(below) and folder not in _NO_METHODS
    return module in _READERS or module.startswith(f"{_NETWORKS}.")


def _source(module: str) -> bytes:
    return _path(module).read_bytes().replace(b"\r\n", b"\n")


def _path(module: str) -> Path:
    return Path(__file__).resolve().parent.parent / (module.replace(".", "/") + ".py")
