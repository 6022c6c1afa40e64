"""Text that the console's code page lacks is written as an escape, not as a traceback."""

from __future__ import annotations

import io
import sys

import pytest

from grader.cli import main


@pytest.mark.parametrize(
    ("encoding", "expected"), [("cp437", r"\u8f2a\u5ed3"), ("cp950", "輪廓"), ("utf-8", "輪廓")]
)
def test_a_console_of_another_code_page_shows_all(
    encoding: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", console)
    monkeypatch.setattr(sys, "argv", ["hw9", "bank", "show", "q02", "--language", "zh-Hant"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (0, None)
    console.flush()
    told = console.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert "q02" in told and expected in told
