"""From a cell's text to the one set of options that would have been written so, or a refusal.

A cell cannot be split at its commas: ``x\\`` and ``y`` ticked together read like the one option
``x,y``, and two options can come out as the same text. So nothing is split. For every set of
options, in every order, it is worked out what Canvas would have written (`grader.cell_text`);
a cell is read if exactly one set gives it, and refused otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations, product

from grader.cell_text import collapsed, rendered, with_commas_escaped
from grader.quiz_texts import Choices, WordedQuestion
from grader.submissions import UNANSWERED, Answer, Chosen, Refused, Response, Ticked

MOST_ENUMERATED = 6
"""Options up to which every order of every set is written out (1,957 for six)."""
MOST_STEPS = 200_000
MEMORY = 4096
"""Distinct cells of one column that are remembered: a class repeats few of them."""

LONGEST = 2000
"""Letters of a cell that are kept: no options' texts together are as long."""

Reading = Answer | None
"""What may have been ticked; None is nothing at all."""


class CellReader:
    """Reads the cells of one question's column, given every wording the question may have."""

    def __init__(self, wordings: Sequence[WordedQuestion]) -> None:
        self._kind = wordings[0].kind
        self._wordings = list(wordings)
        self._written: dict[str, set[Reading]] | None = None
        self._seen: dict[str, Response] = {}

    def read(self, cell: str) -> Response:
        """Return what was ticked; a cell that fits no set, or several, is `Refused`.

        Args:
            cell: the cell of a student to whom the question was shown.
        """
        known = self._seen.get(cell)
        if known is None:
            known = self._decide(cell)
            if len(self._seen) < MEMORY and len(cell) <= LONGEST:
                self._seen[cell] = known
        return known

    def _decide(self, cell: str) -> Response:
        text = collapsed(cell)
        readings = set(self._table().get(text, ()))
        if self._kind == "several":
            for wording in self._wordings:
                if len(wording.options) > MOST_ENUMERATED and text:
                    readings |= _tilings(text, wording.options)
        if len(readings) == 1:
            (only,) = readings
            return UNANSWERED if only is None else only
        return Refused(cell[:LONGEST], _reason(text, readings))

    def _table(self) -> dict[str, set[Reading]]:
        if self._written is None:
            self._written = {"": {None}}
            for wording in self._wordings:
                for reading, text in _all_written(wording):
                    self._written.setdefault(text, set()).add(reading)
        return self._written


def _reason(text: str, readings: set[Reading]) -> str:
    if not readings:
        return "fits no set of the question's options"
    if not text:
        return "is empty, and so is the text of an option: ticked or not cannot be told"
    sets = sorted(_named(reading) for reading in readings)
    shown = " or ".join(sets[:3]) + (" or others" if len(sets) > 3 else "")
    return f"fits more than one set of options: {shown}"


def _named(reading: Reading) -> str:
    if reading is None:
        return "nothing"
    if isinstance(reading, Chosen):
        return ", ".join(f"{blank}={choice}" for blank, choice in sorted(reading.choices))
    return "+".join(sorted(reading.options))


def _all_written(wording: WordedQuestion) -> Iterator[tuple[Reading, str]]:
    """Go over what can be ticked, each with every text Canvas would write for it."""
    if wording.kind == "single":
        for name, text in wording.options:
            for form in rendered(text) | {collapsed(text)}:
                yield Ticked(frozenset({name})), form
    elif wording.kind == "several":
        yield from _several_written(wording.options)
    else:
        yield from _pair_written(wording.blanks)


def _several_written(options: Choices) -> Iterator[tuple[Reading, str]]:
    # The empty text of a larger question's options is still needed: see `_reason`.
    most = len(options) if len(options) <= MOST_ENUMERATED else 1
    for count in range(1, most + 1):
        for ticked in permutations(options, count):
            names = frozenset(name for name, _ in ticked)
            for form in _joined(text for _, text in ticked):
                yield Ticked(names), form


def _joined(texts: Iterable[str]) -> frozenset[str]:
    return rendered(",".join(with_commas_escaped(text) for text in texts))


def _pair_written(blanks: tuple[tuple[str, Choices], ...]) -> Iterator[tuple[Reading, str]]:
    """Choices of the drop-downs, in either order, an unanswered one left out or left empty."""
    lists = [[None, *choices] for _, choices in blanks]
    for chosen in product(*lists):
        named = [
            (blank, choice) for (blank, _), choice in zip(blanks, chosen, strict=True) if choice
        ]
        if not named:
            for form in ("", ","):
                yield None, form
            continue
        reading = Chosen(frozenset((blank, choice[0]) for blank, choice in named))
        texts = [choice[1] if choice else "" for choice in chosen]
        for order in (texts, texts[::-1]):
            for kept in (order, [text for text in order if text]):
                for form in _joined(kept):
                    yield reading, form


def _tilings(cell: str, options: Choices) -> set[Reading]:
    """Return up to two sets of options whose texts, joined in some order, make up the cell.

    Works on the options' own renderings, so it is for questions of many options whose texts
    hold no half of a tag or of an entity.
    """
    pieces = [
        (name, form) for name, text in options for form in rendered(with_commas_escaped(text))
    ]
    found: set[Reading] = set()
    seen: set[tuple[int, frozenset[str]]] = set()
    stack: list[tuple[int, frozenset[str]]] = [(0, frozenset())]
    while stack and len(found) < 2:
        at, used = stack.pop()
        for name, form in pieces:
            if name in used or not cell.startswith(form, at):
                continue
            end, now = at + len(form), used | {name}
            if end == len(cell):
                found.add(Ticked(now))
            elif cell[end] == "," and (end + 1, now) not in seen:
                seen.add((end + 1, now))
                stack.append((end + 1, now))
        if len(seen) > MOST_STEPS:
            return set()
    return found
