"""Memory that is free and that the C library keeps, given back to the system."""

from __future__ import annotations

import contextlib
import ctypes


def give_back_free_memory() -> None:
    """Give back the free memory of this process; no effect where the C library is not glibc."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # TypeError: on Windows, of None
        ctypes.CDLL(None).malloc_trim(0)
