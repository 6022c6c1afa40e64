"""What of a quiz is told to be in other words than the bank's."""

from __future__ import annotations

from pathlib import Path

from grader.quizzes.differences import differences
from grader.quizzes.texts import quiz_of_bank
from tests.solver.page.made_keys import bank_question, decided, made_bank, made_key, verdict


def test_numbers_that_only_a_key_offers_are_no_other_words(tmp_path: Path) -> None:
    bank = made_bank(tmp_path / "bank", [bank_question("q01", "pair")])
    numbers = [verdict("a", blank="fall", text="0.22"), verdict("b", blank="fall", text="0.44")]
    key = made_key(decided("q01", "pair", correct={"fall": "0.44"}, options=numbers))
    quiz, without = quiz_of_bank(bank, "en", key), quiz_of_bank(bank, "en")
    assert dict(quiz.questions[0].blanks)["fall"] and not dict(without.questions[0].blanks)["fall"]
    assert list(differences(quiz, without)) == []
    moved = [verdict("a", blank="fall", text="0.22"), verdict("b", blank="fall", text="0.5")]
    other = made_key(decided("q01", "pair", correct={"fall": "0.5"}, options=moved))
    (found,) = differences(quiz, quiz_of_bank(bank, "en", other))
    assert found.id == "q01" and found.options[0][1:] == ("", "0.44")
