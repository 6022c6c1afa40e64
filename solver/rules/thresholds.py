"""Thresholds of rules, by name, so that they can be varied.

A threshold is a convention: somebody chose it for a reason, and another person might have chosen
another. Each is declared once, with its reason, and read through `now`, which gives the chosen
value, or, inside `varied`, the value times a factor. So the stability run can test whether a
verdict depends on the choice without knowing any rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# Context variables, not globals: repeats on several threads vary each for itself.
_factors: ContextVar[Mapping[str, float]] = ContextVar("factors")
_read: ContextVar[set[str] | None] = ContextVar("read", default=None)
_declared: dict[str, Threshold] = {}


@dataclass(frozen=True)
class Threshold:
    """A number that somebody chose.

    Attributes:
        name: of the bounded quantity, such as ``displayed.brightest_share``; unique.
        value: the number chosen.
        why: how it was chosen; where a map of the course was in view, it says so.
        lowest, highest: limits that a varied value is kept within (a share cannot pass 1).
    """

    name: str
    value: float
    why: str
    lowest: float = float("-inf")
    highest: float = float("inf")

    def now(self, chosen: float | None = None) -> float:
        """Return the value to use: `chosen` (a question's own setting) or `value`, varied."""
        # Noted for `reads`: the thresholds a decision rests on.
        noted = _read.get()
        if noted is not None:
            noted.add(self.name)
        value = self.value if chosen is None else chosen
        factor = _factors.get({}).get(self.name, 1.0)
        # Limits hold for varied values alone: a chosen one is as its author wrote it.
        return value if factor == 1.0 else min(max(value * factor, self.lowest), self.highest)


def threshold(
    name: str,
    value: float,
    why: str,
    *,
    lowest: float = float("-inf"),
    highest: float = float("inf"),
) -> Threshold:
    """Declare a threshold.

    Raises:
        ValueError: the name is taken.
    """
    if name in _declared:
        raise ValueError(f"the threshold {name!r} is declared twice")
    _declared[name] = Threshold(name, value, why, lowest, highest)
    return _declared[name]


def all_thresholds() -> dict[str, Threshold]:
    """Return every threshold declared by the modules imported so far, by name."""
    return dict(sorted(_declared.items()))


@contextmanager
def varied(factors: Mapping[str, float]) -> Iterator[None]:
    """Context in which each named threshold has its value times its factor.

    Raises:
        ValueError: a name that is not declared.
    """
    unknown = sorted(set(factors) - set(_declared))
    if unknown:
        raise ValueError(f"there is no threshold {', '.join(unknown)}")
    # A copy: the caller may change its own while the context is open.
    token = _factors.set(dict(factors))
    try:
        yield
    finally:
        _factors.reset(token)


@contextmanager
def reads() -> Iterator[set[str]]:
    """Context that gives a set, filled with the names of the thresholds read within."""
    names: set[str] = set()
    token = _read.set(names)
    try:
        yield names
    finally:
        _read.reset(token)
