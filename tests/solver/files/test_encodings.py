"""Encodings that are not UTF-8 are told by their names, and UTF-8 is never taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.errors import BankError
from solver.files.encodings import START, narrow_encoding, wide_encoding
from solver.files.yaml_source import load_placed_yaml

CHINESE = "名稱,ID,班別,section_id,已提交,123: 圖片裡的奶油是哪一種立體？,0.3\n"
ENGLISH = "name,id,section,section_id,submitted,123: which?,0.3\n"


@pytest.mark.parametrize("text", [CHINESE, ENGLISH])
@pytest.mark.parametrize("width", ["16", "32"])
@pytest.mark.parametrize("order", ["", "-le", "-be"])
def test_wide_encodings(text: str, width: str, order: str) -> None:
    assert wide_encoding(text.encode(f"utf-{width}{order}")[:START]) == f"UTF-{width}"


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_utf_8_is_not_taken_for_another(text: str) -> None:
    assert wide_encoding(text.encode()) == ""


def test_a_zero_byte_here_and_there_is_another_fault() -> None:
    assert wide_encoding(ENGLISH.replace("section", "s\x00ection").encode()) == ""
    assert wide_encoding(bytes(START)) == wide_encoding(b"") == ""


def test_big5() -> None:
    assert narrow_encoding(CHINESE.encode("big5")) == "Big5"
    assert narrow_encoding(b"caf\xe9 \xff") == ""


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-32", "Big5"])
def test_yaml_in_another_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "bank.yaml"
    path.write_bytes("title: 可解釋的人工智慧\nedition: spring\n".encode(encoding))
    with pytest.raises(BankError, match=encoding):
        load_placed_yaml(path, BankError)
