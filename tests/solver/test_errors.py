"""An error is one line for a person, whatever a file put into it."""

from __future__ import annotations

import pickle
from pathlib import Path

from solver.errors import BankError, BundleError, printable


def test_what_does_not_print_is_written_as_python_escapes_it() -> None:
    said = str(BankError("the key '\x1b[2J\u202e\udcff' is not known", path=Path("a\nb.yaml")))
    assert said.isprintable()
    assert "\\x1b[2J\\u202e\\udcff" in said and "a\\nb.yaml" in said


def test_other_writings_stay_as_they_are() -> None:
    assert printable("紅色：食物 é ü — “x”") == "紅色：食物 é ü — “x”"


def test_a_long_sentence_keeps_its_beginning_and_its_mend() -> None:
    said = str(BankError("x" * 1_000_000, path="bank.yaml", mend="Shorten it."))
    assert len(said) < 2100
    assert said.startswith("bank.yaml: xxx") and said.endswith("Shorten it.")


def test_an_error_from_another_process_says_the_same() -> None:
    problem = BundleError("is torn", path=Path("a.pth"), place="fc", mend="Copy it.", zh="已損壞")
    there = pickle.loads(pickle.dumps(problem))
    assert (str(there), there.in_both, there.path) == (str(problem), problem.in_both, problem.path)
