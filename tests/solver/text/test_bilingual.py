"""A page's policy: only its own style sheet, and at most its own script."""

from __future__ import annotations

from solver.text.bilingual import policy_for

EMPTY = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""Of the empty text, as the standard for these policies gives it."""


def test_a_policy_names_its_style_and_lets_no_script_run() -> None:
    policy = policy_for("")
    assert policy.startswith("default-src 'none'; style-src " + EMPTY)
    assert "script-src" not in policy and "unsafe" not in policy


def test_a_script_is_named_by_its_hash_too() -> None:
    first, second = policy_for("", "run()"), policy_for("", "run() ")
    assert first.count("script-src 'sha256-") == 1 and first != second
    assert first.replace(first[first.index("script-src") : first.index("style-src")], "") == (
        policy_for("")
    )
