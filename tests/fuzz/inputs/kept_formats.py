"""What an earlier run of the grader left for the next: regrades, and tables of pseudonyms."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import zlib
from pathlib import Path
from typing import Any

from grader.key_changes.regrade_log import log_entries
from grader.runs.grade_run import run_job
from grader.runs.job import Job
from grader.runs.regrade_run import Regrade, Signature, plan_regrade, write_regrade
from grader.student_ids.pseudonyms import Pseudonyms
from grader.submissions import ReadRow, Student, Submission
from grader.table.answers import table_of_rows
from solver.key import dump_key
from tests.fuzz.format import Format, Mutant
from tests.fuzz.mutations.byte_mutations import damaged
from tests.fuzz.mutations.yaml_mutations import ODD_VALUES, _changed, mutated
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.bank_files import as_quiz, write_bank_and_key
from tests.grader.made.made_classes import overridden

WRITTEN = 12
"""One input in so many is regraded to its end."""
SIGNED = Signature("TA \u2028", "seen\u0085 twice, \u6210\u7e3e")


class RegradeRecords(Format):
    """``standing.json``, ``regrades.jsonl`` and ``key.yaml`` of a run regraded twice."""

    name = "regrade record"
    share = 6

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.bank, self.key = write_bank_and_key(folder, 6, 3)
        rng = random.Random(2)
        quiz = as_quiz(self.bank, self.key)
        export = folder / "export.csv"
        rows = [canvas.Row(n, 1, n, {q.id: canvas.random_ticks(rng, q) for q in quiz})
                for n in range(5)]  # fmt: skip
        export.write_bytes(canvas.export(rng, quiz, rows, canvas.Style()))
        self.run = folder / "run"
        run_job(Job([export], self.key, folder / "key.yaml", self.bank, self.run, pages=False))
        singles = [question.id for question in self.key.questions if question.kind == "single"]
        self.other = overridden(self.key, singles[0], ["a"])
        again = Regrade(self.run, self.other, self.bank, "both")
        write_regrade(plan_regrade(again), SIGNED)
        everybody = Regrade(self.run, None, self.bank, "everybody", [singles[-1]])
        write_regrade(plan_regrade(everybody), SIGNED)
        self.files = ("standing.json", "regrades.jsonl", "key.yaml")
        self.wholes = [(self.run / name).read_bytes() for name in self.files]
        self.seeds = [
            name.encode() + b"|" + raw for name, raw in zip(self.files, self.wholes, strict=True)
        ]

    def mutant(self, rng: random.Random) -> Mutant:
        seed = rng.randrange(3)
        whole, name = self.wholes[seed], self.files[seed]
        head = name.encode() + b"|"
        if name == "key.yaml":
            made = mutated([whole], rng)
            return Mutant(head + made.data, f"{name}: {made.how}", made.expect, seed)
        if name == "regrades.jsonl":
            data, how, expect = _other_log(whole, rng)
        elif rng.random() < 0.15:
            text = json.dumps(json.loads(whole), indent=rng.choice([None, 3]))
            data, how, expect = text.encode(), "written anew", "same"
        elif rng.random() < 0.7:
            made_data, how = _changed(json.loads(whole), rng)
            data, expect = _as_json(made_data), "any"
        else:
            (data, how), expect = damaged(whole, rng), "any"
        return Mutant(head + data, f"{name}: {how}", expect, seed)

    def read(self, data: bytes) -> Any:
        name, raw = data.split(b"|", 1)
        path = self.run / name.decode()
        path.write_bytes(raw)
        try:
            return self._regraded(zlib.crc32(data) % WRITTEN == 0)
        finally:
            path.write_bytes(self.wholes[self.files.index(name.decode())])

    def _regraded(self, write: bool) -> Any:
        plan = plan_regrade(Regrade(self.run, self.key, self.bank, "current"))
        for side in (plan.before, plan.after):
            for each in side.used:
                known = [points for points in each.points.values() if points is not None]
                assert each.total == sum(known) <= each.possible
        if write:
            copy = self.folder / "copy"
            shutil.copytree(self.run, copy)
            try:
                self._written(copy)
            finally:
                shutil.rmtree(copy)
        totals = [
            [(each.student.id, each.total) for each in side.used]
            for side in (plan.before, plan.after)
        ]
        return totals, dump_key(plan.key), sorted(plan.standing)

    def _written(self, copy: Path) -> None:
        plan = plan_regrade(Regrade(copy, self.key, self.bank, "current"))
        write_regrade(plan, SIGNED)
        entries = log_entries(copy)
        assert [entry["number"] for entry in entries] == [1, 2, 3]
        assert entries[-1]["why"] == SIGNED.why
        again = plan_regrade(Regrade(copy, self.key, self.bank, "current"))
        assert [each.total for each in again.before.used] == [
            each.total for each in plan.after.used
        ], "what was regraded is not what is read back"


def _other_log(whole: bytes, rng: random.Random) -> tuple[bytes, str, Any]:
    """Another log: nothing of its first line may change, nor may a line be missing."""
    first, second = whole.splitlines(keepends=True)
    how = rng.choice(["first", "first", "second", "cut", "none", "order", "value", "value", "more"])
    if how == "first":
        made, how = damaged(first, rng)
        return made + second, f"line 1: {how}", "any" if made == first else "refused"
    if how == "second":
        made, how = damaged(second, rng)
        return first + made, f"line 2: {how}", "any"
    if how == "value":
        line = rng.randrange(2)
        entry, how = _changed(json.loads((first, second)[line]), rng)
        made = _as_json(entry) + b"\n"
        if line == 0:
            return made + second, f"line 1: {how}", "any" if made == first else "refused"
        return first + made, f"line 2: {how}", "any"
    lines = {
        "cut": first, "none": b"", "order": second + first,
        "more": whole + rng.choice([b"\n", b"{}\n", second, b"[" * 100_000 + b"\n"]),
    }  # fmt: skip
    return lines[how], how, "refused"


class PseudonymTables(Format):
    """A table of pseudonyms that the next run adds to."""

    name = "pseudonyms"
    share = 8
    STUDENTS = ("b1", "=1+1", "'b3", "\u738b", "a\u2028b", 'c"d\ne', "x" * 200)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "table.csv"
        table = Pseudonyms(self.path)
        self.names = [table.name_of(each) for each in self.STUDENTS]
        table.over(table_of_rows(map(_row, self.STUDENTS), []))
        self.seeds = [self.path.read_bytes()]

    def mutant(self, rng: random.Random) -> Mutant:
        whole, kind = self.seeds[0], rng.random()
        if kind < 0.15:
            rows = list(csv.reader(io.StringIO(whole.decode("utf-8-sig"), newline="")))
            text = io.StringIO(newline="")
            quoting = rng.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
            csv.writer(text, lineterminator=rng.choice(["\n", "\r\n"]), quoting=quoting).writerows(
                [*rows[:2], *rng.sample(rows[2:], len(rows) - 2)]
            )
            mark = rng.choice([b"", b"\xef\xbb\xbf"])
            return Mutant(mark + text.getvalue().encode(), "written anew", "same")
        if kind < 0.45:
            return Mutant(*damaged(whole, rng))
        rows = list(csv.reader(io.StringIO(whole.decode("utf-8-sig"), newline="")))
        how = rng.choice(["key", "pseudonym", "student", "swap", "cell", "out", "header", "short"])
        at = rng.randrange(2, len(rows))
        expect: Any = "refused"
        if how == "key":
            rows[1][1] = rng.choice(
                ["", "00", "x" * 32, "0" * 32, rows[1][1] + "00", "\uff10" * 32]
            )
        elif how in ("pseudonym", "student"):
            rows[at][how == "student"] = rng.choice(["", "p", rows[at - 1][0], "=x", "\u202e"])
        elif how == "swap":
            other = 2 + (at - 1) % (len(rows) - 2)
            rows[at][0], rows[other][0] = rows[other][0], rows[at][0]
        elif how == "cell":
            rows[at][rng.randrange(2, 5)] = str(rng.choice(ODD_VALUES)).replace("\ud7ff", "")
            expect = "same"
        elif how == "out":
            del rows[at]
            expect = "same"
        elif how == "header":
            rows[rng.randrange(2)][rng.choice([0, 0, 0])] = rng.choice(["", "x", "Pseudonym"])
        else:
            rows[at] = rows[at][:1]
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        return Mutant(text.getvalue().encode("utf-8", "replace"), how, expect)

    def read(self, data: bytes) -> Any:
        self.path.write_bytes(data)
        table = Pseudonyms(self.path)
        rows = table_of_rows(map(_row, (*self.STUDENTS, "new")), [])
        shown = table.over(rows).frame["student"].to_list()
        again = Pseudonyms(self.path)
        assert shown == [again.name_of(each) for each in (*self.STUDENTS, "new")]
        kept = csv.reader(io.StringIO(self.path.read_text("utf-8-sig"), newline=""))
        listed = [row[0] for row in list(kept)[2:] if row]
        assert set(shown) <= set(listed), "a student is not in the table"
        return shown


def _row(student: str) -> ReadRow:
    who = Student(student, name="A. Name", section="S")
    return ReadRow(Submission(who, 1, None, {}, {}, None, "export.csv", 2), ())


def _as_json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
