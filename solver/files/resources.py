"""The place of shipped data: the checkout, or the installed wheel."""

from __future__ import annotations

from pathlib import Path

import solver

_PACKAGE = Path(str(solver.__file__)).resolve().parent
_IN_CHECKOUT = {"questions": "questions", "templates": "templates", "demo": "fixtures/demo"}


def data_folder(name: str) -> Path:
    """Return the folder of shipped data called `name` ("questions", "templates" or "demo").

    An installed wheel holds it inside `solver/`; a checkout (also one installed with
    ``pip install -e``) holds it at the top of the repository.
    """
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / _IN_CHECKOUT[name]
