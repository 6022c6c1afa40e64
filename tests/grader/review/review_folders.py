"""A key with seven contested questions, its bank in a folder, and a graded class of 150."""

from __future__ import annotations

from pathlib import Path

from grader.runs.grading import Rules
from grader.runs.record import FORMAT, RunData, write_answers, write_run
from grader.runs.results import write_results
from grader.scoring.accepted_answers import scored_questions
from grader.table.graded import GradedClass
from solver.banks.bank import GIVEN, Bank, load_bank
from solver.evidence import Evidence, save_evidence
from solver.key import Flips, Key, save_key
from tests.grader.made.bank_files import write_bank
from tests.grader.made.made_classes import graded, made_bank, made_key, made_submissions

CONTESTED = ("q01", "q02", "q03", "q04", "q05", "q06", "q07")


def contested_key(bank: Bank, seed: int = 3) -> Key:
    """A made-up key whose first seven questions are contested, the first one most."""
    key = made_key(bank, seed)
    entries = []
    for at, entry in enumerate(key.questions):
        if entry.id in CONTESTED:
            flips = Flips(share=(9 - at) / 10)
            first = entry.options[0].model_copy(update={"flips": flips})
            entry = entry.model_copy(update={"options": [first, *entry.options[1:]]})
        entries.append(entry)
    return key.model_copy(update={"questions": entries})


def folders(place: Path, students: int = 150) -> tuple[Bank, Path, Path]:
    """Return the bank, and the folders of a key and of a run that was graded with it."""
    for path in write_bank(made_bank(10), place / "bank").glob("*.yaml"):
        path.write_text(path.read_text("utf-8").replace("rule: t.r", f"rule: {GIVEN}"), "utf-8")
    bank = load_bank(place / "bank")
    key = contested_key(bank)
    (place / "key").mkdir()
    save_key(key, place / "key" / "key.yaml")
    save_evidence(Evidence(), place / "key" / "evidence")
    questions = scored_questions(key, bank)
    made = graded(questions, made_submissions(questions, students, 5))
    return bank, place / "key", write_graded(made, key, bank, place / "run")


def write_graded(made: GradedClass, key: Key, bank: Bank, run: Path) -> Path:
    """Write the folder of a run that graded this class; return it."""
    run.mkdir()
    data = RunData(
        format=FORMAT,
        questions=[question.id for question in made.questions],
        left_out=[],
        policy=Rules().policy,
        attempts=Rules().attempts,
        deadline=None,
        exports=[],
        bank_sha256=bank.sha256,
        pseudonyms=False,
        notes=[],
    )
    write_run(run, data, key, write_answers(run, data["exports"], made.used.table))
    write_results(made, run, bank, key, pages=False, reveal=False)
    return run
