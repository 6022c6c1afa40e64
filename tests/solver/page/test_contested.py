"""The page opens with what is contested: worst first, short, both readings side by side."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from solver.banks.bank import Bank
from solver.decide.doubt.estimate import RARE, doubt_of
from solver.evidence import Evidence
from solver.key import (
    CauseRepeats,
    Flips,
    Key,
    KeyQuestion,
    OtherSet,
    SecondVerdict,
    Sentence,
    Stability,
    StabilityRun,
)
from solver.page.key_page import render_key_page
from tests.solver.page.made_keys import bank_question, decided, made_bank, made_key, verdict


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return made_bank(tmp_path / "bank", [bank_question(f"q0{at}") for at in range(1, 7)])


def flipping(identifier: str, share: float, **more: Any) -> KeyQuestion:
    """A question of which another set came out in this share of 40 repeats."""
    flips = Flips(share=share, by_cause={"regions": share})
    options = [
        option.model_copy(update={"flips": flips if option.id in "ab" else Flips(share=0)})
        for option in decided(identifier).options
    ]
    stability = Stability(
        repeats=40,
        changed=share,
        by_cause={
            "thresholds": CauseRepeats(repeats=20, changed=0),
            "regions": CauseRepeats(repeats=20, changed=share),
        },
        sets=[OtherSet(correct=["b"], share=share)] if share else [],
        hinges_on=["displayed.brightest"] if share > 0.3 else [],
    )
    return decided(identifier, options=options, stability=stability, **more)


def disagreeing(identifier: str) -> KeyQuestion:
    found = SecondVerdict(
        holds=True,
        value=7.5,
        threshold=2.5,
        margin=5.0,
        sentence=Sentence(en="second says so", zh_hant="第二種如此"),
    )
    options = [verdict("a", holds=True), verdict("b").model_copy(update={"second": found})]
    return decided(identifier, options=options, second_correct=["a", "b"], ways_agree=False)


def page_of(bank: Bank, *entries: KeyQuestion, measured: bool = True) -> str:
    run = StabilityRun(repeats=40, factor=0.25, pixels=3, reseeded=2) if measured else None
    key: Key = made_key(*entries).model_copy(update={"stability": run})
    return render_key_page(key, bank, Evidence(), {})


def opening(page: str) -> str:
    """What stands before the cards."""
    return page[page.index('id="contested"') : page.index('<ul class="cards">')]


def test_the_worst_stands_first_and_before_everything_else(bank: Bank) -> None:
    entries = [
        flipping("q01", 0.6, doubt=0.1),
        flipping("q02", 0.1, doubt=0.6),
        disagreeing("q03").model_copy(update={"doubt": 0.5}),
        decided("q04", doubt=0.9),
        flipping("q05", 0.0),
    ]
    page = page_of(bank, *entries)
    listed = re.findall(r'<section class="contested">.*?href="#(q\d+)"', page, re.DOTALL)
    assert listed == ["q02", "q03", "q01"]
    assert page.index('id="contested"') < page.index('id="look"') < page.index('id="q01"')
    assert "chance of another answer: about 60%<" in page and "應為其他答案的機率約 60%" in page
    assert "chance of another answer: about 50%, without repeats" in page
    # Every question says it, contested or not.
    assert "the chance that another answer is right is about 90%" in page


def test_the_chance_of_a_verdict_has_a_short_heading_and_a_whole_label(bank: Bank) -> None:
    entry = flipping("q01", 0.6, doubt=0.3)
    options = [option.model_copy(update={"doubt": 0.31}) for option in entry.options]
    html = opening(page_of(bank, entry.model_copy(update={"options": options})))
    head, body = html.split("<tbody>")
    assert '<span lang="en">Doubt</span><span lang="zh-Hant">存疑程度</span></th>' in head
    assert 'Chance of the other verdict</span><span lang="zh-Hant">應為另一判定的機率' in body
    assert body.count("31%") == 2 and "Chance of the other" not in head


def test_a_chance_that_is_hardly_there_is_no_round_figure(bank: Bank) -> None:
    page = page_of(bank, decided("q01", doubt=0.004))
    assert "another answer is right is under 1%" in page and "應為其他答案的機率不到 1%" in page


def test_an_open_question_has_no_chance_of_another_answer(bank: Bank) -> None:
    """A rule that decides as far as it can leaves options of an open question contested."""
    html = opening(page_of(bank, flipping("q02", 0.6, state="open", correct=[])))
    assert '<section class="contested">' in html and "chance of another answer" not in html


def test_each_says_what_flips_it_and_which_sets_came_out(bank: Bank) -> None:
    html = opening(page_of(bank, flipping("q02", 0.6)))
    assert "another answer in 60% of the repeats" in html and "60% 的重複得出其他答案" in html
    assert re.search(r"region edges</span>.*60% of 20 repeats", html, re.DOTALL)
    assert 'lang="en">thresholds</span>' not in html  # varied, and nothing came of it
    assert "<code>displayed.brightest</code>" in html
    assert re.findall(r'<b class="answer">(\w)</b>&nbsp;(\d+%)', html) == [
        ("a", "40%"),
        ("b", "60%"),
    ]
    squares = re.findall(r'<rect class="(\w+)"', html)
    assert squares == ["ours"] * 16 + ["other1"] * 24  # a square for each of the 40 repeats


def test_both_readings_stand_side_by_side_in_both_languages(bank: Bank) -> None:
    html = opening(page_of(bank, disagreeing("q03")))
    (row,) = re.findall(r"<tr><td class=\"text\">.*?</tr>", html, re.DOTALL)
    assert "sentence of b" in row and "second says so" in row and "第二種如此" in row
    assert row.index("sentence of b") < row.index("second says so")
    assert "7.5" not in row and "rule and cross-check disagree" in html
    assert "Flips in" not in html  # nothing was repeated, so no column for it
    never = flipping("q03", 0.0).stability
    still = disagreeing("q03").model_copy(update={"stability": never})
    html = opening(page_of(bank, still))
    assert "the same answer in all 40 repeats" in html and "<rect" not in html


def test_a_second_way_that_finds_nothing_is_told_from_one_that_finds_another(bank: Bank) -> None:
    nothing = disagreeing("q03").model_copy(update={"second_correct": []})
    html = opening(page_of(bank, nothing))
    assert "by the cross-check no option holds" in html
    assert "rule and cross-check disagree" not in html


def test_only_contested_options_are_listed(bank: Bank) -> None:
    html = opening(page_of(bank, flipping("q02", 0.6)))
    assert re.findall(r'<b class="id">(\w)</b>', html) == ["a", "b"]
    assert "Cross-check" not in html  # nobody has one, so no column for it


def test_rare_changes_take_one_line(bank: Bank) -> None:
    rare = flipping("q01", 0.6, doubt=RARE / 2)
    # Where rule and cross-check disagree one line is not enough.
    differs = disagreeing("q03").model_copy(update={"doubt": RARE / 2})
    html = opening(page_of(bank, rare, flipping("q02", 0.6, doubt=RARE), differs))
    assert html.count('<section class="contested">') == 2
    assert re.search(r'class="rarely">.*href="#q01".*\(.*about 2%', html, re.DOTALL)


def test_what_is_not_contested_is_said_and_how_it_was_measured(bank: Bank) -> None:
    html = opening(page_of(bank, flipping("q01", 0.0)))
    assert "no answer changed in any repeat" in html and "repeated 40 times" in html
    assert "were really run: 2)" in html and "25%" in html


def test_without_repeats_the_page_says_so_and_how_to_have_them(bank: Bank) -> None:
    page = page_of(bank, decided("q01"), disagreeing("q03"), measured=False)
    html = opening(page)
    assert "Stability was not measured" in html and "--stability 40" in html
    assert "尚未量測穩定性" in html
    assert '<section class="contested">' in html and "rule and cross-check disagree" in html
    assert "Same in repeats" not in page  # no column of dashes


def test_the_next_to_look_at_goes_through_the_contested_first(bank: Bank) -> None:
    close = decided("q05", options=[verdict("a", holds=True, value=0.81, threshold=0.8)])
    page = page_of(bank, flipping("q01", 0.1), flipping("q02", 0.6), close)
    part = {
        name: page[page.index(f'id="{name}">') :].split("</section>")[0]
        for name in ("q01", "q02", "q05")
    }
    assert 'href="#q01"' in part["q02"] and 'href="#q05"' in part["q01"]
    listed = re.search(r'<ol class="look">(.*?)</ol>', page, re.DOTALL)
    assert listed and re.findall(r'<a href="#(q\d+)">', listed[1]) == ["q05"]


def test_a_question_shows_its_second_way_and_its_repeats(bank: Bank) -> None:
    still = decided("q04", stability=Stability(repeats=0))
    lacking = decided("q06", second_lacks=["lime/1"])
    page = page_of(bank, flipping("q02", 0.6), disagreeing("q03"), still, lacking)
    assert "The same answer in 40% of 40" in page and "flips in" in page
    assert "rests on no choice that could vary" in page
    assert "left out, it lacks LIME, picture 1" in page and "finds a, b" in page


def test_what_holds_by_no_margin_is_contested_though_nothing_flips(bank: Bank) -> None:
    options = [
        option.model_copy(update={"margin": 0.0 if option.holds else option.margin})
        for option in decided("q01").options
    ]
    weightless = decided("q01", options=options)
    assert weightless.contested and not decided("q02").contested
    assert RARE < doubt_of(decided("q02")) < doubt_of(weightless)
    page = page_of(bank, weightless, decided("q02"))
    assert "no margin" in page and "毫無差距" in page
    assert "no margin" not in page_of(bank, decided("q02"))
