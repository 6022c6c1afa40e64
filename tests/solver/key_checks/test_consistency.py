"""A derived answer that was changed in the file is refused, with its line and the right way."""

from __future__ import annotations

from pathlib import Path

import pytest

from solver.errors import KeyFileError
from solver.key import Answer, KeyQuestion, OptionVerdict, Sentence, load_key
from solver.key_checks.consistency import (
    answer_words,
    by_verdicts,
    contradiction,
    load_sound_key,
    override_command,
)

SAID = Sentence(en="x", zh_hant="甲")


def option(name: str, holds: bool | None, blank: str | None = None, text: str | None = None):
    return OptionVerdict(id=name, blank=blank, holds=holds, sentence=SAID, text=text)


def entry(kind: str, correct: Answer, *options: OptionVerdict, **more: object) -> KeyQuestion:
    return KeyQuestion(
        id="q03", kind=kind, points="0.3", correct=correct, options=list(options), **more
    )


LIST = (option("a", True), option("b", False), option("c", True))
PAIR = (
    option("a", False, "x", "her"),
    option("b", True, "x", "him"),
    option("a", False, "y", "0.22"),
    option("b", True, "y", "0.44"),
)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (entry("several", ["c", "a"], *LIST), ""),
        (entry("several", ["a"], *LIST), "correct is a, but its own verdicts hold for a, c"),
        (entry("several", ["a", "b", "c"], *LIST), "correct is a,b,c, but its own"),
        (entry("several", ["a", "c", "z"], *LIST), ""),  # no verdict is of it: told by the bank
        (entry("several", [], *LIST), "correct is empty, but its own verdicts hold for a, c"),
        (entry("several", ["a", "c", "c"], *LIST), "correct is a,c,c, which names an option twice"),
        (entry("several", ["a", "c"], *LIST, state="open"), "though its state is open"),
        (entry("several", [], *LIST, state="open"), ""),
        (entry("several", ["a"]), ""),
        (entry("single", ["b"], option("a", False), option("b", None)), ""),
        (entry("single", ["a"], option("a", False), option("b", None)), "hold for no option"),
        (entry("single", [], option("a", False), option("b", False)), ""),
        (entry("pair", {"x": "him", "y": "0.44"}, *PAIR), ""),
        (entry("pair", {"x": "b", "y": "0.440"}, *PAIR), ""),
        (entry("pair", {"x": "her", "y": "0.44"}, *PAIR), "correct is x=a,y=b, but"),
        (entry("pair", {"x": "him", "y": "0.5"}, *PAIR), "correct is x=b,y=0.5, but"),
        (entry("pair", {"y": "0.44"}, *PAIR), "hold for x: b, y: b"),
    ],
)
def test_a_derived_answer_is_that_of_its_verdicts(question: KeyQuestion, said: str) -> None:
    found = contradiction(question)
    assert said in found and bool(said) == bool(found)


def test_a_choice_is_one_of_its_own_drop_down() -> None:
    options = (option("a", True, "x"), option("b", False, "x"), option("b", True, "y"))
    assert not contradiction(entry("pair", {"x": "a", "y": "b"}, *options))
    assert "hold for x: a, y: b" in contradiction(entry("pair", {"x": "b", "y": "b"}, *options))
    assert contradiction(entry("pair", {"x": "0.4", "y": "b"}, *options))


def test_of_a_drop_down_in_which_two_choices_hold_one_is_right() -> None:
    both = (option("a", True, "x"), option("b", True, "x"))
    for choice in ("a", "b"):
        assert not contradiction(entry("pair", {"x": choice}, *both))


def test_the_answer_of_the_verdicts() -> None:
    assert by_verdicts(entry("several", ["b"], *LIST)) == ["a", "c"]
    assert by_verdicts(entry("pair", {"x": "her", "y": "0.22"}, *PAIR)) == {"x": "him", "y": "0.44"}
    assert by_verdicts(entry("single", ["a"])) is None
    assert by_verdicts(entry("single", ["a"], option("a", None))) is None


def test_the_command_that_does_it_rightly() -> None:
    given = entry("pair", {"x": "her", "y": "0.5"}, *PAIR)
    assert answer_words(given, given.correct) == "x=a,y=0.5"
    command = override_command(given, "k.yaml")
    assert command == 'hw9 key override q03 --correct "x=a,y=0.5" --why "REASON" --key k.yaml'
    assert override_command(entry("several", [], *LIST), None) == (
        "hw9 key override q03 --undo --key key.yaml"
    )


TEXT = """format: hw9-key/1
questions:
  - id: q01
    kind: single
    points: "0.3"
    correct: [b]
    options:
      - {id: a, holds: true, sentence: {en: x, zh-Hant: x}}
      - {id: b, holds: false, sentence: {en: x, zh-Hant: x}}
  - id: q02
    kind: single
    points: "0.3"
    state: open
    correct: [a]
"""


def test_every_contradiction_of_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "key.yaml"
    path.write_text(TEXT, "utf-8")
    with pytest.raises(KeyFileError) as caught:
        load_sound_key(path)
    said = str(caught.value)
    assert f"{path}: line 6, q01: correct is b, but its own verdicts hold for a" in said
    assert "line 14, q02: correct is a, though its state is open" in said
    assert f'hw9 key override q01 --correct "b" --why "REASON" --key {path}' in said
    path.write_text(TEXT.replace("[b]", "[a]").replace("state: open", "state: decided"), "utf-8")
    assert len(load_sound_key(path).questions) == 2
    path.write_text(TEXT, "utf-8")
    assert [each.correct for each in load_key(path).questions] == [["b"], ["a"]]
