"""Notebooks, tagged corpora, and the record of a grading run."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from grader.runs.grade_run import run_job
from grader.runs.grading import grade_table
from grader.runs.job import Job
from grader.runs.record import read_run
from grader.scoring.accepted_answers import scored_questions
from solver.bundle.bert_materials import load_materials
from solver.bundle.init import bert_file_from, dump_bert_file
from solver.bundle.notebook import read_notebook
from solver.bundle.tagged_corpus import load_corpus
from solver.errors import Hw9Error
from tests.fuzz.format import Format, Mutant, check_line
from tests.fuzz.mutations.byte_mutations import damaged
from tests.fuzz.mutations.yaml_mutations import ODD_VALUES, _changed
from tests.grader.campaigns.former_run import write_former_run
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.bank_files import as_quiz, write_bank_and_key

READING = '''
"""A docstring. What is it for, and why? It is a text of many words."""
!pip install transformers
questions = ["When was the mill built?", "What is Ida afraid of?"]
contexts = ["The old mill stands by the river. It was built in 1790 by two brothers, and "
            "it still grinds rye.",
            "Geese are afraid of dogs. Dogs are afraid of bees. Ida is a goose. Otto is a bee."]
answers = ["1790", "dogs"]
'''
EMBEDDING = """
places = [4, 2, 0]
sentences = ["昨天吃了蘋果", "蘋果蘋果都漲了", "蘋果電腦壞了"]
"""
ODD_CODE = [
    "x = " + "(" * 300, "x = " + "[" * 5000, "-" * 10_000 + "1", "x = 1" + "0" * 5000, "'\\d'",
    "f'{x!z}'",
    "x = '\\ud800 蘋果'", "import os; os.system('touch was-run')",
    "\x00", "def f(:", "x = b'\\xff'",
    "'蘋果' * 10**9", "\t\n  x", "print 'x'", "async def f(): await x", "x: int = '蘋果'",
    "(" * 90 + ")" * 90,
    "s = '''蘋果", "match x:\n case 1: pass", "%%bash\nrm -rf x", "!" * 1000,
    "'" + "蘋果" * 50_000 + "'",
    "a = " + "+".join(["'蘋果'"] * 3000), "1 if 1 else " * 3000 + "1", "x = 0777", "1_000", "is 1",
    "5 is 5",
    "assert (1, 'x')", "'a' 'b' '蘋果'", "lambda: " * 3000 + "1",
    "[0]." * 3000 + "x", "x = 1if 1else 2",
]  # fmt: skip


class Notebooks(Format):
    """The course's notebook, read for its literals."""

    name = "notebook"
    share = 14

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        cells = [
            {"cell_type": "markdown", "source": ["What is a question in the text?"]},
            {"cell_type": "code", "source": READING.splitlines(True), "outputs": []},
            {"cell_type": "code", "source": EMBEDDING, "outputs": []},
        ]
        self.document = {"cells": cells, "nbformat": 4, "metadata": {}}
        self.seeds = [json.dumps(self.document).encode()]

    def mutant(self, rng: random.Random) -> Mutant:
        kind = rng.random()
        document = json.loads(self.seeds[0])
        if kind < 0.12:
            text = json.dumps(
                document, indent=rng.choice([None, 2]), ensure_ascii=rng.random() < 0.5
            )
            return Mutant(text.encode(), "written anew", "same")
        if kind < 0.40:
            made, how = _changed(document, rng)
            return Mutant(_as_json(made), how)
        if kind < 0.70:
            cell = {"cell_type": "code", "source": rng.choice(ODD_CODE)}
            document["cells"].insert(rng.randrange(4), cell)
            return Mutant(_as_json(document), f"a cell {str(cell['source'])[:30]!r}")
        if kind < 0.80:
            source, how = damaged(READING.encode(), rng)
            document["cells"][1]["source"] = source.decode("utf-8", "replace")
            return Mutant(_as_json(document), f"code: {how}")
        if kind < 0.95:
            return Mutant(*damaged(self.seeds[0], rng))
        how = rng.choice(["deep", "number", "UTF-16", "empty", "long"])
        data = {
            "deep": b"[" * 100_000, "number": b'{"cells": ' + b"9" * 10_000 + b"}",
            "UTF-16": self.seeds[0].decode().encode("utf-16"), "empty": b"",
            "long": b'"' + b"x" * 10_000_000,
        }[how]  # fmt: skip
        return Mutant(data, how, "refused")

    def read(self, data: bytes) -> Any:
        path = self.written(data, "HW.ipynb")
        found = read_notebook(path)
        assert not (self.folder / "was-run").exists() and not Path("was-run").exists()
        made = bert_file_from(found, {}, path)
        (self.folder / "bert.yaml").write_text(dump_bert_file(made), "utf-8")
        assert load_materials(self.folder).file == made, "written and read again it is another"
        return found.items, found.sentences


class Corpora(Format):
    """A tagged corpus."""

    name = "corpus"
    share = 4

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seeds = [b"# words\nThe\tDET\ngeese\tNOUN\n.\tPUNCT\n\nIda\tPROPN\nruns\tVERB\n"]

    def mutant(self, rng: random.Random) -> Mutant:
        if rng.random() < 0.15:
            data = self.seeds[0].replace(
                b"\n", rng.choice([b"\r\n", b"\n"])
            ) + b"\n" * rng.randrange(4)
            return Mutant(rng.choice([b"", b"\xef\xbb\xbf"]) + data, "written anew", "same")
        return Mutant(*damaged(self.seeds[0], rng))

    def read(self, data: bytes) -> Any:
        corpus = load_corpus(self.written(data, "corpus.tsv"))
        assert all(len(each.words) == len(each.tags) >= 1 for each in corpus)
        return corpus

    def check_refusal(self, mutant: Mutant, refusal: Hw9Error) -> None:
        super().check_refusal(mutant, refusal)
        check_line(refusal, mutant.data)


class RunRecords(Format):
    """``run.json`` and ``rows.jsonl`` of a run of the former format, graded again.

    An input begins with its file's name.
    """

    name = "run record"
    share = 10

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.bank, key = write_bank_and_key(folder, 6, 3)
        rng = random.Random(2)
        quiz = as_quiz(self.bank, key)
        export = folder / "export.csv"
        rows = canvas.random_class(rng, quiz)
        export.write_bytes(canvas.export(rng, quiz, rows, canvas.Style()) + b"broken,row\n")
        self.run = folder / "run"
        run_job(Job([export], key, folder / "key.yaml", self.bank, self.run, pages=False))
        table = read_run(self.run).table()
        write_former_run(self.run, table)
        self.files = ("run.json", "rows.jsonl")
        self.wholes = [(self.run / name).read_bytes() for name in self.files]
        self.seeds = [
            name.encode() + b"|" + raw for name, raw in zip(self.files, self.wholes, strict=True)
        ]

    def mutant(self, rng: random.Random) -> Mutant:
        seed, kind = rng.randrange(2), rng.random()
        whole = self.wholes[seed]
        head = self.files[seed].encode() + b"|"
        if kind < 0.35:
            return Mutant(head + damaged(whole, rng)[0], "bytes", "any", seed)
        lines = (
            [json.loads(whole)] if seed == 0 else [json.loads(line) for line in whole.splitlines()]
        )
        at = rng.randrange(len(lines))
        if kind < 0.45:
            return Mutant(
                head + self._joined(lines, seed, indent=None), "written anew", "same", seed
            )
        if kind < 0.9:
            lines[at], how = _changed(lines[at], rng)
        else:
            lines[at], how = rng.choice(ODD_VALUES), "a line"
        return Mutant(head + self._joined(lines, seed), f"line {at + 1}: {how}", "any", seed)

    @staticmethod
    def _joined(lines: list[Any], seed: int, indent: int | None = 1) -> bytes:
        if seed == 0:
            return json.dumps(lines[0], indent=indent).encode("utf-8", "surrogatepass")
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        return text.encode("utf-8", "surrogatepass")

    def read(self, data: bytes) -> Any:
        name, raw = data.split(b"|", 1)
        path = self.run / name.decode()
        path.write_bytes(raw)
        try:
            record = read_run(self.run)
            questions = scored_questions(record.key, self.bank)
            known = tuple(each for each in questions if each.id in record.data["questions"])
            table = record.table()
            graded = grade_table(table, known, record.rules)
            assert graded.counts.read == len(table.frame)
            return [(each.student.id, each.total) for each in graded.used]
        finally:
            path.write_bytes(self.wholes[self.files.index(name.decode())])


def _as_json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
