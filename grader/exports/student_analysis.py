"""The Student Analysis CSV of a Canvas quiz, as NTU COOL exports it."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path

from grader.csv_files.records import DELIMITERS, CsvRecords, Record, read_header
from grader.exports import ExportFormat, NoFormatError, ReadingContext
from grader.exports.analysis_cells import AnalysisColumn, one_cell_each
from grader.exports.analysis_columns import ColumnMatcher, ShownTogether, Wordings, how_matched
from grader.exports.analysis_layout import QuestionColumn, is_student_analysis, layout_of
from grader.exports.fields import attempt_number, canvas_score, moment_of, student_fault
from grader.quizzes.texts import OtherItem
from grader.student_ids.id_systems import IdSystem
from grader.student_ids.person_columns import LISTED_IDS
from grader.submissions import NOT_SHOWN, ReadRow, Reject, Student, Submission
from grader.table.answers import TEXT_SHOWN
from solver.errors import ExportError

SAMPLE_ROWS = 200


class StudentAnalysis:
    """One Student Analysis CSV.

    Args:
        path: the file.
        wordings: every wording of every question of the key, in the key's order.
        graded: ids of the questions to read (others are matched and passed over).
        skip: Canvas' ids of columns to pass over.
        others: items of the quiz that are no questions of the key; their columns are passed over.
        allow_missing: take questions without a column as not shown.

    Attributes:
        delimiter, layout: how the file is written, and which column is which.
        columns: the questions' columns that are read, in the order of the file.
        remade: whether a question has more than one, since it was deleted and made again.
        person_at, submitted_at, attempt_at: columns of the person's fields (id, name, section,
            section_id and, where there is one, sis_id), of the time and of the attempt (None:
            there is none).
    """

    id_system: IdSystem = "canvas"

    def __init__(
        self,
        path: Path,
        wordings: Wordings,
        graded: Sequence[str],
        *,
        skip: Collection[str] = (),
        others: Sequence[OtherItem] = (),
        allow_missing: bool = False,
    ) -> None:
        self.source = path.name
        self.notes: list[str] = []
        self.path = path
        self._graded = tuple(graded)
        self.delimiter, header = _delimiter_and_header(path)
        sample = self._sample(len(header))
        self.layout = layout_of(header, sample, path)
        columns = [each for each in self.layout.questions if each.canvas_id not in skip]
        matcher = ColumnMatcher(columns, wordings, others, _together_in(sample))
        matched = matcher.match(path, allow_missing=allow_missing)
        self.notes.append(how_matched(matched, matcher.passed_over))
        if self.layout.passed_over:
            said = ", ".join(self.layout.passed_over)
            self.notes.append(f"passed over, as Canvas does not write it: {said}")
        self.columns = [AnalysisColumn(each) for each in matched if each.question in self._graded]
        self.remade = len({column.question for column in self.columns}) < len(self.columns)
        self._refuse_damaged(sample)
        self._begin()

    def _begin(self) -> None:
        """Set up the readers that rows share."""
        fields = self.layout.fields
        person = [fields[name] for name in ("id", "name", "section", "section_id")]
        self.person_at = [*person, *([fields["sis_id"]] if "sis_id" in fields else [])]
        self.submitted_at = fields["submitted"]
        self.attempt_at = fields.get("attempt")

    def _refuse_damaged(self, sample: Sequence[Sequence[str]]) -> None:
        """Refuse a file that another program wrote anew, whose other cells may be wrong unseen."""
        for column in self.columns:
            # Each text of the sample once: to look for damage takes longer than to read a cell.
            for cell in dict.fromkeys(row[column.at] for row in sample):
                damage = column.damage(cell)
                if damage is not None and damage.certain:
                    raise ExportError(
                        f"in the column of {column.question} stands {cell[:60]!r}; "
                        + damage.sentence,
                        path=self.path,
                        place=f"column {column.at + 1}",
                    )

    def _sample(self, width: int) -> list[list[str]]:
        records = CsvRecords(self.path, self.delimiter).read(width)
        rows = (record.cells for record in records if record.cells is not None)
        # From 1: the first record is the header.
        return list(islice(rows, 1, SAMPLE_ROWS + 1))

    def rows(self) -> Iterator[ReadRow]:
        """Yield each row under the header, read or refused."""
        records = CsvRecords(self.path, self.delimiter).read(self.layout.width)
        next(records, None)
        yield from map(self.row, records)

    def row(self, record: Record) -> ReadRow:
        """Return a record's row, read or refused."""
        line, cells, text, reason = record
        if cells is None:
            return self._refused_row(line, text, reason, self._seems(text))
        student = Student(*[cells[at].strip() for at in self.person_at])
        if fault := student_fault(student.id):
            text = ", ".join(cell for cell in cells[: len(self.layout.fields)] if cell)
            return self._refused_row(line, text, fault)
        return self._submission(line, cells, student)

    def _refused_row(self, line: int, text: str, reason: str, student: str = "") -> ReadRow:
        reject = Reject(self.source, line, student, "", text[:TEXT_SHOWN], reason)
        return ReadRow(None, (reject,))

    def _seems(self, text: str) -> str:
        """Return the id of the student whose row this seems to be, "" if that cannot be told."""
        # The cells before the damage are whole where the id and the sections' ids are numbers.
        cells = next(csv.reader([text[:TEXT_SHOWN]], delimiter=self.delimiter), [])
        if max(self.person_at[:4]) >= len(cells):
            return ""
        student, sections = (cells[self.person_at[at]] for at in (0, 3))
        whole = student.isascii() and student.isdigit() and LISTED_IDS.match(sections)
        return student if whole else ""

    def _submission(self, line: int, cells: list[str], student: Student) -> ReadRow:
        met = [
            (column.question, column.read(cells[column.at], cells[column.at + 1]))
            for column in self.columns
        ]
        if self.remade:
            met = one_cell_each(met)
        rejects = [each for name, cell in met for each in cell.rejects(name)]
        number = "" if self.attempt_at is None else cells[self.attempt_at]
        attempt, wrong_attempt = attempt_number(number)
        submitted, wrong_time = moment_of(cells[self.submitted_at])
        score, wrong_score = canvas_score(cells[self.layout.score])
        if wrong_attempt or wrong_time or wrong_score:
            texts = number, cells[self.submitted_at], cells[self.layout.score]
            reasons = wrong_attempt, wrong_time, wrong_score
            rejects += [("", text, why) for text, why in zip(texts, reasons, strict=True) if why]
        found = dict(met)
        submission = Submission(
            student,
            attempt,
            submitted,
            {name: found[name].response if name in found else NOT_SHOWN for name in self._graded},
            {name: found[name].points if name in found else None for name in self._graded},
            score,
            self.source,
            line,
        )
        if not rejects:
            return ReadRow(submission)
        return ReadRow(
            submission,
            tuple(
                Reject(self.source, line, student.id, question, text[:TEXT_SHOWN], reason)
                for question, text, reason in rejects
            ),
        )


def _together_in(sample: Sequence[Sequence[str]]) -> ShownTogether:
    """Return whether two columns are filled in one row of some; with no rows they are not."""

    def together(one: QuestionColumn, other: QuestionColumn) -> bool:
        return any(
            all(row[column.at].strip() or row[column.at + 1].strip() for column in (one, other))
            for row in sample
        )

    return together


def _delimiter_and_header(path: Path) -> tuple[str, list[str]]:
    for delimiter in DELIMITERS:
        header = read_header(path, delimiter)
        if is_student_analysis(header):
            return delimiter, header
    raise NoFormatError(
        'has no question columns ("NUMBER: text", then its points)',
        path=path,
        place="line 1",
        mend="Give the Student Analysis CSV from the quiz's statistics page.",
    )


def _opened(path: Path, context: ReadingContext) -> StudentAnalysis:
    return StudentAnalysis(
        path,
        context.wordings,
        [question.id for question in context.questions],
        skip=context.skip_columns,
        others=context.others,
        allow_missing=context.allow_missing,
    )


# A file that has no other format is opened as this one, whose errors name what it lacks.
FORMAT = ExportFormat(
    "the Student Analysis CSV from the quiz's statistics page",
    lambda path: True,
    _opened,
    last=True,
)
