"""Decisions of people and the signature, as the page says them."""

from __future__ import annotations

from typing import Any

import pytest

from solver.key import Decision, KeySignature, Override, questions_sha256
from solver.page.decisions import decision_on, signature_on
from solver.text.bilingual import words
from tests.solver.page.made_keys import decided, made_key

TAKEN = Decision(by="Ann", why="seen", on=["a"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"decided": TAKEN}, "The derived answer was accepted, by Ann: seen."),
        ({"decided": TAKEN, "void": True}, "Everybody gets the points, by Ann: seen."),
        ({"decided": TAKEN, "left_out": True}, "Left out: it is not counted, by Ann: seen."),
        (
            {"override": Override(correct=["b"], why="<b>")},
            "Set to b in place of a: &lt;b&gt;.",
        ),
        (
            {"override": Override(correct=["a", "c"], why="both", by="Bo")},
            "Either of a or c earns the points; derived was a, by Bo: both.",
        ),
    ],
)
def test_a_decision_is_said_with_who_and_why(more: dict[str, Any], said: str) -> None:
    found = decision_on(decided("q01", **more), None)
    assert found is not None and f'<span lang="en">{said}</span>' in found.html(words())


def test_nobody_decided_and_nobody_signed() -> None:
    key = made_key(decided("q01"))
    assert decision_on(key.questions[0], None) is None and signature_on(key) is None


def test_a_signature_holds_until_a_question_changes() -> None:
    key = made_key(decided("q01"))
    signed = KeySignature(by="Ann", when="2026-05-01", sha256=questions_sha256(key))
    key = key.model_copy(update={"signed": signed})
    now = signature_on(key)
    assert now is not None and "Signed by Ann (2026-05-01)." in now.html(words())
    changed = key.model_copy(update={"questions": [decided("q01", void=True)]})
    later = signature_on(changed)
    assert later is not None and "needs a new signature" in later.html(words())
