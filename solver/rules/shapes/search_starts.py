"""Starts of searches: the places where a first decision's searches ended.

A rule that searches notes the places it found, by name; a repeat of its decision on slightly other
evidence is given them, and need not look everywhere again.

>>> with noted() as places:
...     note("cube", np.array([[0.5], [0.4]], np.float32))
>>> with begun_at(places):
...     starts_of("cube").tolist()
[[0.5], [0.4000000059604645]]
>>> starts_of("cube") is None
True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.float32]
"""Parameters of K places (P, K)."""

_noted: ContextVar[dict[str, Places] | None] = ContextVar("noted", default=None)
_starts: ContextVar[Mapping[str, Places]] = ContextVar("starts")


def note(name: str, places: Places) -> None:
    """Note the places of a search, for `noted`; of two searches of one name the last counts."""
    into = _noted.get()
    if into is not None:
        into[name] = places


def starts_of(name: str) -> Places | None:
    """Return the places that `begun_at` gives for a search; None: look everywhere."""
    return _starts.get({}).get(name)


@contextmanager
def noted() -> Iterator[dict[str, Places]]:
    """Context that gives a dictionary, filled with the places that searches within find."""
    places: dict[str, Places] = {}
    token = _noted.set(places)
    try:
        yield places
    finally:
        _noted.reset(token)


@contextmanager
def begun_at(places: Mapping[str, Places]) -> Iterator[None]:
    """Context in which searches begin at these places instead of everywhere."""
    token = _starts.set(places)
    try:
        yield
    finally:
        _starts.reset(token)
