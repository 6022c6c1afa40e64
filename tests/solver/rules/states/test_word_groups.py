"""Groups of words that come together in some layers: found there, and nowhere by chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence, Record
from solver.rules.bert.state_plots import checked
from solver.rules.states.word_groups import placed
from tests.solver.rules.made_maps import decide, decide_again, evidence_of, held

TEXT = (
    "[CLS] who is emily [SEP] wolves fear cats . mice fear sheep . em ##ily is a wolf . "
    "cats fear sheep . winona is a wolf . gertrude is a mouse . jessica is a mouse . [SEP]"
)
PIECES = TEXT.split()
FIRST = PIECES.index("[SEP]")
ROLES = np.array(
    [
        0 if piece.startswith("[") else 1 if at < FIRST else 3 if piece == "cats" else 2
        for at, piece in enumerate(PIECES)
    ]
)
GROUPS = [
    {"item": 1, "words": ["Emily", "Winona", "wolf"]},
    {"item": 1, "words": ["Gertrude", "Jessica", "mouse"]},
]
SETTINGS = {"model": 1, "groups": GROUPS}
BLOCKS = [{"first": first, "last": first + 2} for first in (1, 4, 7, 10)]


def record(points: np.ndarray, pieces: list[str] = PIECES) -> Record:
    return Record("hidden_states/1/1", {"points": points, "roles": ROLES}, {"pieces": pieces})


def made(seed: int, together: range, angle: float = 0.0, scale: float = 1.0) -> Evidence:
    """Clouds in 12 layers; in the layers `together` each group lies in a place of its own."""
    points = np.random.default_rng(seed).normal(size=(12, len(PIECES), 2))
    plots = checked(record(points))
    for at, group in enumerate(GROUPS):
        words = [str(word) for word in group["words"]]  # type: ignore[attr-defined]
        for layer in together:
            members = placed(plots, words).members
            points[layer, members] = points[layer, members] * 0.1 + [4, 4 - 8 * at]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return evidence_of(record(points @ turn * scale - 2))


@pytest.mark.parametrize("block", range(4))
@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), angle=st.floats(0, 6), scale=st.floats(0.1, 10))
def test_the_layers_that_bring_groups_together_are_found(
    block: int, seed: int, angle: float, scale: float
) -> None:
    evidence = made(seed, range(3 * block, 3 * block + 3), angle, scale)
    expected = [at == block for at in range(4)]
    assert held(decide("states.word_groups", evidence, SETTINGS, BLOCKS)) == expected
    assert held(decide_again("states.word_groups", evidence, SETTINGS, BLOCKS)) == expected


def test_a_word_in_pieces_is_one_word_and_the_question_is_left_out() -> None:
    found = placed(checked(record(np.zeros((12, len(PIECES), 2)))), ["Emily", "wolf"])
    assert [PIECES[at] for at in found.members] == ["em", "##ily", "wolf", "wolf"]
    assert found.word.tolist() == [0, 0, 1, 1]


def test_one_word_again_and_again_is_not_its_own_company() -> None:
    """Both wolves in one place, Emily and Winona far from them and from one another."""
    points = np.random.default_rng(0).normal(size=(12, len(PIECES), 2))
    for at, piece in enumerate(PIECES):
        if piece == "wolf":
            points[:, at] = [9, 9]
        elif piece in ("em", "##ily", "winona"):
            points[:, at] = [-9, 9] if piece == "winona" else [0, -12]
    asked = {"model": 1, "groups": GROUPS[:1]}
    for by in (decide, decide_again):
        found = by("states.word_groups", evidence_of(record(points)), asked, BLOCKS)
        assert held(found) == [False] * 4


def test_a_word_that_is_not_there_and_tokens_without_pieces_are_said() -> None:
    points = np.zeros((12, len(PIECES), 2))
    with pytest.raises(EvidenceError, match="'hens' is not in the context of item 1"):
        placed(checked(record(points)), ["wolf", "hens"])
    with pytest.raises(MissingEvidence):
        placed(checked(record(points, [])), ["wolf", "cats"])


def test_words_written_without_blanks_are_runs_of_pieces() -> None:
    """As a tokenizer of characters cuts them; a longer word is not found in a part of it."""
    pieces = ["[CLS]", "誰", "[SEP]", *"我買了蘋果手機和水果。", "[SEP]"]
    roles = np.array([0, 1, 0, *[2] * 10, 3, 0])
    points = np.zeros((1, len(pieces), 2))
    values = {"pieces": pieces}
    plots = checked(Record("hidden_states/1/1", {"points": points, "roles": roles}, values))
    found = placed(plots, ["蘋果", "手機"])
    assert [pieces[at] for at in found.members] == list("蘋果手機")
    assert found.word.tolist() == [0, 0, 1, 1]
    with pytest.raises(EvidenceError, match="'果機' is not in the context"):
        placed(plots, ["果機", "手機"])
