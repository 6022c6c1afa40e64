"""Reader of single cells: the one set of options that Canvas would have written so, or a refusal.

The reader searches for the options that Canvas would have written like the cell, in any order, each
as plain text or as stripped HTML (`grader.quizzes.canvas_text`). One search serves every kind of
question and any number of options.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from grader.quizzes.canvas_text import (
    TEXT,
    collapsed,
    parsed,
    rendered,
    ways_kept,
    with_commas_escaped,
)
from grader.quizzes.damaged_text import Damage, damage_of
from grader.quizzes.texts import WordedQuestion, WordedQuiz
from grader.submissions import UNANSWERED, Answer, Chosen, Refused, Response, Ticked

MOST_STEPS = 200_000
"""Steps of one search; sixteen options need some ten thousand."""
MOST_READINGS = 64  # two are enough to refuse a cell; the others only to name some of them
MEMORY = 4096
"""Distinct cells of one column that are kept with their responses."""

LONGEST = 2000
"""Letters of a cell that are kept: no options' texts together are as long."""


Reading = Answer | None
"""An answer that a cell may hold; None is no answer."""


class CellReader:
    """Reader of the cells of one question's column, given every wording of the question."""

    def __init__(self, wordings: Sequence[WordedQuestion]) -> None:
        self._wordings = [
            _Wording(each, each.source or "the bank", tuple(_pieces(each))) for each in wordings
        ]
        self._seen: dict[str, Response] = {}

    def read(self, cell: str) -> Response:
        """Return the response in a cell; one that fits no set of options, or several, is `Refused`.

        Args:
            cell: the cell of a student to whom the question was shown.
        """
        known = self._seen.get(cell)
        if known is None:
            known = self._decide(cell)
            # Not every cell: a column of essays would be kept whole.
            if len(self._seen) < MEMORY and len(cell) <= LONGEST:
                self._seen[cell] = known
        return known

    def _decide(self, cell: str) -> Response:
        text = collapsed(cell)
        found: dict[Reading, set[str]] = {}
        for wording in self._wordings:
            readings = _Search(text, wording).readings()
            if readings is None:
                return Refused(cell[:LONGEST], "can be put together in too many ways to try")
            for reading in readings:
                found.setdefault(reading, set()).add(wording.name)
        # Two wordings that say the same answer agree; an answer is never guessed from two that
        # differ.
        if len(found) == 1:
            (only,) = found
            return UNANSWERED if only is None else only
        return self._refused(cell, text, found)

    def damage(self, cell: str) -> Damage | None:
        """Return the damage to the cell after Canvas wrote it, None where none is found."""
        return self._damage(cell) if isinstance(self.read(cell), Refused) else None

    def _damage(self, cell: str) -> Damage | None:
        def fits(text: str) -> bool:
            return any(_Search(collapsed(text), each).readings() for each in self._wordings)

        options = (option for each in self._wordings for option in each.texts)
        return damage_of(cell, options, fits)

    def _refused(self, cell: str, text: str, found: dict[Reading, set[str]]) -> Refused:
        kept = cell[:LONGEST]
        if not found:
            reason = "fits no set of the question's options"
            if damage := self._damage(cell):
                return Refused(kept, f"{reason}; {damage.sentence}", damage.cause)
            return Refused(kept, reason)
        if not text:
            reason = "is empty, and so is the text of an option: ticked or not cannot be told"
            return Refused(kept, reason, "empty option")
        by_file = len({frozenset(names) for names in found.values()}) > 1
        sets = sorted(
            _named(reading) + (f" ({' and '.join(sorted(names))})" if by_file else "")
            for reading, names in found.items()
        )
        shown = " or ".join(sets[:3]) + (" or others" if len(sets) > 3 else "")
        return Refused(kept, f"fits more than one set of options: {shown}", "several sets")


def _named(reading: Reading) -> str:
    if reading is None:
        return "nothing"
    if isinstance(reading, Chosen):
        return ", ".join(f"{blank}={choice}" for blank, choice in sorted(reading.choices))
    return "+".join(sorted(reading.options))


def alike_options(quiz: WordedQuiz) -> Iterator[str]:
    """Yield a sentence for each two options that Canvas can write as the same text."""
    for question in quiz.questions:
        for blank, choices in (("", question.options), *question.blanks):
            forms = [
                (name, frozenset().union(*map(rendered, ways_kept(text)))) for name, text in choices
            ]
            for (one, first), (other, second) in combinations(forms, 2):
                for text in sorted(first & second)[:1]:
                    where = f"{question.id}, {blank}" if blank else question.id
                    yield (
                        f"{where}: Canvas can write options {one} and {other} as one text "
                        f"({text[:40]!r}), so which was ticked cannot be told then"
                    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """One part of a cell: an option, or a drop-down with its choice.

    Attributes:
        slot: the option or drop-down; a cell has at most one piece of a slot.
        part: an option's id, a drop-down and its choice, or None for a drop-down left empty.
        texts: every text that Canvas may have joined for it.
    """

    slot: str
    part: str | tuple[str, str] | None
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wording:
    question: WordedQuestion
    name: str
    pieces: tuple[_Piece, ...]

    @property
    def texts(self) -> Iterator[str]:
        """Every option's text."""
        lists = [self.question.options, *(choices for _, choices in self.question.blanks)]
        return (text for choices in lists for _, text in choices)


def _pieces(wording: WordedQuestion) -> Iterator[_Piece]:
    for name, text in wording.options:
        ways = ways_kept(text)
        if wording.kind == "several":
            ways = tuple(map(with_commas_escaped, ways))
        yield _Piece(name if wording.kind == "several" else "", name, ways)
    for blank, choices in wording.blanks:
        for name, text in choices:
            yield _Piece(blank, (blank, name), tuple(map(with_commas_escaped, ways_kept(text))))
        # A drop-down that was not answered is left out, or leaves nothing between two commas.
        yield _Piece(blank, None, ("",))


@dataclass(frozen=True, slots=True)
class _Place:
    """State of the search: the letter reached, the state of HTML there, and the pieces used."""

    at: int
    state: str
    slots: frozenset[str]
    parts: frozenset[str | tuple[str, str]]


class _Search:
    """Search for every set of pieces that Canvas would have written as one cell."""

    def __init__(self, cell: str, wording: _Wording) -> None:
        self._cell = cell
        self._kind = wording.question.kind
        self._pieces = wording.pieces

    def readings(self) -> set[Reading] | None:
        """Return every reading that fits; None if the search takes too long."""
        found: set[Reading] = set()
        begin = _Place(0, TEXT, frozenset(), frozenset())
        # Not by splitting at commas: x\ and y ticked together read like the one option x,y.
        seen, stack = {begin}, [begin]
        while stack and len(found) < MOST_READINGS:
            place = stack.pop()
            if place.at == len(self._cell):
                chosen = frozenset(part for part in place.parts if isinstance(part, tuple))
                ticked = frozenset(part for part in place.parts if isinstance(part, str))
                # No part at all is no answer; an option with an empty text is a part.
                answer = Chosen(chosen) if self._kind == "pair" else Ticked(ticked)
                found.add(answer if place.parts else None)
            for after in self._next(place):
                if after not in seen:
                    seen.add(after)
                    stack.append(after)
            if len(seen) > MOST_STEPS:
                return None
        return found

    def _next(self, place: _Place) -> Iterable[_Place]:
        for piece in self._pieces:
            if piece.slot in place.slots:
                continue
            slots = place.slots | {piece.slot}
            parts = place.parts if piece.part is None else place.parts | {piece.part}
            for text in piece.texts:
                joined = f",{text}" if place.slots else text
                for shown, state in parsed(joined, place.state):
                    at = self._after(place.at, shown)
                    if at is not None:
                        yield _Place(at, state, slots, parts)

    def _after(self, at: int, shown: str) -> int | None:
        """Return the place in the cell after `shown`, None if the cell has another text there."""
        cell = self._cell
        # Blanks of two pieces became one, and those at the cell's ends were trimmed.
        if shown.startswith(" ") and (at == 0 or at == len(cell) or cell[at - 1] == " "):
            shown = shown[1:]
        if cell.startswith(shown, at):
            return at + len(shown)
        if shown.endswith(" ") and cell[at:] == shown[:-1]:
            return len(cell)
        return None
