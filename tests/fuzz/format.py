"""What a format must say to be fuzzed: seeds, a mutation, how it is read, what is right.

A mutated input is a function of (format, seed, number) alone, so each can be had again by its
number. An input ends in a result, in a refusal (`Hw9Error`), or is a find.
"""

from __future__ import annotations

import random
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from solver.errors import Hw9Error, InputError

Expected = Literal["any", "same", "refused"]
MOST_WORDS = 3000
"""A longer refusal is no sentence for a person."""


@dataclass(frozen=True)
class Mutant:
    """A mutated input.

    Attributes:
        data: the file's bytes.
        how: name of the mutation, with what it was done to.
        expect: "same" if it keeps the meaning, "refused" if nothing may be made of it.
        seed: number of the seed it was made from.
        note: what the format's own check needs to know.
    """

    data: bytes
    how: str
    expect: Expected = "any"
    seed: int = 0
    note: Any = None


class Format(ABC):
    """A format of files; `folder` is its own to write inputs into.

    Attributes:
        name: as the command line and the figures call it.
        seeds: whole files, made by the project's own writers or its fixtures.
        share: how many of a campaign's inputs it gets, in relation to the others.
        pathless: whether a refusal need not name a file (what is read is no file).
    """

    name: ClassVar[str]
    share: ClassVar[int] = 10
    pathless: ClassVar[bool] = False
    seeds: list[bytes]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[int, Any] = {}

    @abstractmethod
    def mutant(self, rng: random.Random) -> Mutant:
        """Make one mutated input."""

    @abstractmethod
    def read(self, data: bytes) -> Any:
        """Read an input as the program does; what comes back can be compared.

        Raises:
            Hw9Error: it is refused.
        """

    def check(self, mutant: Mutant, result: Any) -> None:
        """Raise AssertionError if `result` is not exactly right."""
        if mutant.expect == "same":
            known = self.unmutated(mutant.seed)
            assert result == known, f"the meaning was kept, the result is another: {result!r:.300}"
        assert mutant.expect != "refused", f"this may not be taken: {result!r:.300}"

    def check_refusal(self, mutant: Mutant, refusal: Hw9Error) -> None:
        """Raise AssertionError if the sentence does not name the place or is none."""
        said = str(refusal)
        assert mutant.expect != "same", f"the meaning was kept, and it was refused: {said}"
        assert said.isprintable(), f"the sentence holds signs that do not print: {said!r:.300}"
        assert len(said) < MOST_WORDS, f"the sentence has {len(said)} characters"
        if not self.pathless:
            assert isinstance(refusal, InputError) and refusal.path, f"names no file: {said}"

    def unmutated(self, seed: int) -> Any:
        """Return the result of reading a seed as it is."""
        if seed not in self._known:
            self._known[seed] = self.read(self.seeds[seed])
        return self._known[seed]

    def written(self, data: bytes, name: str) -> Path:
        """Write an input and return its path."""
        path = self.folder / name
        path.write_bytes(data)
        return path


def check_line(refusal: Hw9Error, data: bytes) -> None:
    """Raise AssertionError if the line a refusal names is not one of the file."""
    place = getattr(refusal, "place", "")
    found = re.search(r"line (\d+)", place)
    if found:
        lines = len(re.split(b"\r\n|\r|\n", data))
        assert 1 <= int(found[1]) <= lines + 1, f"{place} of {lines}: {refusal}"


def check_encoding(mutant: Mutant, refusal: Hw9Error) -> None:
    """Raise AssertionError if a file in another encoding is not told by its name."""
    wanted = mutant.how.removesuffix(" without a mark")
    if wanted in ("UTF-16", "UTF-32", "Big5"):
        assert wanted in str(refusal), f"the encoding is not named: {refusal}"
