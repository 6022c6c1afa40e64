"""The whole page: self-contained, the same again, in both languages, and nothing gets through."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
import yaml

from solver.banks.bank import Bank
from solver.evidence import Evidence
from solver.files.resources import data_folder
from solver.key import Cause, Key, KeyQuestion
from solver.page.key_page import render_key_page
from solver.page.measures import measure_html
from solver.page.review_flags import STATES
from solver.page.views import measured_line
from solver.rules.registry import Figure, all_rules
from solver.text.bilingual import words
from tests.solver.page.made_keys import (
    FIGURES,
    bank_question,
    decided,
    left_open,
    made_bank,
    made_evidence,
    made_key,
    overridden,
    verdict,
)

EVIL = '<script>alert("1")</script><img src=x onerror=alert(2)>'


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    questions = [bank_question(f"q0{at}") for at in range(1, 6)]
    questions.append(bank_question("q06", "pair"))
    questions.append(bank_question("q07", "several", choose=2))
    return made_bank(tmp_path / "bank", questions)


def a_pair() -> KeyQuestion:
    options = [
        verdict("a", blank="word", holds=True),
        verdict("b", blank="word"),
        verdict("c", blank="word"),
        verdict("a", blank="fall", holds=False, text="0.12"),
        verdict("b", blank="fall", holds=True, text="0.24"),
    ]
    return decided("q06", "pair", correct={"word": "a", "fall": "0.24"}, options=options)


def full_key() -> Key:
    return made_key(
        decided("q01"),
        left_open("q02", "smoothgrad/4", "smoothgrad/5"),
        overridden("q03"),
        decided("q04", void=True),
        decided("q05", options=[verdict("a", holds=True, value=0.81, threshold=0.8)]),
        a_pair(),
        decided("q07", "several", correct=["a"]),
    )


@pytest.fixture
def page(bank: Bank) -> str:
    return render_key_page(full_key(), bank, made_evidence(), {"q01": FIGURES})


class Reader(HTMLParser):
    """Collects ids, links and sources, and checks that elements are closed in order."""

    VOID = ("meta", "input", "img", "br")

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text: list[tuple[tuple[str, ...], str]] = []
        self.languages: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        self.attributes |= set(named)
        self.ids += [named["id"] or ""] if "id" in named else []
        self.links += [str(named[name]) for name in ("href", "src") if name in named]
        if tag not in self.VOID:
            self.open.append(tag)
            self.languages.append(named.get("lang") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()
        self.languages.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and "style" not in self.open:
            self.text.append((tuple(name for name in self.languages if name), data.strip()))


def test_elements_close_in_order_and_every_link_arrives(page: str) -> None:
    reader = Reader(page)
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    for link in reader.links:
        assert link.startswith("data:image/png;base64,") or link.removeprefix("#") in reader.ids
    assert {f"q0{at}" for at in range(1, 8)} <= set(reader.ids)


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    reader = Reader(page)
    assert "http:" not in page and "https:" not in page and "url(" not in page
    assert not {"script", "link", "iframe", "object", "form"} & set(reader.tags)
    assert not [name for name in reader.attributes if name.startswith("on") or name == "style"]


def test_the_policy_allows_this_style_sheet_and_data_pictures_alone(page: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert policy and style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    rules = dict(part.split(maxsplit=1) for part in policy[1].replace("&#39;", "'").split("; "))
    assert rules["default-src"] == "'none'" and "script-src" not in rules
    assert rules["style-src"] == f"'sha256-{digest}'" and rules["img-src"] == "data:"
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_nothing_written_by_others_becomes_part_of_the_page(tmp_path: Path) -> None:
    asked = bank_question("q01", stem=EVIL)
    asked["options"][0]["text"] = {"en": EVIL, "zh-Hant": EVIL}
    asked["with"] = {EVIL: EVIL}
    evil = decided(
        "q01",
        options=[verdict("a", holds=True, value=EVIL, threshold=EVIL, unit=EVIL, says=EVIL)],
        evidence=[EVIL],
        note={"en": EVIL, "zh-Hant": EVIL},
        override={"correct": ["b"], "why": EVIL, "by": EVIL},
    )
    key = made_key(evil, left_open("q02", EVIL))
    key = key.model_copy(update={"settings": {EVIL: {EVIL: EVIL}}})
    figures = [
        Figure(EVIL, {}, (EVIL, EVIL)),
        Figure("map", {"record": EVIL, "picture": 1}, (EVIL, EVIL)),
        Figure("map", {"record": "saliency/1", "picture": 1, "regions": [EVIL]}),
        Figure("table", {"columns": [[EVIL, EVIL]], "rows": [[EVIL], [[EVIL, EVIL]]]}),
        Figure("strip", {"rows": [{"label": [EVIL, EVIL], "records": [EVIL, EVIL]}]}),
        Figure("scatter", {"x": [1], "y": [1], "x_label": [EVIL] * 2, "y_label": [EVIL] * 2}),
    ]
    html = render_key_page(
        key, made_bank(tmp_path / "bank", [asked]), made_evidence(), {"q01": figures}
    )
    reader = Reader(html)
    assert "script" not in reader.tags and "onerror" not in reader.attributes
    assert html.count("&lt;script&gt;") > 20
    assert not [link for link in reader.links if link == "x"]


def test_the_same_inputs_give_the_same_bytes(page: str, bank: Bank) -> None:
    assert page == render_key_page(full_key(), bank, made_evidence(), {"q01": FIGURES})


_ELSEWHERE = """
import hashlib, sys
from pathlib import Path

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ImportError(name)

sys.meta_path.insert(0, NoTorch())
from solver.banks.bank import load_bank
from solver.page.key_page import render_key_page
from solver.page.measures import measure_html
from tests.solver.page.made_keys import FIGURES, made_evidence, made_key, decided, left_open
key = made_key(decided("q01"), left_open("q02", "x"))
html = render_key_page(key, load_bank(Path(sys.argv[1])), made_evidence(), {"q01": FIGURES})
print(hashlib.sha256(html.encode()).hexdigest())
"""


def test_another_process_without_torch_gives_the_same_bytes(bank: Bank) -> None:
    key = made_key(decided("q01"), left_open("q02", "x"))
    here = render_key_page(key, bank, made_evidence(), {"q01": FIGURES})
    ran = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(bank.folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": "."},
    )
    assert ran.returncode == 0, ran.stderr[-500:]
    assert ran.stdout.strip() == hashlib.sha256(here.encode()).hexdigest()


def test_every_text_stands_in_both_languages(page: str) -> None:
    reader = Reader(page)
    reader.text.remove((("en",), "中文"))  # the switch itself is never hidden
    english = " ".join(text for languages, text in reader.text if languages[-1] == "en")
    chinese = " ".join(text for languages, text in reader.text if languages[-1] == "zh-Hant")
    for text in ("stem of q01", "option a", "which word", "Homework", "Topic"):
        assert f"{text} in English" in english and f"{text} 中文" in chinese
    assert "sentence of a" in english and "sentence a 的句子" in chinese
    for figure in FIGURES:
        assert figure.caption[0] in english and figure.caption[1] in chinese
    assert english.count("the margin, the distance") == 1 and not re.search(r"[一-鿿]", english)


def test_the_language_shown_first_may_be_either(bank: Bank) -> None:
    html = render_key_page(made_key(decided("q01")), bank, Evidence(), {}, language="zh-Hant")
    assert '<html lang="zh-Hant">' in html
    assert re.search(r'id="zh" checked', html) and not re.search(r'id="en" checked', html)


def section(page: str, identifier: str) -> str:
    found = re.search(rf'<section class="[^"]*" id="{identifier}">.*?</section>', page, re.DOTALL)
    assert found
    return found[0]


def test_options_show_what_holds_with_values_and_margins(page: str) -> None:
    html = section(page, "q01")
    rows = re.findall(r'<li class="option( keyed)?">(.*?)</li>', html, re.DOTALL)
    assert [bool(keyed) for keyed, _ in rows] == [True, False, False]
    assert ["✓" in row for _, row in rows] == [True, False, False]
    assert all('class="bar"' in row for _, row in rows)
    # A sentence first; the numbers are behind a fold.
    assert ">0.8</b>" not in rows[0][1] and "sentence of a" in rows[0][1]
    fold = re.search(r"<details[^>]*><summary>[^/]*Numbers.*?</details>", html, re.DOTALL)
    assert fold and ">0.8</b>" in fold[0] and "0.6 (300%)" in fold[0]
    assert "maps.brightest_region" in html and "Mean of the map" in html
    assert "seed = 3" in html and "map = saliency" in html


def test_an_open_question_says_what_it_lacks_and_keeps_its_options(page: str) -> None:
    html = section(page, "q02")
    assert "SmoothGrad, picture 4; SmoothGrad, picture 5" in html and "option a in English" in html
    assert 'class="option keyed"' not in html and "✓" not in html


def test_an_override_shows_both_answers_and_the_reason(page: str) -> None:
    html = section(page, "q03")
    rows = re.findall(r'<li class="option( keyed)?">(.*?)</li>', html, re.DOTALL)
    assert [bool(keyed) for keyed, _ in rows] == [False, True, False]
    assert "✓" in rows[0][1] and "✗" in rows[1][1]  # the evidence still says what it says
    assert "Set to b in place of a, by Ann: the picture says so." in html
    assert "答案改為 b（原判定為 a），由 Ann 決定，理由：the picture says so。" in html
    assert "Everybody gets the points." in section(page, "q04")


def test_a_pair_shows_each_drop_down_with_its_choices(page: str) -> None:
    html = section(page, "q06")
    assert html.count('<ul class="options">') == 2
    rows = re.findall(r'<li class="option( keyed)?">.*?<b class="id">(\w)</b>', html, re.DOTALL)
    assert rows == [(" keyed", "a"), ("", "b"), ("", "c"), ("", "a"), (" keyed", "b")]
    assert "0.24" in html and "how far in English" in html
    head = re.search(r'<b class="answer">(.*?)</b>', html, re.DOTALL)
    assert head and "word: option a in English · fall: 0.24" in head[1]
    assert "word: option a 中文 · fall: 0.24" in head[1]


def test_what_needs_a_look_comes_in_order_and_links_on(page: str) -> None:
    listed = re.search(r'<ol class="look">(.*?)</ol>', page, re.DOTALL)
    assert listed
    assert re.findall(r'<a href="#(q\d+)">', listed[1]) == ["q02", "q03", "q07", "q05"]
    assert 'href="#q03"' in section(page, "q02") and 'href="#q07"' in section(page, "q03")
    assert 'href="#look"' in section(page, "q05") and 'href="#look"' not in section(page, "q01")


def test_counts_and_index_agree_with_the_key(page: str, bank: Bank) -> None:
    cards = re.findall(r'<li><span class="value">(\d+)</span>', page)
    assert cards == ["6", "0", "1", "1", "2"]
    index = re.search(r'<table class="index">(.*?)</table>', page, re.DOTALL)
    assert index and re.findall(r'href="#(q\d+)"', index[1]) == [f"q0{at}" for at in range(1, 8)]
    clean = render_key_page(made_key(decided("q01")), bank, Evidence(), {})
    assert '<ol class="look">' not in clean and "None: every other question" in clean


def test_hashes_are_short_and_in_full(page: str) -> None:
    assert f'<code title="{"ab" * 32}">{("ab" * 32)[:12]}</code>' in page
    assert f"<dd><code>{'cd' * 32}</code></dd>" in page and "lime / lime_seed" in page


def test_the_bundles_hash_is_its_own_and_not_that_of_its_first_file(bank: Bank) -> None:
    bundle = {"files": {"bert.yaml": "12" * 32}, "name": "demo", "sha256": "cd" * 32}
    key = made_key(decided("q01")).model_copy(update={"bundle": bundle})
    html = render_key_page(key, bank, Evidence(), {})
    assert f'<code title="{"cd" * 32}">' in html
    assert f'<code title="{"12" * 32}">' not in html


def test_a_question_the_bank_lacks_is_shown_by_its_id(bank: Bank) -> None:
    html = render_key_page(made_key(decided("q99")), bank, Evidence(), {})
    assert "sentence of a" in section(html, "q99")


def test_only_the_questions_of_the_key_are_shown(bank: Bank) -> None:
    html = render_key_page(made_key(decided("q04")), bank, Evidence(), {})
    assert Reader(html).ids.count("q04") == 1 and "q01" not in Reader(html).ids


def test_the_page_has_every_word_it_says_in_both_languages() -> None:
    folder = data_folder("templates")
    source = Path(__file__).parents[3] / "solver" / "page"
    texts = yaml.safe_load((folder / "key" / "words.yaml").read_text(encoding="utf-8"))
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in [*(folder / "key").glob("*.html"), *source.rglob("*.py")]
    )
    said = set(re.findall(r'(?:\bsay|\.pair|_instead)\("(\w+)"', code))
    by_name = "reason|stability|contested_none|decision|signed"
    said |= set(re.findall(rf'"((?:{by_name})\w*)"', code)) & set(texts)
    prefixes = {name for name in said if name.endswith("_")}
    assert prefixes == {"state_", "kind_", "part_", "cause_"}
    said = (said - prefixes) | {f"state_{name}" for name in (*STATES, "decided", "void")}
    said |= {"kind_single", "kind_several", "kind_pair"}
    said |= {f"part_{name}" for name in ("bank", "bundle", "code", "settings")}
    said |= {f"cause_{name}" for name in get_args(Cause)}
    assert said <= set(texts)
    unsaid = {name for name in texts if ":" not in name} - said
    assert unsaid <= {"yes", "no"}
    for name, text in texts.items():
        assert set(text) == {"en", "zh-Hant"}, name
        assert set(re.findall(r"\{\w+\}", text["en"])) == set(
            re.findall(r"\{\w+\}", text["zh-Hant"])
        ), name
    assert words().pair("picture_n", n=3) == ("Picture 3", "圖片 3")


def test_code_in_a_wording_is_set_as_code(tmp_path: Path) -> None:
    asked = bank_question("q01", stem="what `cnnid` <b>is</b> <mask>")
    html = render_key_page(made_key(decided("q01")), made_bank(tmp_path, [asked]), Evidence(), {})
    assert "what <code>cnnid</code> is &lt;mask&gt;" in html


def test_names_that_were_found_are_told_from_what_an_option_says() -> None:
    """Beside the right option stood "Conv2d against Conv2d", and item 2 read as "2 items"."""
    module = verdict("a", holds=True, value="Conv2d", threshold="Conv2d", unit="")
    line = str(measured_line(module))
    assert 'found <b class="value">Conv2d</b>, the option says Conv2d' in line
    assert "實際為" in line and "選項說是 Conv2d" in line
    items = str(measured_line(verdict("b", value="2", threshold="1, 3", unit="items")))
    assert "items <b" in items and "實際為第" in items and "選項說是第 1、3 題" in items
    assert "against" in str(measured_line(verdict("c")))


def test_a_key_of_an_earlier_version_shows_how_its_rules_measure(bank: Bank) -> None:
    entry = decided("q01").model_copy(update={"rule": "map.brightest_region"})
    html = section(render_key_page(made_key(entry), bank, Evidence(), {}), "q01")
    assert "<code>map.brightest_region</code>" in html and "Mean of the map" in html


def test_every_measure_has_a_sentence_in_chinese() -> None:
    for name, rule in all_rules().items():
        own, check = measure_html(name, "rule", rule.what), rule.cross_check
        assert own.startswith('<p lang="zh-Hant">'), f"templates/key/measures.yaml: {name}, rule"
        assert '<div lang="en-GB"><p>' in own
        if check is not None:
            other = measure_html(name, "cross_check", check.what)
            assert other.startswith('<p lang="zh-Hant">'), f"measures.yaml: {name}, cross_check"
