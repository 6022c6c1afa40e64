"""The key as a file: there and back, the same bytes, and the override beside what was derived."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solver.errors import KeyFileError
from solver.key import (
    CauseRepeats,
    Flips,
    Key,
    KeyQuestion,
    Lack,
    OptionVerdict,
    OtherSet,
    Override,
    SecondVerdict,
    Sentence,
    Stability,
    StabilityRun,
    dump_key,
    load_key,
    questions_sha256,
    save_key,
)

WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20)
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)
SHARES = st.floats(0, 1)
CAUSES = st.sampled_from(["thresholds", "regions", "seeds", "samples", "resampled", "together"])
SENTENCES = st.builds(Sentence, en=WORDS, zh_hant=WORDS)
FLIPS = st.builds(Flips, share=SHARES, by_cause=st.dictionaries(CAUSES, SHARES, max_size=2))
SECONDS = st.builds(
    SecondVerdict,
    holds=st.sampled_from([True, False, None]),
    value=st.none() | NUMBERS,
    sentence=SENTENCES,
)


def stabilities(answers: st.SearchStrategy) -> st.SearchStrategy[Stability]:
    return st.builds(
        Stability,
        repeats=st.integers(0, 99),
        changed=SHARES,
        by_cause=st.dictionaries(
            CAUSES, st.builds(CauseRepeats, repeats=st.integers(1, 9), changed=SHARES), max_size=2
        ),
        sets=st.lists(st.builds(OtherSet, correct=answers, share=SHARES), max_size=2),
        hinges_on=st.lists(WORDS, max_size=1),
    )


LACKS = st.builds(Lack, records=st.lists(WORDS, max_size=2), why=SENTENCES)


@st.composite
def questions(draw: st.DrawFn, identifier: str) -> KeyQuestion:
    """A question of any kind, decided or open, with or without an override."""
    kind = draw(st.sampled_from(["single", "several", "pair"]))
    answer = (
        st.dictionaries(st.sampled_from(["x", "y"]), WORDS, min_size=1)
        if kind == "pair"
        else st.lists(st.sampled_from("abcd"), unique=True)
    )
    options = [
        OptionVerdict(
            id=letter,
            holds=draw(st.sampled_from([True, False, None])),
            value=draw(st.none() | NUMBERS | WORDS.filter(bool)),
            margin=draw(st.none() | NUMBERS),
            sentence=draw(SENTENCES),
            flips=draw(st.none() | FLIPS),
            second=draw(st.none() | SECONDS),
        )
        for letter in draw(st.sampled_from(["", "ab", "abc"]))
    ]
    override = draw(st.none() | st.builds(Override, correct=answer, why=WORDS.filter(bool)))
    return KeyQuestion(
        id=identifier,
        kind=kind,
        points=Decimal(draw(st.integers(0, 400))) / 100,
        correct=draw(answer),
        lacks=draw(st.lists(WORDS | LACKS, max_size=2)),
        options=options,
        stability=draw(st.none() | stabilities(answer)),
        second_correct=draw(st.none() | answer),
        second_lacks=draw(st.lists(WORDS, max_size=1)),
        ways_agree=draw(st.sampled_from([True, False, None])),
        override=override,
        void=draw(st.booleans()),
    )


KEYS = (
    st.integers(1, 3)
    .flatmap(lambda count: st.tuples(*(questions(f"q{at:02}") for at in range(1, count + 1))))
    .flatmap(
        lambda made: st.builds(
            Key,
            format=st.just("hw9-key/1"),
            title=st.just("鑰"),
            stability=st.none()
            | st.builds(StabilityRun, repeats=st.integers(1, 99), factor=SHARES, pixels=SHARES),
            questions=st.just(list(made)),
        )
    )
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(key=KEYS)
def test_a_key_is_read_as_it_was_written(tmp_path: Path, key: Key) -> None:
    save_key(key, tmp_path / "key.yaml")
    assert load_key(tmp_path / "key.yaml") == key
    assert dump_key(load_key(tmp_path / "key.yaml")) == dump_key(key)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(key=KEYS)
def test_the_override_counts_and_what_was_derived_stays(key: Key) -> None:
    for question, data in zip(
        key.questions, yaml.safe_load(dump_key(key))["questions"], strict=True
    ):
        expected = question.override.correct if question.override else question.correct
        assert question.effective == expected
        assert data["correct"] == question.correct
        assert isinstance(data["points"], str)


SOUND = """format: hw9-key/1
questions:
  - id: q01
    kind: single
    points: "0.3"
    correct: [b]
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SOUND.replace("hw9-key/1", "hw9-key/9"), "line 1 (format)"),
        (SOUND.replace('"0.3"', "0.3"), "line 5 (questions.0.points): points are written as text"),
        (SOUND.replace("    correct: [b]\n", ""), "'correct' is missing"),
        (SOUND.replace("kind: single", "kind: pair"), "the answer of a pair is a mapping"),
        (SOUND.replace("[b]", "{x: y}"), "the answer of a pair is a mapping"),
        (SOUND + SOUND[SOUND.index("  - id") :], "the question 'q01' appears twice"),
        (SOUND + "    override: {correct: [a], why: ''}\n", "'why'"),
        (SOUND + "    override: {correct: [a]}\n", "'why' is missing"),
        (SOUND + "    bonus: 1\n", "line 7 (questions.0.bonus): 'bonus' is not known"),
        ("", "key.yaml"),
    ],
)
def test_a_damaged_key_is_said_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "key.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KeyFileError) as caught:
        load_key(path)
    assert says in str(caught.value)
    assert "key.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_that_is_not_there_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"no such file. hw9 key makes a key\."):
        load_key(tmp_path / "key.yaml")


def test_a_key_written_by_hand_is_enough(tmp_path: Path) -> None:
    (tmp_path / "key.yaml").write_text(SOUND, encoding="utf-8")
    (question,) = load_key(tmp_path / "key.yaml").questions
    assert (question.effective, question.points) == (["b"], Decimal("0.3"))


def verdict(holds: bool | None, **more: object) -> OptionVerdict:
    return OptionVerdict(id="a", holds=holds, sentence=Sentence(en="x", zh_hant="甲"), **more)


def test_an_option_is_contested_when_it_flips_or_the_ways_differ() -> None:
    other = SecondVerdict(holds=False, sentence=Sentence(en="y", zh_hant="乙"))
    assert not verdict(True).contested
    assert not verdict(True, flips=Flips(share=0)).contested
    assert verdict(True, flips=Flips(share=0.025)).contested
    assert verdict(True, second=other).contested
    assert not verdict(False, second=other).contested
    assert not verdict(None, second=other).contested


SIGNED_BEFORE: dict[str, Any] = {
    "format": "hw9-key/1",
    "questions": [
        {
            "id": "q01",
            "kind": "single",
            "points": "0.4",
            "rule": "maps.brightest_region",
            "correct": ["a"],
            "options": [
                {
                    "id": "a",
                    "holds": True,
                    "value": 2.0,
                    "margin": 1.0,
                    "sentence": {"en": "It is.", "zh-Hant": "是。"},
                    "flips": {"share": 0.25, "by_cause": {"seeds": 0.5}},
                    "second": {"holds": True, "sentence": {"en": "It is.", "zh-Hant": "是。"}},
                },
                {"id": "b", "holds": False, "sentence": {"en": "It is not.", "zh-Hant": "不是。"}},
            ],
            "figure": {"pixels": 70, "ways": 3, "changed_by": []},
            "decided": {"by": "TA", "why": "seen", "on": ["a"]},
        }
    ],
}


def test_a_key_signed_before_a_field_was_added_stays_signed() -> None:
    # As it was written when the model had no `draws`, `doubt`, `spread` and `turned`.
    before = "d55f0d1b97c4599f1c53e27afabde852516a442d4dd7b74f302b1c0b052a999e"
    assert questions_sha256(Key.model_validate(SIGNED_BEFORE)) == before
    changed = copy.deepcopy(SIGNED_BEFORE)
    changed["questions"][0]["draws"] = {"draws": 2}
    assert questions_sha256(Key.model_validate(changed)) != before
