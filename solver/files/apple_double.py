"""AppleDouble files: the ``._name`` that macOS writes beside ``name`` on disks of other systems."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def without_apple_double(paths: Iterable[Path]) -> list[Path]:
    """Return the paths in their order, those of AppleDouble files left out.

    Example:
        >>> [path.name for path in without_apple_double([Path("._8_5.jpg"), Path("8_5.jpg")])]
        ['8_5.jpg']
    """
    return [path for path in paths if not path.name.startswith("._")]
