"""The ten questions on BERT, decided on the demo from beginning to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from solver.banks.bank import Bank, load_bank
from solver.bundle.bundle import load_bundle
from solver.evidence import load_evidence
from solver.explain.run.runner import run_explanations
from solver.files.resources import data_folder, shipped_bank
from solver.key import dump_key
from solver.page.figures.registry import figure_html
from solver.pipeline.make_key import MadeKey, decide, needed_records, planned, settings_for
from solver.rules.registry import PlannedQuestion

ASKED = [f"q{number}" for number in range(21, 31)]


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank(shipped_bank())


@pytest.fixture(scope="module")
def questions(bank: Bank) -> list[PlannedQuestion]:
    return planned(bank, ASKED)


@pytest.fixture(scope="module")
def saved(
    bank: Bank, questions: list[PlannedQuestion], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of evidence of a whole run."""
    folder = tmp_path_factory.mktemp("evidence")
    demo = load_bundle(data_folder("demo"))
    run_explanations(needed_records(questions), demo, settings_for(bank), folder=folder)
    return folder


@pytest.fixture(scope="module")
def made(bank: Bank, questions: list[PlannedQuestion], saved: Path) -> MadeKey:
    return decide(bank, questions, load_evidence(saved))


def test_every_question_is_decided_with_as_many_answers_as_its_kind_takes(made: MadeKey) -> None:
    assert [question.id for question in made.key.questions] == ASKED
    for question in made.key.questions:
        assert question.state == "decided", (question.id, question.lacks)
        assert question.points == 0.4 or str(question.points) == "0.4"
        if question.kind == "single":
            assert len(question.correct) == 1, question.id
        elif question.kind == "pair":
            assert set(question.correct) == {"a", "b"}, question.id
        else:
            assert question.correct, question.id


def test_a_measured_drop_down_has_its_value_among_others(made: MadeKey) -> None:
    question = next(one for one in made.key.questions if one.id == "q22")
    choices = [option for option in question.options if option.blank == "b"]
    numbers = [float(option.text or "nan") for option in choices]
    assert numbers == sorted(numbers) and len(set(numbers)) == len(numbers) >= 3
    (right,) = [option for option in choices if option.holds]
    assert float(right.text or "nan") == pytest.approx(float(right.value or 0), abs=5e-4)


def test_deciding_again_gives_the_same_bytes(
    bank: Bank, questions: list[PlannedQuestion], saved: Path, made: MadeKey
) -> None:
    again = decide(bank, questions, load_evidence(saved))
    assert dump_key(again.key) == dump_key(made.key)


def test_every_figure_is_drawn(made: MadeKey) -> None:
    for identifier, figures in made.figures.items():
        assert figures, identifier
        for figure in figures:
            assert 'class="note"' not in str(figure_html(figure, made.evidence)), identifier


def test_every_verdict_says_its_measure_in_both_languages(made: MadeKey) -> None:
    for question in made.key.questions:
        for option in question.options:
            assert option.sentence.en and option.sentence.zh_hant
            assert option.sentence.en != option.sentence.zh_hant
            assert option.value is not None and option.unit
