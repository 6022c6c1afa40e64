"""What is not installed is said in one sentence, before anything is done; the rest works."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import grader.cli
from grader.cli import hw9
from grader.cli.extras import EXTRAS, lacking
from solver.errors import Hw9Error

ROOT = Path(__file__).resolve().parents[3]
MODULES = {"scikit-image": "skimage", "scikit-learn": "sklearn", "pillow": "PIL"}

WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
"""
GRADING = """
from tests.grader.table.equal_everywhere import prepare, run
from grader.cli import main
prepare()
run(1)
for words in ("bank check", "bank rules", "bank show q02", "check mine.yaml --template"):
    sys.argv = ["hw9", *words.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code, words
"""


def run_without(names: tuple[str, ...], code: str, folder: Path) -> None:
    program = WITHOUT.format(names=names) + code
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_modules_are_those_that_the_extras_install() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for extra, modules in EXTRAS.items():
        names = [re.split(r"[\[>=<]", each)[0] for each in project["optional-dependencies"][extra]]
        assert [MODULES.get(name, name) for name in names if name != "hw9"] == list(modules)


def test_grading_regrading_and_the_questions_need_no_extra(tmp_path: Path) -> None:
    run_without(EXTRAS["evidence"] + EXTRAS["explain"], GRADING, tmp_path)
    assert (tmp_path / "out" / "scores.csv").exists()
    assert (tmp_path / "mine.yaml").exists()


@pytest.mark.parametrize(
    ("missing", "words", "extra"),
    [
        ("torch", "key", "explain"),
        ("captum", "explain lime --picture 1", "explain"),
        ("transformers", "bundle check", "explain"),
        ("scipy", "key --evidence given", "evidence"),
        ("scipy", "key", "explain"),
        ("lime", "check answers.yaml --bundle course", "explain"),
    ],
)
def test_a_missing_part_is_said_before_anything_is_done(
    missing: str, words: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("answers.yaml").write_text("answers: {}\n", "utf-8")
    monkeypatch.setitem(sys.modules, missing, None)
    fault = CliRunner().invoke(hw9, words.split()).exception
    assert isinstance(fault, Hw9Error)
    assert f" needs {missing}, which is not installed" in str(fault)
    assert str(fault).endswith(f"pip install '.[{extra}]'")
    assert [path.name for path in tmp_path.iterdir()] == ["answers.yaml"]


def test_what_no_command_asked_for_is_a_sentence_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(**_: object) -> None:
        raise ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")

    monkeypatch.setattr(grader.cli, "hw9", missing)
    with pytest.raises(SystemExit):
        grader.cli.main()
    assert capsys.readouterr().err.startswith("hw9: this command needs torch, which is not")


def test_a_module_of_no_extra_is_a_fault_of_the_program() -> None:
    assert lacking(ModuleNotFoundError("No module named 'grader.cells'", name="grader")) is None
