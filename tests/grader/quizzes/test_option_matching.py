"""Cells back to sets of options: exactly what Canvas would have written, or refused."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.quizzes import option_matching
from grader.quizzes.canvas_text import rendered
from grader.quizzes.option_matching import CellReader, alike_options
from grader.quizzes.texts import WordedQuestion, WordedQuiz
from grader.submissions import UNANSWERED, Chosen, Refused, Ticked, Unanswered
from tests.grader.made.canvas_cells import (
    Made,
    Ticks,
    cell,
    edited,
    random_question,
    random_ticks,
    readings,
)
from tests.grader.made.canvas_generator import html_to_text, joined

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


OPTIONS, BLANKS = "abcdefghij", "xyz"


@dataclass
class Counts:
    """What the reader made of some cells."""

    cells: int = 0
    wrong: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)
    open: int = 0

    def add(self, read: object, ticks: Ticks, sets: set[Ticks], written: str) -> None:
        self.cells += 1
        if isinstance(read, Refused):
            self.open += 1
            if sets == {ticks}:
                self.needless.append(f"{written!r}: {read.reason}")
        elif _ticks(read) != ticks or sets != {ticks}:
            self.wrong.append(f"{written!r}: {read} for {sorted(ticks)}")


def _ticks(read: object) -> Ticks:
    if isinstance(read, Ticked):
        return frozenset((0, OPTIONS.index(name)) for name in read.options)
    if isinstance(read, Chosen):
        return frozenset((BLANKS.index(b), OPTIONS.index(name)) for b, name in read.choices)
    assert isinstance(read, Unanswered)
    return frozenset()


def _reader(wordings: list[Made]) -> CellReader:
    return CellReader([_worded(each, f"{number}.yaml") for number, each in enumerate(wordings)])


def _worded(question: Made, source: str) -> WordedQuestion:
    lists = [tuple(zip(OPTIONS, texts, strict=False)) for texts in question.lists]
    if question.kind == "pair":
        blanks = tuple(zip(BLANKS, lists, strict=False))
        return WordedQuestion("q01", "pair", "?", blanks=blanks, source=source)
    return WordedQuestion("q01", question.kind, "?", lists[0], source=source)


def test_no_cell_is_read_wrongly_and_none_is_refused_that_can_be_read() -> None:
    rng = random.Random(16)
    counts = Counts()
    for _ in range(300):
        question = random_question(rng)
        reader = _reader([question])
        for _ in range(12):
            ticks = random_ticks(rng, question)
            written = cell(rng, question, ticks)
            counts.add(reader.read(written), ticks, readings(question, written), written)
    assert counts.cells == 3600 and counts.open > 50
    assert counts.wrong == []
    assert len(counts.needless) * 500 < counts.cells, counts.needless[:5]


def test_of_two_wordings_both_are_read_and_what_fits_two_options_is_refused() -> None:
    rng = random.Random(17)
    counts = Counts()
    for _ in range(200):
        wordings = [random_question(rng)]
        wordings.append(edited(rng, wordings[0]))
        reader, turned = _reader(wordings), _reader(wordings[::-1])
        for question in wordings * 4:
            ticks = random_ticks(rng, question)
            written = cell(rng, question, ticks)
            sets = set().union(*(readings(each, written) for each in wordings))
            read, other = reader.read(written), turned.read(written)
            counts.add(read, ticks, sets, written)
            assert isinstance(other, Refused) if isinstance(read, Refused) else other == read
    assert counts.wrong == []
    assert len(counts.needless) * 500 < counts.cells, counts.needless[:5]


@pytest.mark.parametrize(
    ("cell", "options", "expected"),
    [
        # A tag that an option opens goes on in the next one, up to its end or the cell's.
        ("a b", ("a <i", "x>b"), "ab"),
        ("z,a b", ("a <i", "x> b", "z"), "abc"),
        ("c,a<b", ("a<b", "c"), "ab"),
        ("a<b,c", ("a<b", "c"), "ab"),
        ("a", ("a<!-- b", "c --> d"), "a"),
        ("a d", ("a<!-- b", "c --> d"), "ab"),
        ("a d", ("a <!-- b", "c --> d"), "ab"),
        ("one", ("<script>x</script>one", "two"), "a"),
        ("AT&T,R&D", ("R&D", "AT&T"), "ab"),
        ("a © b,c", ("a &copy b", "c"), "ab"),
        ("a &copy b,c", ("a &copy b", "c"), "ab"),
        ("x y,z", ("\n x y\n", "z"), "ab"),
        ("z, x y", ("\n x y\n", "z"), "ab"),
        ("[m] (a.png),z", ("<img src=a.png alt=m>", "z"), "ab"),
        ("a.png,z", ("<img src='a.png'>", "z"), "ab"),
        (",z", ("<img alt='m'>", "z"), "ab"),
        ("* one * two ,z", ("<ul><li>one</li><li>two</li></ul>", "z"), "ab"),
        ("one two ,z", ("<p>one</p><p>two</p>", "z"), "ab"),
        ("onetwo,z", ("<p>one</p><p>two</p>", "z"), "ab"),
        ("<i>x</i>,z", ("&lt;i&gt;x&lt;/i&gt;", "z"), "ab"),
        ("x,z", ("&#60;i&#62;x", "z"), "ab"),
    ],
)
def test_html_of_options(cell: str, options: tuple[str, ...], expected: str) -> None:
    assert read(cell, *options) == ticked(expected)


def test_at_most_three_readings_are_named_in_their_order() -> None:
    assert read("x", "x", "x").reason.endswith("options: a or b")
    assert read("x", *["x"] * 3).reason.endswith("options: a or b or c")
    assert read("x", *["x"] * 4).reason.endswith("options: a or b or c or others")
    # Sixty-four readings are enough to know that a cell is open.
    assert read(",".join(["x"] * 5), *["x"] * 10).reason.startswith("fits more than one set")


def test_a_cell_that_takes_too_long_is_refused_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, cell = ["a", "b", "c", "d"], "a,b,c,d"
    assert read(cell, *texts) == ticked("abcd")
    monkeypatch.setattr(option_matching, "MOST_STEPS", 4)
    assert read("a,b,c", *texts) == ticked("abc")
    assert read(cell, *texts).reason == "can be put together in too many ways to try"


def test_a_column_remembers_its_cells_but_neither_too_many_nor_long_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(option_matching, "MEMORY", 2)
    monkeypatch.setattr(option_matching, "LONGEST", 5)
    reader = CellReader([several("red", "green")])
    assert reader.read("red") is reader.read("red")
    long = reader.read("magenta")
    assert isinstance(long, Refused) and long.text == "magen"
    assert reader.read("magenta") is not long
    assert reader.read("green") is reader.read("green")
    assert reader.read("blue") is not reader.read("blue")


def test_a_cell_of_a_damaged_file_is_told_apart() -> None:
    reader = CellReader([several("1-3", "綠色", kind="single")])
    date, latin = reader.damage("1/3/26"), reader.damage("綠色".encode().decode("latin-1"))
    assert "a date" in date.sentence and "a date" in reader.read("1/3/26").reason
    assert date.cause == reader.read("1/3/26").cause == "spreadsheet"
    assert "Latin-1" in latin.sentence and latin.cause == "encoding"
    assert reader.damage("1-3") is reader.damage("red") is reader.damage("") is None


def test_options_that_can_be_written_alike_are_told() -> None:
    single = several("<p>&lt; 1</p>", "<p>1</p>", "2", kind="single")
    lists = (("x", (("a", "p"), ("b", "q"))), ("y", (("a", "<b>q</b>"), ("b", "q"))))
    pairs = WordedQuestion("q02", "pair", "stem", blanks=lists)
    told = list(alike_options(WordedQuiz("t", (single, pairs))))
    assert [each.split(" as")[0] for each in told] == [
        "q01: Canvas can write options a and b",
        "q02, y: Canvas can write options a and b",
    ]


def test_of_the_texts_that_two_options_share_the_first_is_told() -> None:
    # Plain, each is shown as "cat & dog", kept as HTML as "cat dog".
    texts = ("cat &amp; dog", "<b>cat</b> &amp; dog")
    (only,) = alike_options(WordedQuiz("t", (several(*texts),)))
    assert "('cat & dog')" in only
    shared = [f"<i>{n}</i> &amp; {n}" for n in range(20)]
    found = alike_options(
        WordedQuiz("t", tuple(several(each, f"<b></b>{each}") for each in shared))
    )
    assert ["&" in each for each in found] == [True] * 20


def test_drop_downs_of_one_blank_and_of_three() -> None:
    def asked(*lists: str) -> CellReader:
        named = zip(BLANKS, lists, strict=False)
        blanks = tuple((b, tuple((text, text) for text in each.split("|"))) for b, each in named)
        return CellReader([WordedQuestion("q01", "pair", "stem", blanks=blanks)])

    assert asked("big|small").read("small") == Chosen(frozenset({("x", "small")}))
    assert asked("big|small").read("") == UNANSWERED
    assert asked("1,5|2").read("1\\,5") == Chosen(frozenset({("x", "1,5")}))
    three = asked("a|b", "c|d", "e|f")
    whole = Chosen(frozenset({("x", "b"), ("y", "c"), ("z", "f")}))
    assert three.read("b,c,f") == three.read("f,b,c") == whole
    assert three.read("b,,f") == three.read("b,f") == Chosen(frozenset({("x", "b"), ("z", "f")}))
    assert isinstance(three.read("a,b"), Refused)
    assert isinstance(asked("a|b", "b|c").read("b"), Refused)


def test_readings_of_two_files_are_named_with_them_and_of_one_without() -> None:
    def reader(*sources: str) -> CellReader:
        turned = zip(sources, (("1", "2"), ("2", "1")), strict=True)
        return CellReader([replace(several(*texts), source=source) for source, texts in turned])

    assert reader("a.yaml", "").read("1").reason.endswith("options: a (a.yaml) or b (the bank)")
    alike = CellReader([replace(several("x", "x"), source=name) for name in ("a.yaml", "b.yaml")])
    assert alike.read("x").reason.endswith("options: a or b")


def test_what_a_cell_was_before_it_was_damaged_is_looked_up_in_every_wording() -> None:
    damaged = "紅".encode().decode("latin-1")
    for texts in (("green", "red"), ("綠", "紅")), (("綠", "紅"), ("green", "red")):
        found = CellReader([several(*each) for each in texts]).damage(damaged)
        assert "'紅' was there" in found.sentence


def test_nothing_is_one_of_the_readings_that_are_named() -> None:
    blanks = (("x", (("a", "<img alt=''>"), ("b", "q"))), ("y", (("a", "p"), ("b", "r"))))
    reader = CellReader([WordedQuestion("q01", "pair", "stem", blanks=blanks)])
    assert reader.read(",").reason.endswith("options: nothing or x=a")
