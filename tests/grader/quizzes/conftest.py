"""The bank and key of thirty questions that the quizzes here are made of."""

from __future__ import annotations

import pytest

from solver.banks.bank import Bank
from solver.key import Key
from tests.grader.made.bank_files import with_distinct_blanks
from tests.grader.made.made_classes import made_bank, made_key


@pytest.fixture(scope="module")
def bank() -> Bank:
    return with_distinct_blanks(made_bank(30))


@pytest.fixture(scope="module")
def key(bank: Bank) -> Key:
    return made_key(bank)
