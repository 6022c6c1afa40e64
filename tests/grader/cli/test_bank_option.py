"""`--bank`: the year of an edition that ships, or a folder; never a file kept beside what ships."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import hw9
from grader.cli.banks.option import as_given, ships
from solver.banks.bank import load_bank
from solver.files.resources import DEFAULT_EDITION, shipped_bank, shipped_editions


def shown(*arguments: str) -> str:
    done = CliRunner().invoke(hw9, ["bank", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_year_is_a_bank_that_ships_and_none_is_the_default() -> None:
    assert list(shipped_editions()) == ["2021", "2022"]
    assert shown("check", "--bank", "2021") == shown("check")
    assert shown("check", "--bank", "2022") == shown("check", "--bank", str(shipped_bank("2022")))
    assert shown("check", "--bank", "2022") != shown("check")


def test_an_edition_is_named_in_its_bank() -> None:
    for edition, folder in shipped_editions().items():
        assert load_bank(folder).header.edition == edition
    assert shipped_bank() == shipped_editions()[DEFAULT_EDITION]


def test_a_folder_called_like_a_year_is_written_with_a_dot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(shipped_bank("2021"), tmp_path / "2022")
    monkeypatch.chdir(tmp_path)
    assert shown("check", "--bank", "./2022") == shown("check")
    assert shown("check", "--bank", "2022") != shown("check")


def test_what_is_no_bank_is_told_in_a_sentence(tmp_path: Path) -> None:
    done = CliRunner().invoke(hw9, ["bank", "check", "--bank", str(tmp_path / "2030")])
    assert done.exit_code != 0
    assert "no such folder of questions" in done.output + str(done.exception or "")


def test_a_bank_is_named_as_it_was_given() -> None:
    assert (as_given(shipped_bank("2022")), as_given(Path("mine"))) == ("2022", "mine")
    assert ships(shipped_bank()) and not ships(Path("2022"))


def test_the_shipped_editions_have_thirty_questions_of_ten_points_in_order() -> None:
    for folder in shipped_editions().values():
        bank = load_bank(folder)
        assert [question.id for question in bank.questions] == [f"q{n:02}" for n in range(1, 31)]
        assert str(sum(question.points for question in bank.questions)) == "10.0"
    printed = json.loads(shown("check", "--bank", "2022", "--json"))
    assert len(printed["questions"]) == 30
