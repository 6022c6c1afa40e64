"""Exports, plain CSVs and gradebooks: rows unharmed by what is wrong elsewhere, none lost."""

from __future__ import annotations

import csv
import io
import random
import shutil
import zlib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import grader.exports.blocks as blocks
from grader.csv_files.spans import cell_spans
from grader.exports import ReadingContext
from grader.exports.open import open_export
from grader.quizzes.texts import known_quizzes, wordings_by_question
from grader.runs.grade_run import run_job
from grader.runs.gradebook import Gradebook, score_text
from grader.runs.grading import Rules
from grader.runs.job import Job
from grader.scoring.accepted_answers import scored_questions
from grader.submissions import GradedSubmission, ReadRow, Refused, Student, Submission
from solver.errors import Hw9Error
from tests.fuzz.format import Format, Mutant, check_encoding
from tests.fuzz.mutations import csv_mutations as ways
from tests.fuzz.mutations.byte_mutations import damaged
from tests.fuzz.mutations.csv_mutations import Table
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.bank_files import as_quiz, write_bank_and_key
from tests.grader.made.gradebook_files import COOL
from tests.grader.made.made_classes import grade

RULES = ("highest", "latest", "first", "average")
WHOLE_RUN = 40
"""One in so many inputs is graded into a folder, files and all."""


class Submissions(Format):
    """A file of submissions, read and graded by itself, now and then by the whole program.

    The result is the list of rows read and what was graded of them.
    """

    suffix = ".csv"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.bank, self.key = write_bank_and_key(folder, 6, 3)
        self.questions = scored_questions(self.key, self.bank)
        wordings = wordings_by_question(known_quizzes(self.bank, self.key, []))
        self.context = ReadingContext(self.questions, wordings)
        self.tables = self._tables()
        self.seeds = [table.data() for table in self.tables]

    def _tables(self) -> list[Table]:
        raise NotImplementedError

    def read(self, data: bytes) -> Any:
        path = self.written(data, f"input{self.suffix}")
        crc = zlib.crc32(data)
        rules = Rules(attempts=RULES[crc % 4])
        export = open_export(path, self.context)
        rows = list(export.rows())
        graded = grade(iter(rows), self.questions, rules)
        check_conservation(rows, graded)
        if crc % WHOLE_RUN == 0:
            self._run_whole(path, rules, crc)
        return rows

    def _run_whole(self, path: Path, rules: Rules, crc: int) -> None:
        out = self.folder / "out"
        job = Job(
            [path], self.key, self.folder / "key.yaml", self.bank, out, rules, pages=crc % 8 == 0
        )
        try:
            # However small, a file is read in stretches, as a large one is.
            with mock.patch.object(blocks, "LEAST", 0):
                run_job(job)
            assert (out / "scores.csv").is_file() and (out / "rejects.csv").is_file()
        except Hw9Error:
            assert not out.exists(), "a refused run left its folder"
            raise
        finally:
            shutil.rmtree(out, ignore_errors=True)
        left = [each.name for each in self.folder.iterdir() if each.name.startswith(".")]
        assert not left, f"left behind: {left}"

    def mutant(self, rng: random.Random) -> Mutant:
        seed = rng.randrange(len(self.tables))
        table, kind = self.tables[seed], rng.random()
        if kind < 0.20:
            made, how = ways.rewritten(self._rearranged(table, rng), rng)
            return Mutant(made.data(), how, "same", seed)
        if kind < 0.35:
            made, row, how = ways.broken_row(table, rng)
            return Mutant(made.data(), how, "any", seed, ("refused", row))
        if kind < 0.60:
            made, row, _, how = ways.odd_cell(table, rng)
            return Mutant(made.data(), how, "any", seed, ("others", row))
        if kind < 0.70:
            data, row, how = ways.touched_bytes(table, rng)
            return Mutant(data, how, "any", seed, ("others", row))
        if kind < 0.85:
            made, how = ways.other_shape(table, rng)
            return Mutant(made.data(), how, "any", seed)
        if kind < 0.95:
            data, how = damaged(table.data(), rng)
            return Mutant(data, how, "any", seed)
        data, how = ways.other_file(table, rng)
        return Mutant(data, how, "refused", seed)

    def _rearranged(self, table: Table, rng: random.Random) -> Table:
        return table

    def check(self, mutant: Mutant, result: Any) -> None:
        bare = [plain(row) for row in result]
        known = [plain(row) for row in self.unmutated(mutant.seed)]
        if mutant.expect == "same":
            assert bare == known, "the meaning was kept, the rows are others"
        assert mutant.expect != "refused", f"this may not be taken: {bare!r:.300}"
        if mutant.note is None:
            return
        what, row = mutant.note
        assert len(bare) == len(known), f"{len(bare)} rows of {len(known)}"
        others = [at for at in range(len(known)) if at != row]
        assert all(bare[at] == known[at] for at in others), "another row was changed by it"
        if what == "refused":
            assert result[row].submission is None, f"row {row + 1} may not be taken"
            assert len(result[row].rejects) == 1 and result[row].rejects[0].reason

    def check_refusal(self, mutant: Mutant, refusal: Hw9Error) -> None:
        super().check_refusal(mutant, refusal)
        said = str(refusal)
        check_encoding(mutant, refusal)
        assert mutant.note is None, f"a row refused the whole file: {said}"


def plain(row: ReadRow) -> Any:
    """Return a row without the lines it stood on."""
    rejects = tuple(replace(each, line=0) for each in row.rejects)
    return (replace(row.submission, line=0) if row.submission else None), rejects


def check_conservation(rows: list[ReadRow], graded: Any) -> None:
    """Raise AssertionError if a row was lost or made, or sums disagree."""
    counts = graded.counts
    assert counts.read == len(rows) == counts.graded + counts.superseded + counts.rejected
    refused_rows = sum(row.submission is None for row in rows)
    assert refused_rows <= counts.rejected
    used = list(graded.used)
    assert sum(each.rows for each in used) == counts.graded
    ids = [each.student.id for each in used]
    assert len(set(ids)) == len(ids)
    known = {row.submission.student.id for row in rows if row.submission}
    assert set(ids) <= known
    for each in used:
        points = [value for value in each.points.values() if value is not None]
        if each.rows == 1:
            assert sum(points, Decimal(0)) == each.total
        assert 0 <= each.total <= each.possible or each.rows > 1
    cells = sum(
        isinstance(response, Refused)
        for row in rows
        if row.submission
        for response in row.submission.responses.values()
    )
    assert len(list(graded.rejects)) >= refused_rows + cells


class Exports(Submissions):
    """Student Analysis CSVs."""

    name = "export"
    share = 20

    def _tables(self) -> list[Table]:
        rng = random.Random(5)
        quiz = as_quiz(self.bank, self.key)
        tables = []
        for style in (canvas.Style(), canvas.Style(zh=True, sis=True, attempt=False, zone="+0800")):
            rows = canvas.random_class(rng, quiz, one_attempt=not style.attempt)
            while len(rows) < 5:
                rows += [replace_student(row, 50 + len(rows)) for row in rows[:1]]
            names = [f"王小明 {n}" if n % 2 else f"=x {n}" for n in range(60)]
            tables.append(as_table(canvas.export(rng, quiz, rows, style, names)))
        return tables

    def _rearranged(self, table: Table, rng: random.Random) -> Table:
        """Put the questions' pairs of columns into another order: they are known by their text."""
        if rng.random() < 0.6:
            return table
        first = next(
            at for at, cell in enumerate(table.rows[0]) if cell[:1].isdigit() and ":" in cell
        )
        pairs = list(range(first, len(table.rows[0]) - 3, 2))
        rng.shuffle(pairs)
        tail = range(len(table.rows[0]) - 3, len(table.rows[0]))
        order = [*range(first), *(at for pair in pairs for at in (pair, pair + 1)), *tail]
        return replace(table, rows=tuple(tuple(row[at] for at in order) for row in table.rows))


def replace_student(row: canvas.Row, student: int) -> canvas.Row:
    return canvas.Row(student, row.attempt, row.minute + student, row.ticks)


def as_table(data: bytes) -> Table:
    """Return a file's cells."""
    text = data.decode("utf-8-sig")
    rows = csv.reader(io.StringIO(text, newline=""))
    return Table(tuple(map(tuple, rows)))


class PlainCsvs(Submissions):
    """CSVs of option ids."""

    name = "plain CSV"
    share = 20

    def _tables(self) -> list[Table]:
        rng = random.Random(6)
        ids = [question.id for question in self.questions]
        tables = []
        for fields in ((), ("name", "section", "attempt", "submitted")):
            rows = [("student", *fields, *ids)]
            for number in range(6):
                known = {
                    "name": f"王 {number}", "section": "S", "attempt": "1",
                    "submitted": f"2026-04-09 10:0{number}:00 +0800",
                }  # fmt: skip
                cells = [self._cell(rng, question) for question in self.questions]
                rows.append((f"b0990{number}", *(known[each] for each in fields), *cells))
            tables.append(Table(tuple(rows), bom=False))
        return tables

    @staticmethod
    def _cell(rng: random.Random, question: Any) -> str:
        if question.kind == "pair":
            return "; ".join(f"{blank}={rng.choice(ids)}" for blank, ids in question.blanks)
        most = 1 if question.kind == "single" else len(question.options)
        return " ".join(sorted(rng.sample(question.options, rng.randint(1, most))))

    def _rearranged(self, table: Table, rng: random.Random) -> Table:
        order = list(range(len(table.rows[0])))
        if rng.random() < 0.4:
            rng.shuffle(order)
        return replace(table, rows=tuple(tuple(row[at] for at in order) for row in table.rows))

    def check(self, mutant: Mutant, result: Any) -> None:
        if mutant.note and "column" in mutant.how and "\n" in mutant.how:
            mutant = replace(mutant, note=None)
        super().check(mutant, result)


class Gradebooks(Format):
    """A gradebook with a column to fill: every other byte stays, or it is refused."""

    name = "gradebook"
    share = 20
    UPSTREAM = (
        "Student,ID,SIS User ID,SIS Login ID,Section,HW9 (1234),Total\n"
        ",,,,,Manual Posting,\n    Points Possible,,,,,10.0,(read only)\n"
        "Anna,101,u1,b1,S,,1\nBob,102,u2,b2,S,2.00,1\n"
    )

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seeds = [COOL.encode(), self.UPSTREAM.encode()]
        self.tables = [as_table(seed) for seed in self.seeds]
        self.graded = [_graded(str(number), total) for number, total in ((101, "9.7"), (102, "10"))]

    def mutant(self, rng: random.Random) -> Mutant:
        seed, kind = rng.randrange(2), rng.random()
        table = self.tables[seed]
        if kind < 0.15:
            made, how = ways.rewritten(table, rng)
            plain = made.delimiter != "\t" and "separator" not in how and "blank" not in how
            expect = "any" if not plain or "empty columns" in how else "same"
            return Mutant(made.data(), how, expect, seed)
        if kind < 0.30:
            made, _, how = ways.broken_row(table, rng)
            return Mutant(made.data(), how, "any", seed)
        if kind < 0.55:
            made, _, _, how = ways.odd_cell(table, rng)
            return Mutant(made.data(), how, "any", seed)
        if kind < 0.75:
            made, how = ways.other_shape(table, rng)
            return Mutant(made.data(), how, "any", seed)
        if kind < 0.94:
            data, how = damaged(self.seeds[seed], rng)
            return Mutant(data, how, "any", seed)
        data, how = ways.other_file(table, rng)
        return Mutant(data, how, "refused", seed)

    def read(self, data: bytes) -> Any:
        book = Gradebook(self.written(data, "grades.csv"), "HW9 (1234)")
        filled = book.fill(self.graded, skip_unknown=zlib.crc32(data) % 2 == 0)
        check_only_scores_changed(data, filled.content, self.graded)
        return filled.filled, filled.replaced, filled.kept, filled.points_possible

    def check_refusal(self, mutant: Mutant, refusal: Hw9Error) -> None:
        super().check_refusal(mutant, refusal)
        check_encoding(mutant, refusal)


def _graded(student: str, total: str) -> GradedSubmission:
    submission = Submission(Student(student), 1, None, {}, {}, None, "export.csv", 2)
    return GradedSubmission(submission, {}, Decimal(total), Decimal(10))


def check_only_scores_changed(before: bytes, after: bytes, graded: list[GradedSubmission]) -> None:
    """Raise AssertionError if another cell than a student's score is not byte for byte the same."""
    first = before.split(b"\n", 1)[0]
    delimiter = b";" if first.count(b";") > first.count(b",") else b","
    old, new = list(cell_spans(before, delimiter)), list(cell_spans(after, delimiter))
    assert len(old) == len(new)
    scores = {score_text(each.total).encode() for each in graded}
    changed = 0
    for one, two in zip(old, new, strict=True):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            cell_a, cell_b = before[a.start : a.end], after[b.start : b.end]
            if cell_a != cell_b:
                changed += 1
                assert cell_b in scores, f"{cell_a!r} became {cell_b!r}"
    assert changed <= len(graded)
