"""Markup, scripts and marks that turn the writing in every text of a key's page: shown, never run.

The texts are those of the bank in both languages, the key (sentences, units, reasons and names of
overrides, thresholds, file names, settings) and the evidence (pieces, words, sentences of a corpus,
names of regions, pictures and models).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solver.banks.bank import load_bank
from solver.evidence import Record
from solver.files.resources import shipped_bank
from solver.page.key_page import render_key_page
from solver.pipeline.make_key import decide, needed_records, planned
from solver.rules.registry import Figure
from tests.hostile_evidence import hostile_evidence, hostile_key
from tests.hostile_texts import (
    Texts,
    bare,
    check_shown,
    check_tags,
    hostile_bank,
    shown_by,
)

ASKED = [f"q{number:02d}" for number in range(1, 31) if number not in (7, 8)]
"""Those two fit drawings for seconds."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The page, and what must be seen on it."""
    texts = Texts()
    bank = load_bank(shipped_bank())
    asked = planned(bank, ASKED)
    evidence = hostile_evidence(needed_records(asked), texts)
    decided = decide(bank, asked, evidence)
    names = [texts("") for _ in range(24)]
    regions = Record("regions/1", {name: np.eye(128, dtype=bool) for name in names})
    evidence.add(regions)
    look = {"record": "saliency/1", "picture": 1, "regions": names}
    figures = {**decided.figures, "q05": [*decided.figures["q05"], Figure("map", look)]}
    seen = Texts()
    seen.given = [""] * 100_000  # numbers of their own
    page = render_key_page(
        hostile_key(decided.key, seen), hostile_bank(bank, seen), evidence, figures
    )
    path = tmp_path_factory.mktemp("hostile") / "key.html"
    path.write_text(page, "utf-8")
    return path, [*texts.given, *seen.given[100_000:]]


def test_the_page_has_no_element_or_handler_out_of_a_text(made: tuple[Path, list[str]]) -> None:
    page = made[0].read_text("utf-8")
    check_tags(page)


def test_nothing_turns_the_direction_of_the_page(made: tuple[Path, list[str]]) -> None:
    page = made[0].read_text("utf-8")
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)
    assert "\\u202egnp.exe" in page


def test_the_policy_allows_no_script_and_no_request(made: tuple[Path, list[str]]) -> None:
    (policy,) = re.findall(
        r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">',
        made[0].read_text("utf-8").replace("&#39;", "'"),
    )
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts.pop("default-src") == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", parts.pop("style-src"))
    assert parts == {"img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}


@pytest.mark.browser
@pytest.mark.parametrize("policy", ["with its policy", "without"])
def test_in_a_browser_nothing_runs_and_nothing_is_asked_for(
    browser: Any, made: tuple[Path, list[str]], tmp_path: Path, policy: str
) -> None:
    path, given = made
    shown = shown_by(browser, path if policy == "with its policy" else bare(path, tmp_path))
    check_shown(shown, given, 500)
