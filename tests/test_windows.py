"""The program with what Windows refuses taken away: one ability at a time, then all together.

It was not run on Windows itself (`tests.windows_refusals`).
"""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from grader.cli import hw9
from solver.evidence import Evidence, Record, save_evidence
from solver.files import atomic_swap
from solver.files.atomic_swap import linked_copy, new_beside, swap
from solver.files.atomic_write import write_whole
from solver.files.lock import one_at_a_time
from solver.key import load_key
from tests.grader.review.review_folders import CONTESTED, folders
from tests.grader.table.equal_everywhere import prepare, run
from tests.windows_refusals import REFUSALS

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[<>:\"/\\|?*\x00-\x1f]|[ .]$", re.I)

Patch = pytest.MonkeyPatch
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def the_libc_is_looked_for_anew() -> Any:
    atomic_swap._libc.cache_clear()
    yield
    atomic_swap._libc.cache_clear()


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.__name__)
def test_files_and_folders_are_put_in_place(
    refusal: Callable[[Patch], None], tmp_path: Path, monkeypatch: Patch
) -> None:
    refusal(monkeypatch)
    out = tmp_path / "out"
    with one_at_a_time(out):
        for text in ("first", "second"):
            new = new_beside(out)
            if out.exists():
                linked_copy(out, new)
            write_whole(new / "inner" / "file.yaml", text)
            swap(new, out)
            assert (out / "inner" / "file.yaml").read_text() == text
    assert {path.name for path in tmp_path.iterdir()} - {".out.lock"} == {"out"}


def test_a_class_is_graded_and_regraded_and_a_key_decided(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    for refusal in REFUSALS:
        refusal(monkeypatch)
    monkeypatch.chdir(tmp_path)
    prepare()
    run(1)
    assert Path("out/scores.csv").exists() and Path("out/regrades.jsonl").exists()
    save_evidence(Evidence({"module/6": Record("module/6", values={"class": "ReLU"})}), Path("e"))
    for repeats in ("0", "2"):
        words = ["key", "--evidence", "e", "--only", "q14", "--out", "k", "--stability", repeats]
        done = CliRunner().invoke(hw9, words)
        assert done.exit_code == 0, done.output
    assert Path("k/key.html").exists()
    written = [path for path in Path().rglob("*") if path.parts[0] in ("out", "k")]
    assert written and not [path.name for path in written if RESERVED.search(path.name)]


def test_a_key_is_reviewed_signed_and_its_run_regraded(tmp_path: Path) -> None:
    _, key, graded = folders(tmp_path, 20)
    words = ["review", str(key), str(graded), "--bank", str(tmp_path / "bank"), "--no-open"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "cp950"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.as_on_windows", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as server:
        assert server.stdout is not None and server.stderr is not None
        address = server.stdout.readline().decode("cp950").strip()
        try:
            assert address.startswith("http://127.0.0.1:"), server.stderr.read()
            listed = asked(address, "list")
            assert "q01" in listed["html"]
            assert "html" in asked(address, "figures/q01")  # by another process
            version = listed["version"]
            for name in CONTESTED:
                decided = {"question": name, "choice": "accepted", "by": "TA", "version": version}
                version = asked(address, "decide", **decided)["version"]
            version = asked(address, "sign", by="TA", version=version)["version"]
            asked(address, "regrade", by="TA", why="seen", confirmed=True, version=version)
        finally:
            server.send_signal(signal.SIGINT)
        said = server.stderr.read().decode("cp950")
    assert server.returncode == 0, said
    assert "Traceback" not in said
    assert load_key(key / "key.yaml").signature is not None
    assert (key / "key.html").exists() and (graded / "regrades.jsonl").exists()


def asked(address: str, path: str, **sent: Any) -> dict[str, Any]:
    """The page's answer to a GET, or to a POST of what is sent."""
    origin = "/".join(address.split("/")[:3])
    headers = {"origin": origin, "content-type": "application/json"} if sent else {}
    body = json.dumps(sent).encode() if sent else None
    with urllib.request.urlopen(urllib.request.Request(address + path, body, headers)) as answer:
        found: dict[str, Any] = json.loads(answer.read())
        return found


def test_the_refusals_refuse(tmp_path: Path, monkeypatch: Patch) -> None:
    with monkeypatch.context() as patch:
        for refusal in REFUSALS:
            refusal(patch)
        with pytest.raises(PermissionError):
            os.open(tmp_path, os.O_RDONLY)
        (tmp_path / "in").mkdir()
        path = tmp_path / "in" / "file"
        with path.open("w") as file:
            for call in (path.unlink, lambda: path.parent.rename(tmp_path / "away")):
                with pytest.raises(PermissionError):
                    call()
            file.write("x")
        path.parent.rename(tmp_path / "away")
        handle = os.open(tmp_path / "away" / "file", os.O_RDONLY)
        with pytest.raises(OSError, match="descriptor"):
            os.fsync(handle)
        os.close(handle)
    assert stat.S_ISREG((tmp_path / "away" / "file").stat().st_mode)
