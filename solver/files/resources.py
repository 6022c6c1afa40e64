"""The place of shipped data: the checkout, or the installed wheel."""

from __future__ import annotations

from pathlib import Path

import solver

_PACKAGE = Path(str(solver.__file__)).resolve().parent
_IN_CHECKOUT = {"questions": "questions", "templates": "templates", "demo": "fixtures/demo"}

DEFAULT_EDITION = "2021"
"""The edition whose bank is used where none is named."""


def data_folder(name: str) -> Path:
    """Return the folder of shipped data called `name` ("questions", "templates" or "demo")."""
    installed = _PACKAGE / name
    # An installed wheel holds its data inside `solver/`; a checkout at the top of the repository.
    return installed if installed.is_dir() else _PACKAGE.parent / _IN_CHECKOUT[name]


def shipped_editions() -> dict[str, Path]:
    """Return the folder of each bank that ships, by its edition.

    >>> list(shipped_editions())
    ['2021', '2022']
    """
    found = sorted(data_folder("questions").glob("*/bank.yaml"))
    return {path.parent.name: path.parent for path in found}


def shipped_bank(edition: str = DEFAULT_EDITION) -> Path:
    """Return the folder of the bank of an edition that ships."""
    return data_folder("questions") / edition


def shipped_region_files() -> list[Path]:
    """Return the files of regions that ship, of every edition."""
    return sorted(data_folder("questions").glob("*/regions/*.yaml"))
