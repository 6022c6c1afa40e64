"""Files whole or not at all."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.errors import OutputError
from solver.files.atomic_write import clear_half_written, sha256_of, sha256_of_all, write_whole


@pytest.mark.parametrize("content", ["雞蛋\r\n", b"\x00\xff", ""])
def test_what_is_written_is_read_and_nothing_else_is_there(
    tmp_path: Path, content: str | bytes
) -> None:
    path = tmp_path / "new" / "folder" / "file"
    write_whole(path, content)
    expected = content.encode() if isinstance(content, str) else content
    assert path.read_bytes() == expected
    assert list(path.parent.iterdir()) == [path]
    assert sha256_of(path) == hashlib.sha256(expected).hexdigest()


@pytest.mark.parametrize(("private", "mode"), [(True, 0o600), (False, 0o644)])
def test_a_private_file_is_its_owners_alone(tmp_path: Path, private: bool, mode: int) -> None:
    path = tmp_path / "file"
    write_whole(path, "names", private=private)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_failed_write_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.yaml"
    write_whole(path, "old")

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(OutputError, match=r"key\.yaml: cannot be written \(No space left"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_whole(tmp_path / "file" / "below", "x")
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_whole(tmp_path / "taken", "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken"]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(files=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=5))
def test_one_hash_whatever_the_order(files: dict[str, str]) -> None:
    turned = dict(reversed(files.items()))
    assert sha256_of_all(files) == sha256_of_all(turned)
    assert sha256_of_all(files | {"one more": "0"}) != sha256_of_all(files)


def test_what_a_killed_run_left_half_written_is_taken_away_and_nothing_else(
    tmp_path: Path,
) -> None:
    (tmp_path / "evidence").mkdir()
    left = [".key.html.f1yrst95", "evidence/.saliency-2.npz.a_b0c1d2"]
    others = [".key.html.notes.txt", "key.html.f1yrst95", ".gitignore", ".key.yaml.short"]
    for name in (*left, *others):
        (tmp_path / name).write_text("x")
    clear_half_written(tmp_path)
    assert not any((tmp_path / name).exists() for name in left)
    assert all((tmp_path / name).exists() for name in others)
