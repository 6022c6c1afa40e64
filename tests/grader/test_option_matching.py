"""Cells back to sets of options: exactly what Canvas would have written, or refused."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import option_matching
from grader.cell_text import rendered
from grader.option_matching import CellReader
from grader.quiz_texts import WordedQuestion
from grader.submissions import UNANSWERED, Chosen, Refused, Ticked
from tests.grader.canvas_generator import html_to_text, joined

LETTERS = st.text(alphabet="ab,\\ \n&;<>x蘋", max_size=5)
PLAIN = st.text(alphabet="ab,\\ 蘋", max_size=4)
SEVERAL = st.lists(PLAIN, min_size=2, max_size=5)


def several(*texts: str, kind: str = "several") -> WordedQuestion:
    options = tuple(zip("abcdefghijklmnop", texts, strict=False))
    return WordedQuestion("q01", kind, "stem", options)


def read(cell: str, *texts: str, kind: str = "several") -> object:
    return CellReader([several(*texts, kind=kind)]).read(cell)


def ticked(names: str) -> Ticked:
    return Ticked(frozenset(names))


@given(SEVERAL, st.data())
@settings(max_examples=300, deadline=None)
def test_what_was_ticked_is_read_or_refused_for_a_reason(texts, data):
    names = "abcde"[: len(texts)]
    some = data.draw(st.lists(st.sampled_from(names), unique=True))
    cell = joined([texts[names.index(name)] for name in some])
    response = read(cell, *texts)
    if isinstance(response, Refused):
        assert "more than one" in response.reason or "is empty" in response.reason
        others = 0
        for count in range(len(names) + 1):
            for other in combinations(names, count):
                others += set(other) != set(some) and _can_be(other, names, texts, cell)
        assert others
    else:
        assert response == (ticked("".join(some)) if some else UNANSWERED)


def _can_be(other, names, texts, cell) -> bool:
    from itertools import permutations

    return any(
        joined([texts[names.index(name)] for name in order]) == cell
        for order in permutations(other)
    )


@given(SEVERAL, st.data())
@settings(max_examples=300, deadline=None)
def test_both_ways_of_searching_agree(texts, data):
    names = "abcde"[: len(texts)]
    texts = [" ".join(text.split()) for text in texts]
    some = data.draw(st.lists(st.sampled_from(names), unique=True))
    cell = data.draw(st.one_of(PLAIN, st.just(joined([texts[names.index(name)] for name in some]))))
    listed = read(cell, *texts)
    most = option_matching.MOST_ENUMERATED
    try:
        option_matching.MOST_ENUMERATED = 1
        tiled = read(cell, *texts)
    finally:
        option_matching.MOST_ENUMERATED = most
    if isinstance(listed, Refused):
        assert isinstance(tiled, Refused)
    else:
        assert tiled == listed


@given(st.lists(LETTERS, min_size=2, max_size=4), LETTERS)
@settings(max_examples=200, deadline=None)
def test_any_cell_is_read_or_refused_never_more(texts, cell):
    for kind in ("single", "several"):
        response = read(cell, *texts, kind=kind)
        assert isinstance(response, (Refused, Ticked, type(UNANSWERED)))


@given(LETTERS)
def test_rendering_holds_what_another_parser_makes_of_it(text):
    if "<" not in text:
        assert html_to_text(text) in rendered(text) or "&" in text


def test_sixteen_options_are_read_without_listing_their_sets():
    texts = [f"layer {n}, head {n}" for n in range(16)]
    rng = random.Random(3)
    some = rng.sample(range(16), 11)
    cell = joined([texts[n] for n in some])
    assert read(cell, *texts) == ticked("".join("abcdefghijklmnop"[n] for n in some))


def test_a_search_without_end_is_refused():
    texts = ["a"] * 8 + ["a,a"] * 8
    assert isinstance(read(",".join(["a"] * 15) + ",z", *texts), Refused)


@pytest.mark.parametrize(
    ("cell", "texts", "expected"),
    [
        ("red,green", ("green", "red"), "ab"),
        ("a\\, b,c", ("a, b", "c"), "ab"),
        ("x\\,y", ("x,y", "other"), "a"),
        ("x\\,y", ("x\\", "y", "z"), "ab"),
        ("bold,plain", ("<b>bold</b>", "plain"), "ab"),
        ("A & B", ("A &amp; B", "C"), "a"),
        ("two blanks", ("two   blanks", "x"), "a"),
        ("  two  blanks ", ("two blanks", "x"), "a"),
        ("a<b", ("a<b", "c"), "a"),
        ("<tag>", ("&lt;tag&gt;", "x"), "a"),
    ],
)
def test_cells_as_canvas_writes_them(cell, texts, expected):
    assert read(cell, *texts) == ticked(expected)


@pytest.mark.parametrize(
    ("cell", "texts", "why"),
    [
        ("x\\,y", ("x\\", "y", "x,y"), "more than one set of options: a+b or c"),
        ("bold", ("<b>bold</b>", "bold"), "more than one set of options: a or b"),
        ("", ("<img src='x'>", "b"), "is empty, and so is the text of an option"),
        ("a", ("a<b", "c"), "more than one set of options: a or a+b"),
        ("blue", ("red", "green"), "fits no set"),
        ("red, green", ("red", "green"), "fits no set"),
        ("RED", ("red", "green"), "fits no set"),
        ("3-Jan", ("1-3", "4-6"), "fits no set"),
    ],
)
def test_cells_that_are_refused(cell, texts, why):
    response = read(cell, *texts)
    assert isinstance(response, Refused)
    assert why in response.reason and response.text == cell


def test_two_wordings_are_one_question():
    reader = CellReader([several("green", "red"), several("綠", "紅")])
    assert reader.read("red,green") == reader.read("紅,綠") == ticked("ab")
    assert isinstance(reader.read("紅,green"), Refused)


def test_wordings_that_contradict_each_other_refuse():
    reader = CellReader([several("1", "2"), several("2", "1")])
    assert isinstance(reader.read("1"), Refused)
    assert reader.read("1,2") == ticked("ab")


def pair(first: str, second: str) -> CellReader:
    lists = [tuple((text, text) for text in texts.split("|")) for texts in (first, second)]
    blanks = (("x", lists[0]), ("y", lists[1]))
    return CellReader([WordedQuestion("q22", "pair", "stem", blanks=blanks)])


def test_drop_downs():
    reader = pair("her|him", "0.1|0.44")
    both = Chosen(frozenset({("x", "her"), ("y", "0.44")}))
    assert reader.read("her,0.44") == reader.read("0.44,her") == both
    assert reader.read("her") == reader.read("her,") == Chosen(frozenset({("x", "her")}))
    assert reader.read("") == reader.read(",") == UNANSWERED
    assert isinstance(reader.read("her,him"), Refused)
    assert isinstance(pair("1|2", "2|1").read("1,2"), Refused)
    assert pair("1|2", "1|2").read("2,2") == Chosen(frozenset({("x", "2"), ("y", "2")}))
