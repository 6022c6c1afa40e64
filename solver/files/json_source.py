"""JSON reader whose errors name file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from solver.errors import InputError
from solver.files.yaml_source import MAX_BYTES, read_text


def read_json(path: Path, error: type[InputError], *, max_bytes: int = MAX_BYTES) -> Any:
    """Return the content of a JSON file.

    Raises:
        InputError: (as `error`) not a text file, too large, or not JSON.
    """
    try:
        return json.loads(read_text(path, error, max_bytes=max_bytes))
    except json.JSONDecodeError as problem:
        raise error(
            f"is not JSON ({problem.msg})", path=path, place=f"line {problem.lineno}"
        ) from None
    except (RecursionError, ValueError):  # nested too deep, or a number longer than Python reads
        raise error("is not JSON that can be read", path=path) from None
