"""The generator of cells, held to what Canvas makes of an option and to trying all."""

from __future__ import annotations

import random

import pytest

from tests.grader.made.canvas_cells import (
    Kept,
    Ticks,
    every_cell,
    one_answer,
    random_question,
    readings,
    several,
)

HTML, PLAIN = True, False


# Taken from the description of Canvas' cells by hand, and not from any code.
@pytest.mark.parametrize(
    ("option", "way", "written"),
    [
        ("green on the food", PLAIN, "green on the food"),
        ("x,y", PLAIN, "x,y"),
        ("<p>one</p>", HTML, "one"),
        ("a<br>b", HTML, "ab"),
        ("a<br>b", PLAIN, "a b"),
        ("<p>&lt; 0.5</p>", HTML, "0.5"),
        ("<p>0.5</p>", HTML, "0.5"),
        ("<p>&lt; 0.5</p>", PLAIN, "< 0.5"),
        ("don&#39;t", HTML, "don't"),
        ("don&#39;t", PLAIN, "don't"),
        ("caf&eacute;", HTML, "caf"),
        ("caf&eacute;", PLAIN, "café"),
        ("A &amp; B", HTML, "A B"),
        ("10&nbsp;%", HTML, "10%"),
        ("<p>1 < 2</p>", HTML, "1"),
        ("<p>1 < 2\nor more</p>", HTML, "1 or more"),
        ("<p>1 < 2 > 0</p>", HTML, "1 0"),
        ("a <tag> b", PLAIN, "a b"),
        ("<ul><li>one</li></ul>", PLAIN, "* one"),
        ("<img src='a.png' alt='a map'>", PLAIN, "[a map] (a.png)"),
        ("<img src='a.png' alt='a map'>", HTML, ""),
        ("  two\n blanks ", PLAIN, "two blanks"),
    ],
)
def test_one_option_is_written_as_canvas_does(option: str, way: bool, written: str) -> None:
    assert one_answer(Kept(option, way)) == written


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ([("one", PLAIN), ("two", PLAIN)], "one,two"),
        ([("<p>one</p>", HTML), ("<p>two</p>", HTML)], "one,two"),
        ([("<p>one</p>", PLAIN), ("<p>two</p>", PLAIN)], "one , two"),
        ([("<p>one</p>", HTML), ("<p>two</p>", PLAIN)], "one, two"),
        ([("a, b", PLAIN), ("c", PLAIN)], "a\\, b,c"),
        ([("<p>a, b</p>", HTML), ("c", PLAIN)], "a\\, b,c"),
        ([("x\\", PLAIN), ("y", PLAIN)], "x\\,y"),
        ([("x,y", PLAIN)], "x\\,y"),
        ([("c", PLAIN), ("a", PLAIN)], "c,a"),
    ],
)
def test_several_options_are_joined_as_canvas_does(
    options: list[tuple[str, bool]], written: str
) -> None:
    assert several([Kept(*option) for option in options]) == written


def test_what_may_have_been_ticked_is_found_by_trying_all() -> None:
    rng = random.Random(2)
    tried = 0
    while tried < 20:
        question = random_question(rng, most=4)
        if question.kind == "single":
            continue
        tried += 1
        found: dict[str, set[Ticks]] = {}
        for written, ticks in every_cell(question):
            found.setdefault(written, set()).add(ticks)
        for written, sets in found.items():
            assert sets <= readings(question, written)
            # What is more there has a drop-down left empty.
            assert question.kind == "pair" or sets == readings(question, written)
