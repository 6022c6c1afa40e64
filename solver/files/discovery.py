"""Import of every module of a package, so that all it registers is registered.

Rules, explanations and kinds of figure register themselves with a decorator; a module that is put
into their folder is found here, and no list names it.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module


@cache  # a folder is read once a process: rules are asked for thousands of times
def import_all(package: str) -> tuple[str, ...]:
    """Import all modules below `package`, folders in it included; return their names, sorted.

    >>> "solver.rules.shapes.handle" in import_all("solver.rules")
    True
    """
    folder = import_module(package)
    found = pkgutil.walk_packages(folder.__path__, f"{package}.")
    names = sorted(module.name for module in found)
    for name in names:
        import_module(name)
    return tuple(names)
