"""A key with seven contested questions decided in a browser by keys alone, the server killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")

from grader.key_changes.regrade_log import log_entries
from solver.errors import OutputError
from solver.files.lock import one_at_a_time
from solver.key import load_key
from tests.grader.review.review_folders import CONTESTED, folders

pytestmark = pytest.mark.browser
WAIT = 120_000


def started(bank: Path, key: Path, run: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "grader.cli", "review", str(key), str(run)]
    command += ["--bank", str(bank), "--no-open"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, server.stdout.readline().strip()


def left(page: Any, number: int) -> None:
    page.wait_for_selector(f'.state[data-left="{number}"]', state="attached", timeout=WAIT)


def question(page: Any, name: str) -> None:
    page.wait_for_selector(f'.item[data-question="{name}"]', timeout=WAIT)
    page.wait_for_selector("#effect .moves", timeout=WAIT)


def test_decided_by_keys_alone_killed_and_gone_on_with(tmp_path: Path, browser: Any) -> None:
    bank, key, run = folders(tmp_path)
    server, address = started(bank.folder, key, run)
    said: list[str] = []
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(WAIT)
    for event in ("console", "pageerror", "dialog"):
        page.on(event, lambda what: said.append(str(what)))
    keys = page.keyboard
    try:
        page.goto(address)
        question(page, "q01")  # the worst one comes first
        derived = load_key(key / "key.yaml").questions[0].correct[0]
        other = "b" if derived == "a" else "a"
        keys.press("2")
        keys.press(other)
        page.wait_for_selector('#effect[data-choice="changed"] .moves:not([data-moved="0"])')
        keys.press("w")
        keys.type("read either way")
        keys.press("Tab")
        keys.type("Wang")
        keys.press("Enter")
        left(page, 6)
        question(page, "q02")
        keys.press("Enter")  # accepted, by whom is remembered
        left(page, 5)
        with pytest.raises(OutputError, match="another run"), one_at_a_time(key):
            pass  # as a second server on this key would
        before_kill = len(said)
        server.send_signal(signal.SIGKILL)
        server.communicate()
        server, address = started(bank.folder, key, run)
        page.goto(address)
        left(page, 5)
        # What was being fetched from the server when it was killed failed, in words of the browser.
        del said[before_kill:]
        for at, name in enumerate(CONTESTED[2:], 1):
            question(page, name)
            if at == 1:
                keys.press("w")
                keys.press("Tab")
                keys.type("Wang")
                keys.press("Escape")
            keys.press("Enter")
            left(page, 5 - at)
        page.wait_for_selector("#sign")
        keys.press("Enter")
        page.wait_for_selector("#regrade")
        before = page.locator(".moves").evaluate("(place) => ({...place.dataset})")
        keys.press("Enter")
        page.wait_for_selector("#regrade", state="detached")
    finally:
        server.send_signal(signal.SIGINT)
        _, err = server.communicate(timeout=100)
    assert (server.returncode, err, said) == (0, "", [])
    made = load_key(key / "key.yaml")
    assert made.signature.by == "Wang"
    assert [entry.decision for entry in made.questions[:3]] == ["changed", "accepted", "accepted"]
    assert made.questions[0].override.why == "read either way"
    (entry,) = log_entries(run)
    assert (str(entry["up"]), str(entry["down"])) == (before["up"], before["down"])
    assert before["students"] == "150" and "q01: read either way" in entry["why"]
    mean = json.loads((run / "summary.json").read_text())["totals"]["mean"]
    assert float(before["mean"]) == pytest.approx(mean)
    assert "read either way" in (key / "key.html").read_text()
    assert not os.path.exists(key.parent / ".key.lock")  # noqa: PTH110
