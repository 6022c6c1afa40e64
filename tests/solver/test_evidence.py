"""Evidence on disk: there and back, the same bytes, and nothing trusted that it says."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import (
    Evidence,
    Record,
    load_evidence,
    record_id,
    save_evidence,
    write_manifest,
)

DTYPES = st.sampled_from([np.uint8, np.int32, np.int64, np.float32, np.float64, np.bool_])
ARRAYS = arrays.arrays(DTYPES, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.builds(
    Record,
    id=st.builds(record_id, NAMES, st.integers(0, 99), st.integers(0, 9)),
    arrays=st.dictionaries(NAMES, ARRAYS, max_size=3),
    values=st.dictionaries(NAMES, JSON, max_size=3),
    settings=st.dictionaries(NAMES, JSON, max_size=2),
    inputs=st.dictionaries(NAMES, st.text(), max_size=2),
)


def same(first: Record, second: Record) -> bool:
    plain = all(
        getattr(first, name) == getattr(second, name)
        for name in ("id", "values", "settings", "inputs")
    )
    return (
        plain
        and first.arrays.keys() == second.arrays.keys()
        and all(
            first.arrays[name].dtype == second.arrays[name].dtype
            and first.arrays[name].shape == second.arrays[name].shape
            and first.arrays[name].tobytes() == second.arrays[name].tobytes()
            for name in first.arrays
        )
    )


def saved(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(records=st.lists(RECORDS, max_size=3, unique_by=lambda record: record.id))
def test_what_is_saved_is_loaded_and_saved_again_the_same(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record]
) -> None:
    first, again = (tmp_path_factory.mktemp("evidence") for _ in range(2))
    evidence = Evidence({record.id: record for record in records})
    save_evidence(evidence, first)
    loaded = load_evidence(first)
    assert len(loaded) == len(records)
    assert all(same(a, b) for a, b in zip(evidence, loaded, strict=True))
    save_evidence(Evidence({r.id: r for r in reversed(list(loaded))}), again)
    assert saved(first) == saved(again)


def written(folder: Path, entry: dict[str, Any] | Any, **document: Any) -> Path:
    whole = {"format": "hw9-evidence/1", "records": [entry]} | document
    (folder / "manifest.json").write_text(json.dumps(whole), encoding="utf-8")
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(EvidenceError) as caught:
        load_evidence(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "name", ["../secret.npz", "/etc/passwd", "a/b.npz", "..", ".", "", 3, ["x.npz"]]
)
def test_a_file_outside_the_folder_is_refused(tmp_path: Path, name: Any) -> None:
    np.savez(tmp_path / "secret.npz", map=np.ones(3))
    inside = tmp_path / "evidence"
    inside.mkdir()
    assert "plain name in the same folder" in refused(written(inside, {"id": "x", "file": name}))


def test_objects_are_refused_unexecuted(tmp_path: Path) -> None:
    witness = tmp_path / "was-run"

    class Opens:
        def __reduce__(self) -> tuple[Any, ...]:
            return (open, (str(witness), "w"))

    np.savez(tmp_path / "x.npz", map=np.array([Opens()], dtype=object))
    assert "plain arrays" in refused(written(tmp_path, {"id": "x", "file": "x.npz"}))
    assert not witness.exists()


def _npz_bytes(**named: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **named)  # type: ignore[arg-type]
    return buffer.getvalue()


def _member_that_is_no_array() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("map.npy", b"not an array")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "is not there"),
        (b"", "not a readable .npz"),
        (b"PK\x03\x04 torn", "not a readable .npz"),
        (_npz_bytes(map=np.ones((9, 9)))[:-40], "not a readable .npz"),
        (_member_that_is_no_array(), "'map' holds neither numbers nor words"),
        (_npz_bytes(map=np.array([b"bytes"])), "'map' holds neither numbers nor words"),
        (_npz_bytes(map=np.array([1j])), "'map' holds neither numbers nor words"),
        (_npz_bytes(map=np.zeros(2, "M8[s]")), "'map' holds neither numbers nor words"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes | None, says: str) -> None:
    if content is not None:
        (tmp_path / "x.npz").write_bytes(content)
    sentence = refused(written(tmp_path, {"id": "x", "file": "x.npz"}))
    assert says in sentence
    assert "x.npz" in sentence


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\0" * (1 << 20))
    content = bytearray((tmp_path / "x.npz").read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24  # the size the directory says it unpacks to
    content[at : at + 4] = (2**32 - 2).to_bytes(4, "little")
    (tmp_path / "x.npz").write_bytes(bytes(content))
    assert "more than a record can need" in refused(written(tmp_path, {"id": "x", "file": "x.npz"}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", '"format"'),
        ('{"format": "hw9-evidence/2", "records": []}', '"format"'),
        ('{"format": "hw9-evidence/1"}', '"records" must be a list'),
        ('{"format": "hw9-evidence/1", "records": {}}', '"records" must be a list'),
        ('{"format": "hw9-evidence/1", "records": [3]}', 'with an "id"'),
        ('{"format": "hw9-evidence/1", "records": [{"id": ""}]}', 'with an "id"'),
        ('{"format": "hw9-evidence/1", "records": [{"id": "a", "values": 3}]}', "'values' must"),
        ('{"format": "hw9-evidence/1", "records": [{"id": "a"}, {"id": "a"}]}', "appears twice"),
        ("[" * 100_000, "manifest.json"),
        ('{"format": "hw9-evidence/1", "records": [' + "9" * 5000 + "]}", "manifest.json"),
    ],
)
def test_a_damaged_manifest_is_said(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    assert says in refused(tmp_path)


def test_no_manifest_says_where_evidence_comes_from(tmp_path: Path) -> None:
    assert "there is no manifest.json" in refused(tmp_path)
    assert "there is no manifest.json" in refused(tmp_path / "none")


def test_a_record_written_by_hand_is_enough(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", map=np.eye(3))
    evidence = load_evidence(written(tmp_path, {"id": "saliency/2", "file": "mine.npz"}))
    assert evidence.get("saliency", 2).array("map", 2).sum() == 3
    assert evidence.get("saliency", 2).kind == "saliency"


def test_what_a_record_lacks_is_named() -> None:
    record = Record("saliency/2", {"map": np.full((2, 2), np.nan)}, {"raw_max": 1})
    with pytest.raises(EvidenceError, match=r"lacks the array 'mask'\. It has map"):
        record.array("mask")
    with pytest.raises(EvidenceError, match="has 2 axes, expected 3"):
        record.array("map", 3)
    with pytest.raises(EvidenceError, match="NaN"):
        record.array("map")
    with pytest.raises(EvidenceError, match=r"lacks the value 'raw_min'\. It has raw_max"):
        record.value("raw_min")
    with pytest.raises(MissingEvidence) as caught:
        Evidence().get("lime", 3)
    assert caught.value.lacks == ["lime/3"]
    assert Evidence({record.id: record}).missing(["a", "saliency/2", "b"]) == ["a", "b"]


def test_a_header_of_unfinished_python_is_refused(tmp_path: Path) -> None:
    """NumPy takes the header apart with Python's tokenizer, whose own errors come through."""
    header = ("{" * 200).encode().ljust(118) + b"\n"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(tmp_path / "saliency-2.npz", "w") as archive:
        archive.writestr("map.npy", array)
    write_manifest([{"id": "saliency/2", "file": "saliency-2.npz"}], tmp_path)
    with pytest.raises(EvidenceError, match=r"saliency-2.npz: is not a readable .npz"):
        load_evidence(tmp_path)


def test_a_map_larger_than_any_map_is_refused(tmp_path: Path) -> None:
    record = Record("saliency/2", {"map": np.zeros((3000, 700))})
    save_evidence(Evidence({record.id: record}), tmp_path)
    with pytest.raises(EvidenceError, match="3000 x 700 places"):
        load_evidence(tmp_path)


def two_states(folder: Path) -> None:
    """Leave what a run killed between a file and the manifest leaves: new arrays, old values."""
    for number in (1.0, 2.0):
        maps = {"map": np.full((4, 4), number)}
        records = [Record(f"saliency/{k}", maps, {"raw_max": number}) for k in (0, 1)]
        save_evidence(Evidence({one.id: one for one in records}), folder / str(number))
    new = folder / "2.0" / "saliency-1.npz"
    (folder / "1.0" / "saliency-1.npz").write_bytes(new.read_bytes())


def test_arrays_of_one_state_and_values_of_another_are_refused(tmp_path: Path) -> None:
    two_states(tmp_path)
    with pytest.raises(EvidenceError, match=r"saliency-1.npz.*not the file that manifest.json"):
        load_evidence(tmp_path / "1.0")


def test_what_is_still_whole_of_a_killed_run_is_kept(tmp_path: Path) -> None:
    two_states(tmp_path)
    found = load_evidence(tmp_path / "1.0", whole=False)
    assert [record.id for record in found] == ["saliency/0"]
    assert found.get("saliency", 0).value("raw_max") == 1.0


def damaged_value(folder: Path) -> None:
    record = Record("module/6", values={"class": "ReLU"}, inputs={"checkpoint": "a"})
    save_evidence(Evidence({record.id: record}), folder)
    text = (folder / "manifest.json").read_text("utf-8")
    (folder / "manifest.json").write_text(text.replace("ReLU", "ReLV"), "utf-8")


def test_a_value_that_was_not_measured_is_refused_and_never_gone_on_from(tmp_path: Path) -> None:
    damaged_value(tmp_path)
    with pytest.raises(EvidenceError, match=r"module/6: is not what was measured"):
        load_evidence(tmp_path)
    assert len(load_evidence(tmp_path, whole=False)) == 0


def test_a_record_without_its_hashes_can_be_given_and_is_never_gone_on_from(
    tmp_path: Path,
) -> None:
    damaged_value(tmp_path)
    document = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    for name in ("sha256", "entry_sha256"):
        del document["records"][0][name]
    (tmp_path / "manifest.json").write_text(json.dumps(document), "utf-8")
    assert load_evidence(tmp_path).get("module", 6).value("class") == "ReLV"
    assert len(load_evidence(tmp_path, whole=False)) == 0


@pytest.mark.parametrize("name", ["file", "sha256", "arrays", "settings"])
def test_an_entry_that_lost_a_part_is_never_gone_on_from(tmp_path: Path, name: str) -> None:
    record = Record("saliency/0", {"map": np.ones((3, 3))}, settings={"samples": 3})
    save_evidence(Evidence({record.id: record}), tmp_path)
    assert len(load_evidence(tmp_path, whole=False)) == 1
    document = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    del document["records"][0][name]
    (tmp_path / "manifest.json").write_text(json.dumps(document), "utf-8")
    assert len(load_evidence(tmp_path, whole=False)) == 0


def test_an_empty_array_with_an_endless_side_is_refused(tmp_path: Path) -> None:
    array = np.zeros((0, 10**12), dtype=np.float32)
    np.savez(tmp_path / "x.npz", map=array)
    written(tmp_path, {"id": "activation/6/1", "file": "x.npz"})
    assert "(0, 1000000000000) and holds no value" in refused(tmp_path)


def test_what_is_found_out_of_a_record_is_found_once_and_stays_with_that_record_alone() -> None:
    record, asked = Record("saliency/0", {"map": np.ones((2, 2))}), []

    def find() -> int:
        asked.append(1)
        return len(asked)

    assert [record.cached("so", find), record.cached("so", find), record.cached("other", find)] == [
        1,
        1,
        2,
    ]
    for another in (replace(record), pickle.loads(pickle.dumps(record))):
        assert another.cached("so", find) == len(asked)
        assert another.arrays.keys() == record.arrays.keys()
    assert len(asked) == 4


def test_what_could_not_be_found_out_is_asked_again() -> None:
    record = Record("saliency/0")
    for _ in range(2):
        with pytest.raises(EvidenceError, match="lacks the array"):
            record.cached("map", lambda: record.array("map"))
    assert record.cached("map", lambda: 3) == 3
