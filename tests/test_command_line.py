"""Every command has help, an example and a README line; start-up imports nothing heavy."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from grader.cli import hw9

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "transformers", "matplotlib", "captum", "skimage", "scipy", "numba")


def _commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*before, name))


COMMANDS = list(_commands(hw9))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_explains_and_gives_an_example(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(hw9, [*path, "--help"], prog_name="hw9")
    assert shown.exit_code == 0, shown.output
    assert "\\b" not in shown.output
    _, head, examples = re.split(r"^  (Examples?):\n", shown.output, flags=re.MULTILINE)
    shown_examples = re.findall(r"^    hw9 .*", examples.partition("\n\n")[0], re.MULTILINE)
    assert head == ("Example" if len(shown_examples) == 1 else "Examples")
    command: click.Command = hw9
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name) or command
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []


@pytest.mark.parametrize("path", [(), *COMMANDS], ids=" ".join)
def test_a_list_of_commands_says_each_in_whole(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(hw9, [*path, "--help"], prog_name="hw9").output
    assert not re.search(r"\.\.\.$", shown.partition("\nCommands:\n")[2], re.MULTILINE), shown


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_readme_shows_every_command(path: tuple[str, ...]) -> None:
    assert " ".join(("hw9", *path)) in (ROOT / "README.md").read_text("utf-8")


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys, click\nfrom click.testing import CliRunner\nfrom grader.cli import hw9\n"
        "for words in (['--help'], ['grade', '--help'], ['key', '--help']):\n"
        "    assert CliRunner().invoke(hw9, words).exit_code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_an_error_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "grader.cli", "key", "--bundle", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith("hw9: ") and done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_ctrl_c_that_clearing_up_turned_into_another_error_is_a_clean_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise ValueError("the zip file is open")

    monkeypatch.setattr(click.Group, "invoke", stopped)
    result = CliRunner().invoke(hw9, ["bank", "check"])
    assert (result.exit_code, result.stderr.count("\n")) == (130, 1)
    assert result.stderr.startswith("hw9: stopped.")
    monkeypatch.setattr(click.Group, "invoke", lambda *_: 1 / 0)
    assert isinstance(CliRunner().invoke(hw9, ["bank", "check"]).exception, ZeroDivisionError)
