"""Outputs are for their owner alone, and those with pseudonyms hold no trace of a name."""

from __future__ import annotations

import random
import re
import stat

import pytest
from click.testing import CliRunner

from grader.cli.regrade import regrade
from tests.grader.cli.test_grade import Desk
from tests.grader.made import canvas_generator as canvas

NAMES = ["Aardvark Quill", "陳怡君", 'O\'Bumble "B"', "=Caterpillar+1", "<b>Dragonfly</b>"]
TRACES = ["Aardvark", "Quill", "陳怡君", "Bumble", "Caterpillar", "Dragonfly", "b0990", "@ntu"]


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path, 8)
    desk.export()
    style = canvas.Style(sis=True)
    data = canvas.export(random.Random(0), desk.quiz, desk.rows, style, NAMES).decode()
    lines = data.splitlines(keepends=True)
    ids = [re.search(r",(9\d{3}),", line)[1] for line in lines if re.search(r",(9\d{3}),", line)]
    # What may go wrong with a row puts names where none is looked for: cells shifted by one, an
    # answer that is a name, a row cut short, a time and points that are none.
    fields = lines[-1].rstrip("\r\n").split(",")
    whole = len(fields)
    shifted = [*fields[:2], "b09900", *fields[2:]][:whole]
    named = fields.copy()
    named[-5] = "Aardvark Quill <aardvark@ntu.edu.tw>"
    named[6] = "Quill"
    broken = [",".join(each) for each in (shifted, named)] + ["Aardvark Quill,9000,b09900,short"]
    path = tmp_path / "Aardvark Quill b09900.csv"
    path.write_text(data + "\n".join(broken) + "\n", "utf-8")
    assert set(ids) == {f"{9000 + n}" for n in range(5)}
    return desk


def everything(folder):
    for path in [folder, *folder.rglob("*")]:
        yield path, path.read_bytes() if path.is_file() else b""


def test_pseudonymous_outputs_hold_no_trace_of_a_name(desk):
    table = ["--pseudonyms", "table.csv"]
    desk.run("Aardvark Quill b09900.csv", *table, "--deadline", "2026-04-09 03:01 UTC", "--reveal")
    folder = desk.folder / "out"
    arguments = [str(folder), "--how", "everybody", "--question", "q02", "--write", "--by", "TA"]
    bank = ["--bank", str(desk.folder / "questions"), "--why", "seen"]
    done = CliRunner().invoke(regrade, [*arguments, *bank])
    assert done.exit_code == 0 and (folder / "former" / "1" / "moves.csv").exists(), done.output
    words = [*TRACES, *(f"{9000 + n}" for n in range(5))]
    forms = {form for word in words for form in (word, word.lower(), ascii(word)[1:-1])}
    number = 0
    for path, content in everything(folder):
        number += 1
        for form in forms:
            assert form not in path.relative_to(desk.folder).as_posix(), path
            # Four digits may stand in a number or a hash by chance.
            pattern = rb"(?<![0-9a-f.])%s(?![0-9a-f])" if form.isdigit() else rb"%s"
            found = re.search(pattern % re.escape(form.encode()), content)
            assert found is None, (path, form, content[max(0, found.start() - 60) :][:120])
    assert number > 15
    assert "Aardvark Quill" in (desk.folder / "table.csv").read_text("utf-8-sig")


def test_everything_with_personal_data_is_for_its_owner_alone(desk):
    desk.run("Aardvark Quill b09900.csv", "--deadline", "2026-04-09 03:01 UTC")
    desk.run("Aardvark Quill b09900.csv", "--pseudonyms", "table.csv", "--no-pages", out="hidden")
    (desk.folder / "out" / "notes").mkdir(mode=0o755)
    arguments = ["--how", "everybody", "--question", "q02", "--write", "--by", "TA", "--why", "x"]
    for _ in range(2):
        bank = ["--bank", str(desk.folder / "questions")]
        done = CliRunner().invoke(regrade, [str(desk.folder / "out"), *arguments, *bank])
        assert done.exit_code == 0, done.output
        arguments[3] = "q03"
    assert (desk.folder / "out" / "former" / "2" / "scores.csv").exists()
    for out in ("out", "hidden", "table.csv"):
        for path, _ in everything(desk.folder / out):
            wanted = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path
