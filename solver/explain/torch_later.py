"""torch, imported when something of it is first asked for.

With several processes the one that deals work to the others knows every method, for their records
and their draws, and runs none: without torch it has .4 GB less.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
else:

    class _Later:
        """Stands for torch, and is not in `sys.modules`: scipy would ask it for its arrays."""

        def __getattr__(self, name: str) -> Any:
            return getattr(import_module("torch"), name)

    torch = _Later()

__all__ = ["torch"]
