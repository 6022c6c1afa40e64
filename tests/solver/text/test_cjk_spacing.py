"""Between Chinese and Latin writing stands a blank, in all that is shipped or put together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from solver.evidence import Evidence, Record, save_evidence
from solver.files.resources import data_folder
from solver.pipeline.make_key import make_key
from solver.text.cjk_spacing import with_blanks

TEXTS = sorted(
    path
    for folder in ("questions", "templates")
    for path in data_folder(folder).rglob("*.yaml")
    if "regions" not in path.parts
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SmoothGrad最亮處", "SmoothGrad 最亮處"),
        ("第6層的head給予", "第 6 層的 head 給予"),
        ("占40%，占5%的圖", "占 40%，占 5% 的圖"),
        ("「her」的機率：0.5（圖片 0）", "「her」的機率：0.5（圖片 0）"),
        ("圖片 0 的圖", "圖片 0 的圖"),
        ("領先為+0.5，落後為-0.5", "領先為 +0.5，落後為 -0.5"),
        ("", ""),
    ],
)
def test_a_blank_where_the_writings_meet(text: str, expected: str) -> None:
    assert with_blanks(text) == expected


@given(st.text(alphabet="圖亮a9% （,"))
def test_only_blanks_are_added_and_once(text: str) -> None:
    made = with_blanks(text)
    assert made.replace(" ", "") == text.replace(" ", "")
    assert with_blanks(made) == made


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_shipped_texts_have_them(path: Path) -> None:
    for text in _chinese_in(yaml.safe_load(path.read_text("utf-8"))):
        bare = re.sub(r"</?\w+[^>]*>", "", text)
        filled = re.sub(r"\{\w+\}", "9", bare)  # a place is filled with a number, as a rule
        assert with_blanks(bare) == bare, text
        assert filled.count("9第") == filled.count("第9") == 0, text


def _chinese_in(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["zh-Hant"]] if isinstance(value.get("zh-Hant"), str) else []
        return own + [text for each in value.values() for text in _chinese_in(each)]
    return [text for each in value for text in _chinese_in(each)] if isinstance(value, list) else []


def test_what_a_rule_puts_together_has_them(tmp_path: Path) -> None:
    record = Record("module/6", values={"class": "ReLU"})
    save_evidence(Evidence({record.id: record}), tmp_path)
    (question,) = make_key(evidence=tmp_path, only=["q14"]).key.questions
    for option in question.options:
        assert with_blanks(option.sentence.zh_hant) == option.sentence.zh_hant
