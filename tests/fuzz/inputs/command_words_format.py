"""What a person types beside files: names, dates, reasons, numbers, after every command."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

from click import ClickException
from click.testing import CliRunner

from grader.cli import hw9
from grader.key_changes.regrade_log import log_entries
from grader.quizzes.qti_write import package_bytes, quiz_to_write
from grader.runs.grade_run import run_job
from grader.runs.job import Job
from solver.errors import Hw9Error
from solver.evidence import Evidence, save_evidence
from solver.key import load_key, save_key
from tests.fuzz.format import Format, Mutant
from tests.fuzz.made_evidence import made_record
from tests.fuzz.mutations.byte_mutations import TOKENS
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.bank_files import as_quiz, write_bank_and_key
from tests.grader.made.made_classes import overridden

BREAK = "\x1f"
"""Between the words of an input; no word may hold it."""
COMMANDS = {
    "grade": ["export.csv", "--key", "key.yaml", "--bank", "questions", "--out", "scores",
              "--no-pages"],
    "regrade": ["run", "--key", "new.yaml", "--bank", "questions", "--how", "both"],
    "key": ["--evidence", "evidence", "--only", "q14", "--out", "key"],
    "override": ["q01", "--void", "--key", "own.yaml"],
    "import-qti": ["quiz.zip", "--bank", "questions", "--out", "quiz.yaml", "--yes"],
    "check": ["me.yaml", "--key", "key.yaml", "--bank", "questions"],
}  # fmt: skip
OPTIONS = {
    "grade": ["--deadline", "--skip-column", "--attempts", "--policy", "--jobs", "--column"],
    "regrade": ["--by", "--why", "--when", "--question", "--how", "--column"],
    "key": ["--only", "--stability", "--reseed", "--jobs", "--device"],
    "override": ["--why", "--by", "--correct"],
    "import-qti": ["--title"],
    "check": ["--language"],
}
WORDS = [
    "", " ", "q01", "q14", "q14,q14", "q14,,", ",", "q99", "latest", "2026-04-23 23:59 +0800",
    "2026-04-23", "0000-00-00 00:00 UTC", "9999-12-31 23:59 -1200", "2026-02-30 10:00 Z",
    "1e5", "-1", "0", "99999999999999999999", "NaN", "=HYPERLINK(1)", "<script>alert(1)</script>",
    "{{ 7 * 7 }}", "\u202eab", "a\u2028b\u0085c", "\ud800", "\udcff", "x" * 100_000, "../../x",
    "/etc/passwd", "\x1b[2J", "a\nb\r\nc", "é", "成績", "--write", "-", "@file", "%s%n", "en",
]  # fmt: skip


class CommandWords(Format):
    """A command with one or two odd words among those it takes."""

    name = "command words"
    share = 5
    pathless = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        bank, key = write_bank_and_key(folder, 6, 3)
        single = next(q.id for q in key.questions if q.kind == "single")
        save_key(overridden(key, single, ["a"]), folder / "new.yaml")
        quiz, rng = as_quiz(bank, key), random.Random(2)
        rows = [canvas.Row(n, 1, n, {q.id: canvas.random_ticks(rng, q) for q in quiz})
                for n in range(4)]  # fmt: skip
        export = folder / "export.csv"
        export.write_bytes(canvas.export(rng, quiz, rows, canvas.Style()))
        run_job(Job([export], key, folder / "key.yaml", bank, folder / "whole", pages=False))
        record = made_record("module/6")
        save_evidence(Evidence({record.id: record}), folder / "evidence")
        (folder / "quiz.zip").write_bytes(package_bytes(quiz_to_write(bank, "en", key)))
        (folder / "me.yaml").write_text(f"answers: {{{single}: a}}\n", "utf-8")
        self.seeds = [BREAK.join([name, *words]).encode() for name, words in COMMANDS.items()]

    def mutant(self, rng: random.Random) -> Mutant:
        seed = rng.randrange(len(self.seeds))
        name = list(COMMANDS)[seed]
        if rng.random() < 0.05:
            return Mutant(self.seeds[seed], f"{name} as it is", "same", seed)
        odd: list[str] = []
        for _ in range(rng.choice([1, 1, 2])):
            word = rng.choice(WORDS)
            if rng.random() < 0.3:
                word += rng.choice(TOKENS).decode("utf-8", "surrogateescape")
            odd += [rng.choice(OPTIONS[name]), word]
        if name == "regrade":
            odd += ["--write", *(["--by", "TA"] if "--by" not in odd else [])]
            odd += ["--why", "seen"] if "--why" not in odd else []
        # No system hands a word with a NUL to a program.
        words = [word.replace(BREAK, "").replace("\0", "") for word in odd]
        said = BREAK.join([name, *COMMANDS[name], *words])
        how = f"{name}: {' '.join(word[:20] for word in words)!r}"
        return Mutant(said.encode("utf-8", "surrogatepass"), how, "any", seed)

    def read(self, data: bytes) -> Any:
        name, *words = data.decode("utf-8", "surrogatepass").split(BREAK)
        self._begin(name)
        places = [str(self.folder / word) if word in PLACES else word for word in words]
        command = {"override": ["key", "override"], "import-qti": ["bank", "import-qti"]}
        done = CliRunner().invoke(
            hw9, [*command.get(name, [name]), *places], standalone_mode=False, catch_exceptions=True
        )
        if isinstance(done.exception, ClickException):
            self._as_before(name)
            raise Hw9Error(done.exception.format_message())
        if done.exception is not None:
            if isinstance(done.exception, Hw9Error):
                self._as_before(name)
            raise done.exception
        self._check_written(name)
        return name

    def _begin(self, name: str) -> None:
        for each in ("scores", "key", "run"):
            shutil.rmtree(self.folder / each, ignore_errors=True)
        shutil.copy(self.folder / "key.yaml", self.folder / "own.yaml")
        (self.folder / "quiz.yaml").unlink(missing_ok=True)
        if name == "regrade":
            shutil.copytree(self.folder / "whole", self.folder / "run")

    def _as_before(self, name: str) -> None:
        """A refused command has written nothing and left nothing lying about."""
        for each in ("scores", "key", "quiz.yaml"):
            assert not (self.folder / each).exists(), f"refused, and {each} is there"
        own, key = (self.folder / each for each in ("own.yaml", "key.yaml"))
        assert own.read_bytes() == key.read_bytes(), "refused, and the key is another"
        if name == "regrade":
            assert _bytes(self.folder / "run") == _bytes(self.folder / "whole")
        hidden = [path.name for path in self.folder.iterdir() if path.name.startswith(".")]
        assert not hidden, hidden

    def _check_written(self, name: str) -> None:
        if name == "override":
            load_key(self.folder / "own.yaml")
        elif name == "regrade":
            assert len(log_entries(self.folder / "run")) <= 1
        elif name == "key":
            assert load_key(self.folder / "key" / "key.yaml")


PLACES = {word for words in COMMANDS.values() for word in words if "." in word}
PLACES |= {"questions", "scores", "run", "evidence", "key"}


def _bytes(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}
