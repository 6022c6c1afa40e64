"""What a question lacks: said in both languages, and old keys, which had one, read as they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from solver.errors import BundleError, EvidenceError
from solver.evidence import Evidence
from solver.key import (
    FORMAT,
    Key,
    KeyQuestion,
    Lack,
    Sentence,
    dump_key,
    lack_in_english,
    lacks_by_question,
    lacks_named,
    load_key,
    questions_sha256,
    records_lacking,
)
from solver.rules.maps.displayed import MissingRegion

SOLVER = Path(__file__).resolve().parents[3] / "solver"
RAISED = ("BundleError", "EvidenceError", "MissingEvidence")


def question(lacks: list[str | Lack]) -> KeyQuestion:
    return KeyQuestion(
        id="q01", kind="single", points=Decimal("0.3"), state="open", correct=[], lacks=lacks
    )


def test_records_and_reason_are_named_in_both_languages() -> None:
    why = Sentence(en="there is no picture 9.", zh_hant="沒有圖片 9。")
    told = lacks_named(["saliency/2", Lack(records=["lime/8", "lime/9"], why=why)])
    assert told[0] == "saliency, picture 2; LIME, picture 8; LIME, picture 9: there is no picture 9"
    assert told[1] == "顯著圖，圖片 2；LIME，圖片 8；LIME，圖片 9：沒有圖片 9"


def test_a_key_of_before_is_read_keeps_its_signature_and_says_what_it_said() -> None:
    old = question(["lime/6 (no checkpoint)", "regions/3: the region 'fork'"])
    text = dump_key(Key(format=FORMAT, questions=[old]))
    assert "- lime/6 (no checkpoint)\n" in text
    assert (
        lacks_named(old.lacks)[1]
        == "LIME，圖片 6 (no checkpoint)；圖片 3: the region 'fork' 的區域"
    )
    assert [lack_in_english(one) for one in old.lacks] == old.lacks
    assert records_lacking(old.lacks) == ["lime/6", "regions/3:"]


def test_a_key_with_reasons_is_written_and_read_the_same(tmp_path: Path) -> None:
    lack = Lack(records=["lime/6"], why=Sentence(en="no file", zh_hant="沒有檔案"))
    key = Key(format=FORMAT, questions=[question(["lime/7", lack])])
    path = tmp_path / "key.yaml"
    path.write_text(dump_key(key), "utf-8")
    assert load_key(path) == key and questions_sha256(load_key(path)) == questions_sha256(key)
    assert records_lacking(key.questions[0].lacks) == ["lime/7", "lime/6"]


def test_a_region_that_nobody_drew_is_lacking_in_a_record() -> None:
    lack = MissingRegion(3, "fork")
    assert str(lack) == "lacks regions/3: the region 'fork'."
    assert lack.lacks == ["regions/3"] and lack.what == ("the region 'fork'", "區域 'fork'")


def test_an_error_without_chinese_words_says_that_it_is_english() -> None:
    told = BundleError("is broken", path="a.jpg", mend="Replace it.").in_both
    english = "a.jpg: is broken. Replace it"
    assert told == (english, f"程式的訊息（英文）：{english}")
    with pytest.raises(EvidenceError) as caught:
        Evidence()["lime/6"].array("map")
    assert str(caught.value) == "lacks lime/6."


def raised_in(folder: Path) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in RAISED:
                yield f"{path.relative_to(SOLVER)}:{node.lineno}", node


def test_what_a_model_cannot_be_read_for_is_in_both_languages() -> None:
    for place, call in raised_in(SOLVER / "models"):
        words = {one.arg for one in call.keywords}
        assert "zh" in words, f"{place}: give what is wrong in Chinese as well, zh=..."


def test_every_reason_of_a_rule_to_leave_a_question_open_is_in_both_languages() -> None:
    found = list(raised_in(SOLVER / "rules"))
    assert len(found) > 30
    for place, call in found:
        name = call.func.id  # type: ignore[attr-defined]
        words = {one.arg for one in call.keywords}
        if name == "EvidenceError":
            assert "zh" in words, f"{place}: give what is wrong in Chinese as well, zh=..."
        elif call.args and isinstance(call.args[0], ast.List):
            plain = all(isinstance(one, ast.Constant | ast.Attribute) for one in call.args[0].elts)
            assert plain, f"{place}: a list of records' ids; what is missing in them comes after it"


def test_a_line_names_many_records_briefly_and_questions_that_lack_the_same_together() -> None:
    many = [f"activation/6/{picture}" for picture in range(10)]
    why = Sentence(en="there is none", zh_hant="沒有")
    none = [Lack(records=[name], why=why) for name in ("attention", "embeddings")]
    told = list(lacks_by_question({"q1": many, "q2": ["lime/2"], "q3": none[:1], "q4": none[1:]}))
    assert told == [
        (["q1"], "activation/6/0, activation/6/1 and 8 more"),
        (["q2"], "lime/2"),
        (["q3", "q4"], "attention, embeddings: there is none"),
    ]
