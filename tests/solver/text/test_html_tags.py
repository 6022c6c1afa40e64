"""HTML in a wording becomes plain text, and what is no HTML stays as it was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.banks.bank import Wording
from solver.text.bilingual import as_pair, worded
from solver.text.html_tags import without_tags


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("<p>Which <b>layer</b>?</p>", "Which layer?"),
        ('A <span style="color: red">red</span> one', "A red one"),
        ("one<br/>two", "one two"),
        ("H<sub>2</sub>O", "H2O"),
        ("1 &lt; 2 &amp; 3 &#62; 2", "1 < 2 & 3 > 2"),
        ("&lt;b&gt;", "<b>"),
        ("<img src='figures/map.png?x=1'>", "[map.png]"),
        ('<img src="m.png" alt="a map">', "[a map]"),
        ("a<!-- not seen -->b<script>alert(1)</script>", "ab"),
        ("the tag `<b>` and ``<br>``", "the tag `<b>` and ``<br>``"),
    ],
)
def test_tags_go_and_entities_are_decoded(typed: str, shown: str) -> None:
    assert without_tags(typed) == shown


@pytest.mark.parametrize(
    "typed",
    [
        "x < y",
        "a<b and c>d",
        "p<0.05, u>v",
        "<mask>",
        "[CLS] <s> </s>",
        "R&D",
        "a & b",
        "f(x)<g(x)",
    ],
)
def test_signs_that_are_no_html_stay(typed: str) -> None:
    assert without_tags(typed) == typed


@given(st.text(st.characters(exclude_characters="<&")))
def test_text_without_signs_of_html_stays(typed: str) -> None:
    assert without_tags(typed) == typed


def test_a_wording_on_a_page_is_plain_and_escaped() -> None:
    text = Wording(en="<p>Is 1 &lt; 2?</p>", zh_hant="<p>1 &lt; 2 嗎？</p>")
    assert as_pair(text) == ("Is 1 < 2?", "1 < 2 嗎？")
    assert "Is 1 &lt; 2?" in worded(text) and "&lt;p&gt;" not in worded(text)
