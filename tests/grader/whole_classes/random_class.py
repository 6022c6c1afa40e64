"""Random classes of a Canvas quiz: what was asked, what was ticked, and what truly came of it.

Written from the description of Canvas' exports, not from the reader: nothing of `grader` is
imported here. A class may have questions drawn from a pool, edited during the quiz, deleted and
made again, or voided, several attempts, the test student, a row cut short, an export that overlaps
with another.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tests.grader.made.canvas_cells import (
    Made,
    Ticks,
    cell,
    edited,
    random_question,
    random_ticks,
    readings,
)
from tests.grader.made.canvas_generator import NAMES, Style, random_style

STEMS = ["<p>Which of\nthese, {}?</p>", "Plain {}", "<div>圖 {} &amp; <b>x</b></div>"]
TEST_NAMES = ["Test Student", "Student, Test", "測試學生"]
RULES = ["highest", "latest", "first", "average"]


@dataclass(frozen=True)
class Column:
    """A question as Canvas numbers it, in its words: two if it was edited during the quiz."""

    canvas_id: int
    stem: str
    wordings: tuple[Made, ...]


@dataclass
class Question:
    """A question of the key: `right` are (list, place in it), as of what was ticked.

    It has two columns if it was deleted and made again. `canvas_right` is what Canvas' own key
    takes, which may be another.
    """

    id: str
    kind: str
    points: str
    right: Ticks
    canvas_right: Ticks
    columns: list[Column]
    void: bool = False

    @property
    def wordings(self) -> list[Made]:
        return [made for column in self.columns for made in column.wordings]


@dataclass(frozen=True)
class Shown:
    """A question as one attempt had it, what was ticked, and what Canvas wrote of that."""

    column: Column
    ticks: Ticks
    text: str
    points: float


@dataclass
class Row:
    """One attempt; `shown` lacks the questions that it was not asked."""

    student: int
    attempt: int
    minute: int
    shown: dict[str, Shown]
    fudge: float = 0.0
    cut_at: int | None = None
    """How many of its cells the file has, None if all."""
    ticks: dict[str, Ticks | None] = field(default_factory=dict)


@dataclass
class RandomClass:
    """A class, and how its files are written.

    Attributes:
        quiz, rows: what was asked, and every attempt.
        names: of the students, by number; the test student's is the last if there is one.
        test_student: number of the test student, None if there is none.
        changed: minute from which on edited and remade questions are the new ones.
        styles: of each export; the first of two has only what came until `overlap`.
        rule: of attempts.
        known_by: what tells columns: the quiz's "text" or "ident", the "bank"'s text, or "order".
        header_points: what headers promise in place of the key's points, "" for those.
        headings: ids of text-only items.
        numbered: a column "No." was put in front.
    """

    quiz: list[Question]
    rows: list[Row]
    names: list[str]
    test_student: int | None
    changed: int
    styles: list[Style]
    overlap: int
    rule: str
    known_by: str
    header_points: str
    headings: list[int]
    numbered: bool
    grade_test_student: bool

    @property
    def graded(self) -> set[int]:
        """Students who should have a score: of some row all was kept, or it is one's only doubt."""
        left_out = set() if self.grade_test_student else {self.test_student}
        return {row.student for row in self.rows if row.cut_at is None} - left_out

    @property
    def everybody(self) -> set[int]:
        return {row.student for row in self.rows}

    def possible_readings(self, question: Question, shown: Shown) -> set[Ticks]:
        """What could have been ticked for a cell, in every wording that its column may have."""
        known = shown.column.wordings if self.known_by == "ident" else question.wordings
        return set().union(*(readings(made, shown.text) for made in known))


def student_id(number: int) -> str:
    return str(9000 + number)


def random_class(rng: random.Random) -> RandomClass:
    quiz = [_question(rng, number) for number in range(1, rng.randint(2, 9))]
    known_by = rng.choice(["text", "text", "ident", "bank", "order"])
    changes = rng.random()
    if changes < 0.25 and known_by != "bank":
        _edit(rng, rng.choice(quiz))
    elif changes < 0.5 and known_by in ("text", "ident"):
        _make_again(rng, rng.choice(quiz))
    style = random_style(rng)
    header_points = "1.0" if rng.random() < 0.1 else ""
    students = rng.randint(1, 12)
    names = [f"{rng.choice(NAMES)} {number}" for number in range(students)]
    if rng.random() < 0.15:
        names[-1] = names[0]  # two people of one name
    test_student = None
    if rng.random() < 0.15:
        test_student = len(names)
        names.append(rng.choice(TEST_NAMES))
    most = 4 if style.attempt else 1
    order = [who for who in range(len(names)) for _ in range(rng.randint(1, most))]
    rng.shuffle(order)
    changed = rng.randint(0, len(order))
    pool = rng.randint(1, len(quiz)) if rng.random() < 0.4 else len(quiz)
    rows: list[Row] = []
    for minute, who in enumerate(order):
        attempt = 1 + sum(row.student == who for row in rows)
        new = minute >= changed
        rows.append(_row(rng, quiz, Row(who, attempt, minute, {}), new, pool, header_points))
    if rng.random() < 0.12:
        rng.choice(rows).cut_at = -1  # the export sees how many cells there are to be cut
    styles = [style]
    if style.attempt and rng.random() < 0.15:
        second = random_style(rng)
        styles.append(Style(**{**vars(second), "attempt": True, "sis": style.sis}))
    return RandomClass(
        quiz, rows, names, test_student, changed, styles, rng.randint(0, len(order)),
        rng.choice(RULES), known_by, header_points,
        [77, 78][: rng.randint(1, 2)] if rng.random() < 0.2 and known_by != "bank" else [],
        rng.random() < 0.1, rng.random() < 0.2,
    )  # fmt: skip


def _question(rng: random.Random, number: int) -> Question:
    made = random_question(rng)
    stem = rng.choice(STEMS).format(number)
    column = Column(1000 * number + rng.randint(100, 999), stem, (made,))
    right = _some_right(rng, made)
    canvas_right = _some_right(rng, made) if rng.random() < 0.05 else right
    points = rng.choice(["0.3", "0.4", "1", "0.25"])
    void = rng.random() < 0.05
    return Question(f"q{number:02d}", made.kind, points, right, canvas_right, [column], void)


def _some_right(rng: random.Random, made: Made) -> Ticks:
    if made.kind == "pair":
        places = ((n, rng.randrange(len(texts))) for n, texts in enumerate(made.lists))
        return frozenset(places)
    count = len(made.lists[0])
    most = 1 if made.kind == "single" else count
    return frozenset((0, at) for at in rng.sample(range(count), rng.randint(1, most)))


def _edit(rng: random.Random, question: Question) -> None:
    (column,) = question.columns
    (made,) = column.wordings
    question.columns = [Column(column.canvas_id, column.stem, (made, edited(rng, made)))]


def _make_again(rng: random.Random, question: Question) -> None:
    (column,) = question.columns
    (made,) = column.wordings
    again = edited(rng, made) if rng.random() < 0.5 else made
    stem = rng.choice([column.stem, f"{column.stem} (mended)"])
    question.columns.append(Column(column.canvas_id + 50_000, stem, (again,)))


def _row(
    rng: random.Random, quiz: Sequence[Question], row: Row, new: bool, pool: int, header_points: str
) -> Row:
    drawn = rng.sample([question.id for question in quiz], pool)
    for question in quiz:
        row.ticks[question.id] = None
        if question.id not in drawn:
            continue
        column = question.columns[-1 if new else 0]
        made = column.wordings[-1 if new else 0]
        ticks = question.right if rng.random() < 0.4 else random_ticks(rng, made)
        full = float(header_points or question.points)
        points = full * float(canvas_share(question, ticks))
        row.shown[question.id] = Shown(column, ticks, cell(rng, made, ticks), points)
        row.ticks[question.id] = ticks
    row.fudge = rng.choice([0.0, 0.0, -0.15])
    return row


def canvas_share(question: Question, ticks: Ticks) -> Fraction:
    """The share of its points that Canvas pays, by Canvas' own key."""
    k = len(question.canvas_right)
    hits, wrong = len(ticks & question.canvas_right), len(ticks - question.canvas_right)
    return Fraction(max(hits - wrong, 0) if question.kind == "several" else hits, k)
