"""Evidence as a zip: unpacked where it belongs, refused in a sentence otherwise."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

import solver.files.zipped_folder as zipped
from solver.errors import EvidenceError
from solver.evidence import Evidence, Record, load_evidence, save_evidence
from solver.files.zipped_folder import as_folder


def made(folder: Path) -> dict[str, bytes]:
    record = Record("saliency/2", {"map": np.zeros((4, 4), np.float32)})
    save_evidence(Evidence({record.id: record}), folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("inside", ["", "evidence/", "a/b/"])
def test_a_zip_is_as_good_as_its_folder(tmp_path: Path, inside: str) -> None:
    files = made(tmp_path / "e")
    members = {f"{inside}{name}": data for name, data in files.items()}
    members |= {"__MACOSX/._manifest.json": b"", f"{inside}reseeded-1/manifest.json": b"{}"}
    with as_folder(packed(tmp_path / "e.zip", members)) as folder:
        assert "saliency/2" in load_evidence(folder)
        assert (folder / "reseeded-1" / "manifest.json").is_file()
        kept = folder
    assert not kept.exists()
    with as_folder(tmp_path / "e") as same:
        assert same == tmp_path / "e"


def test_an_error_within_names_the_zip(tmp_path: Path) -> None:
    path = packed(tmp_path / "e.zip", {"manifest.json": b"{}"})
    with pytest.raises(EvidenceError) as found, as_folder(path) as folder:
        load_evidence(folder)
    assert str(path) in str(found.value) and "hw9-evidence-" not in str(found.value)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\x", "C:x"])
def test_members_outside_are_refused(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / "e.zip", {"manifest.json": b"{}", name: b"x"})
    with pytest.raises(EvidenceError, match="no plain file inside"), as_folder(path):
        pass
    assert not (tmp_path.parent / "x").exists()


def test_links_and_names_twice_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = packed(tmp_path / "e.zip", {"manifest.json": b"{}"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(EvidenceError, match="no plain file inside"), as_folder(path):
        pass
    path = packed(tmp_path / "f.zip", {"manifest.json": b"{}", "A.npz": b"", "a.npz": b""})
    with pytest.raises(EvidenceError, match="twice"), as_folder(path):
        pass


def test_bombs_and_rubbish_end_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipped, "MOST_BYTES", 1 << 16)
    path = packed(tmp_path / "e.zip", {"manifest.json": b"{}", "z.npz": bytes(1 << 17)})
    with pytest.raises(EvidenceError, match="unpacks to more than"), as_folder(path):
        pass
    monkeypatch.setattr(zipped, "MOST_MEMBERS", 1)
    with pytest.raises(EvidenceError, match="2 members"), as_folder(path):
        pass
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(EvidenceError, match="neither a folder"), as_folder(tmp_path / "x.zip"):
        pass
    (tmp_path / "y.zip").write_bytes(io.BytesIO(path.read_bytes()).read()[:-30])
    with pytest.raises(EvidenceError), as_folder(tmp_path / "y.zip"):
        pass
    with pytest.raises(EvidenceError, match=r"no manifest\.json"):  # noqa: SIM117
        with as_folder(packed(tmp_path / "w.zip", {"a.txt": b""})):
            pass
