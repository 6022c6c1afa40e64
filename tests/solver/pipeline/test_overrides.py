"""A key made again keeps what a TA set by hand, or is not written."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from solver.errors import KeyFileError
from solver.key import Key, KeyQuestion, Override, save_key
from solver.pipeline.overrides import with_kept_overrides


def question(name: str, **more: object) -> KeyQuestion:
    return KeyQuestion(id=name, kind="single", points=Decimal("0.3"), correct=["x"], **more)


def a_key(*questions: KeyQuestion) -> Key:
    return Key(format="hw9-key/1", questions=list(questions))


BY_HAND = Override(correct=["y"], why="the wording was reversed", by="TA")


def test_an_override_and_a_void_stay_beside_the_new_answer(tmp_path: Path) -> None:
    path = tmp_path / "key.yaml"
    save_key(a_key(question("one", override=BY_HAND), question("two", void=True)), path)
    made = a_key(question("one"), question("two"), question("three"))
    key, kept = with_kept_overrides(made, path)
    assert kept == ["one", "two"]
    assert [each.effective for each in key.questions] == [["y"], ["x"], ["x"]]
    assert [each.correct for each in key.questions] == [["x"]] * 3
    assert [each.void for each in key.questions] == [False, True, False]


def test_where_nothing_was_set_nothing_changes(tmp_path: Path) -> None:
    made = a_key(question("one"))
    assert with_kept_overrides(made, tmp_path / "key.yaml") == (made, [])
    save_key(a_key(question("one"), question("two")), tmp_path / "key.yaml")
    assert with_kept_overrides(made, tmp_path / "key.yaml") == (made, [])


def test_an_override_that_would_be_lost_is_named(tmp_path: Path) -> None:
    path = tmp_path / "key.yaml"
    save_key(a_key(question("one"), question("two", override=BY_HAND)), path)
    with pytest.raises(KeyFileError, match=r"set by hand for two.*--out"):
        with_kept_overrides(a_key(question("one")), path)


def test_a_key_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "key.yaml"
    path.write_text("format: [", "utf-8")
    with pytest.raises(KeyFileError, match="would be lost"):
        with_kept_overrides(a_key(question("one")), path)
