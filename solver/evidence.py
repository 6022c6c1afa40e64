"""Evidence: an explanation's arrays and numbers, saved so that rules can decide on them again.

A folder of evidence holds ``manifest.json`` and one ``.npz`` a record (docs/formats/evidence.md).
A record can be written by hand: an id, the file, and the arrays its kind needs.
Nothing here needs torch.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from solver.errors import EvidenceError, MissingEvidence
from solver.files.atomic_write import sha256_of, write_whole
from solver.files.json_source import read_json

FORMAT = "hw9-evidence/1"
MANIFEST = "manifest.json"
MAX_ARRAY_BYTES = 1 << 30

MAX_MAP_PIXELS = 512 * 512
"""Largest map; a picture has 128x128 pixels, and maps several times as fine only take time."""
MAPS = ("map", "segments", "signs", "valid")

PLAIN_KINDS = "biufU"
"""Kinds of NumPy arrays that evidence is made of: truth values, numbers, words."""

Array = npt.NDArray[Any]
Found = TypeVar("Found")


def record_id(kind: str, *place: object) -> str:
    """Return the id of a record, such as ``saliency/2`` or ``activation/6/1``."""
    return "/".join([kind, *(str(part) for part in place)])


@dataclass(frozen=True)
class Record:
    """The result of one explanation.

    Attributes:
        id: kind and place, such as ``lime/6``.
        arrays: by name; shapes are stated by the kind (docs/formats/evidence.md).
        values: numbers and words that came out beside the arrays (JSON).
        settings: how it was run: sample counts, seeds, steps (JSON).
        inputs: hashes of the inputs (weights, picture) and of the code that ran.
    """

    id: str
    arrays: dict[str, Array] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    _found: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_found": {}}  # the cache is not worth sending to a process

    def cached(self, name: Hashable, compute: Callable[[], Found]) -> Found:
        """Return `compute()`, computed once for this record.

        Args:
            name: of the result, with every threshold that it depends on.
            compute: if it raises, nothing is cached and the next call computes again.
        """
        # Claims are decided hundreds of times on evidence of which one record has changed.
        if name not in self._found:
            self._found[name] = compute()
        found: Found = self._found[name]
        return found

    @property
    def kind(self) -> str:
        """The first part of the id."""
        return self.id.split("/", 1)[0]

    def array(self, name: str, ndim: int | None = None) -> Array:
        """Return the array called `name`.

        Raises:
            EvidenceError: there is none, it has another number of axes, or holds NaN or infinity.
        """
        if name not in self.arrays:
            raise EvidenceError(
                f"record {self.id} lacks the array {name!r}",
                mend=_have(self.arrays),
                zh=f"紀錄 {self.id} 沒有陣列 {name!r}",
            )
        array = self.arrays[name]
        if ndim is not None and array.ndim != ndim:
            raise EvidenceError(
                f"record {self.id}: the array {name!r} has {array.ndim} axes, expected {ndim}",
                zh=f"紀錄 {self.id}：陣列 {name!r} 有 {array.ndim} 個軸，應為 {ndim} 個",
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise EvidenceError(
                f"record {self.id}: the array {name!r} holds NaN or infinity",
                zh=f"紀錄 {self.id}：陣列 {name!r} 含有 NaN 或無限大",
            )
        return array

    def value(self, name: str) -> Any:
        """Return the value called `name`.

        Raises:
            EvidenceError: there is none.
        """
        if name not in self.values:
            raise EvidenceError(
                f"record {self.id} lacks the value {name!r}",
                mend=_have(self.values),
                zh=f"紀錄 {self.id} 沒有數值 {name!r}",
            )
        return self.values[name]


def _have(names: Mapping[str, object]) -> str:
    return f"It has {', '.join(sorted(names))}." if names else "It has none."


class Evidence:
    """Records by id, with the name and hashes of the bundle they were made from.

    Example:
        >>> evidence = Evidence({"lime/6": Record("lime/6")})
        >>> evidence["lime/6"].kind, evidence.missing(["lime/6", "lime/7"])
        ('lime', ['lime/7'])
    """

    def __init__(
        self, records: Mapping[str, Record] | None = None, bundle: Mapping[str, Any] | None = None
    ) -> None:
        self._records: dict[str, Record] = dict(records or {})
        self.bundle: dict[str, Any] = dict(bundle or {})

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._records

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records[name] for name in sorted(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, identifier: str) -> Record:
        if identifier not in self._records:
            raise MissingEvidence([identifier])
        return self._records[identifier]

    def add(self, record: Record) -> None:
        """Add a record; it replaces one with the same id."""
        self._records[record.id] = record

    def get(self, kind: str, *place: object) -> Record:
        """Return the record of a kind at a place: ``get("lime", 6)`` is ``["lime/6"]``.

        Raises:
            MissingEvidence: there is no such record.
        """
        return self[record_id(kind, *place)]

    def among(self, identifiers: Iterable[str]) -> dict[str, Record]:
        """Return those of the records named that are there, by id, in the order named."""
        return {name: self._records[name] for name in identifiers if name in self._records}

    def missing(self, identifiers: Iterable[str]) -> list[str]:
        """Return those of `identifiers` that are not there, in order."""
        return [name for name in identifiers if name not in self._records]


def save_record(record: Record, folder: Path, *, packed: bool = True) -> dict[str, Any]:
    """Write a record's arrays (``.npz``) and return its manifest entry.

    The same record gives the same bytes.

    Args:
        packed: False writes at once what is read again soon and thrown away.

    Raises:
        OutputError: the folder cannot be written.
    """
    name = record.id.replace("/", "-") + ".npz"
    buffer = io.BytesIO()
    # Sorted, and NumPy dates its members 1980: the same record gives the same bytes.
    arrays = dict(sorted(record.arrays.items()))
    (np.savez_compressed if packed else np.savez)(buffer, allow_pickle=False, **arrays)
    write_whole(folder / name, buffer.getvalue())
    entry = {
        "id": record.id,
        "file": name,
        "sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        "arrays": {
            key: {"shape": list(array.shape), "dtype": str(array.dtype)}
            for key, array in sorted(record.arrays.items())
        },
        "values": record.values,
        "settings": record.settings,
        "inputs": record.inputs,
    }
    return {**entry, "entry_sha256": _entry_hash(entry)}


def _entry_hash(entry: Mapping[str, Any]) -> str:
    """SHA-256 of a record's manifest entry without this hash itself."""
    rest = {name: value for name, value in entry.items() if name != "entry_sha256"}
    # Through JSON and back, since tuples and keys that are numbers come back otherwise.
    read_back = json.loads(json.dumps(rest))
    return hashlib.sha256(json.dumps(read_back, sort_keys=True).encode()).hexdigest()


def save_evidence(evidence: Evidence, folder: Path, *, packed: bool = True) -> None:
    """Write every record into a folder (see `save_record`), then the manifest that names them.

    Raises:
        OutputError: the folder cannot be written.
    """
    # The manifest last: a run killed before leaves one that names whole records only.
    entries = [save_record(record, folder, packed=packed) for record in evidence]
    write_manifest(entries, folder, evidence.bundle)


def write_manifest(
    entries: list[dict[str, Any]], folder: Path, bundle: Mapping[str, Any] | None = None
) -> None:
    """Write ``manifest.json``; entries are sorted by id."""
    ordered = sorted(entries, key=lambda entry: str(entry["id"]))
    document: dict[str, Any] = {"format": FORMAT, "records": ordered}
    if bundle:
        document["bundle"] = dict(bundle)
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    write_whole(folder / MANIFEST, text + "\n")


def load_evidence(folder: Path, *, whole: bool = True) -> Evidence:
    """Read a folder of evidence.

    Args:
        folder: with ``manifest.json``.
        whole: False leaves out the records that cannot be read, as after a run that was killed,
            and those without the hashes that a run writes.

    Raises:
        EvidenceError: no manifest, not JSON, an unknown format, a file outside the folder, or an
            array that differs from the manifest.
    """
    document = _manifest(folder)
    entries = document["records"]
    evidence = Evidence(bundle=document.get("bundle"))
    for index, entry in enumerate(entries):
        try:
            record = _read_record(folder, entry, index, hashed=not whole)
        except EvidenceError:
            if whole:
                raise
            continue
        if record.id in evidence:
            raise EvidenceError(f"the record {record.id!r} appears twice", path=folder / MANIFEST)
        evidence.add(record)
    return evidence


def earlier_evidence(folder: Path | None) -> Evidence | None:
    """Return the evidence an earlier run left in a folder; None if there is none or it is damaged.

    Damaged records are left out; they are made again.
    """
    if folder is None or not (folder / MANIFEST).is_file():
        return None
    try:
        return load_evidence(folder, whole=False)
    except EvidenceError:
        return None


def evidence_left_in(folders: Iterable[Path]) -> list[Evidence]:
    """Return the evidence that stopped runs left in folders, one for each that has some."""
    return [found for found in map(earlier_evidence, folders) if found is not None]


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise EvidenceError(
            f"there is no {MANIFEST} in it",
            path=folder,
            mend="Give a folder that `hw9 key` wrote, or see docs/formats/evidence.md.",
        )
    document = read_json(path, EvidenceError)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise EvidenceError(f'does not say "format": "{FORMAT}"', path=path)
    if not isinstance(document.get("records"), list):
        raise EvidenceError('"records" must be a list', path=path)
    if not isinstance(document.get("bundle", {}), dict):
        raise EvidenceError('"bundle" must be a mapping', path=path)
    return document


def _read_record(folder: Path, entry: Any, index: int, *, hashed: bool) -> Record:
    path = folder / MANIFEST
    place = f"record {index + 1}"
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not entry["id"]:
        raise EvidenceError('each record is a mapping with an "id"', path=path, place=place)
    parts = {name: entry.get(name, {}) for name in ("values", "settings", "inputs")}
    for name, part in parts.items():
        if not isinstance(part, dict):
            raise EvidenceError(f"{name!r} must be a mapping", path=path, place=entry["id"])
    known = entry.get("entry_sha256")
    if hashed and known is None:
        raise EvidenceError("was written by hand", path=path, place=entry["id"])
    if known is not None and known != _entry_hash(entry):
        raise EvidenceError("is not what was measured", path=path, place=entry["id"], mend=_BY_HAND)
    arrays = _read_arrays(folder, entry) if entry.get("file") is not None else {}
    settings = _current_settings(parts["settings"])
    return Record(entry["id"], arrays, parts["values"], settings, parts["inputs"])


def _current_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with ``looks``, a former name read for one edition, as ``interim_counts``."""
    stopping = settings.get("stopping")
    if not isinstance(stopping, dict):
        return settings
    renamed = {"interim_counts" if k == "looks" else k: v for k, v in stopping.items()}
    return {**settings, "stopping": renamed}


_BY_HAND = (
    'Make it again from the bundle; if you changed it yourself, take its "sha256" and '
    f'"entry_sha256" out of {MANIFEST}.'
)


def _check_hash(path: Path, entry: dict[str, Any]) -> None:
    """Refuse a file of arrays that is not the one its manifest entry was written for."""
    known = entry.get("sha256")
    # Entries written by hand need no hash; a missing file is an error of whoever opens it. A run
    # killed between a file and the manifest leaves arrays of one state and values of another.
    if known is not None and path.is_file() and sha256_of(path) != known:
        raise EvidenceError(
            f"is not the file that {MANIFEST} was written for",
            path=path,
            place=entry["id"],
            mend=_BY_HAND,
        )


def _read_arrays(folder: Path, entry: dict[str, Any]) -> dict[str, Array]:
    name = entry["file"]
    if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
        raise EvidenceError(
            f"the file {name!r} must be a plain name in the same folder",
            path=folder / MANIFEST,
            place=entry["id"],
        )
    path = folder / name
    _check_hash(path, entry)
    try:
        # Before anything is unpacked: a small archive may unpack to a huge array.
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_ARRAY_BYTES:
            raise EvidenceError(f"holds {size} bytes, more than a record can need", path=path)
        # A pickle runs code as it is read.
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: np.asarray(archive[key]) for key in sorted(archive.files)}
    except FileNotFoundError:
        raise EvidenceError(
            f"is named by {MANIFEST} but is not there", path=path, place=entry["id"]
        ) from None
    except EvidenceError:
        raise
    except Exception as problem:  # NumPy and zipfile raise many kinds for damaged files
        raise EvidenceError(
            f"is not a readable .npz of plain arrays ({problem})", path=path
        ) from None
    for key, array in arrays.items():
        if array.dtype.kind not in PLAIN_KINDS:
            raise EvidenceError(f"the array {key!r} holds neither numbers nor words", path=path)
        # An empty array may claim any shape, and whoever fills one like it runs out of memory.
        if not array.size and math.prod(max(side, 1) for side in array.shape) > MAX_MAP_PIXELS:
            raise EvidenceError(
                f"the array {key!r} has the shape {array.shape} and holds no value", path=path
            )
        if key in MAPS and array.ndim > 1 and array.shape[0] * array.shape[1] > MAX_MAP_PIXELS:
            raise EvidenceError(
                f"the map {key!r} has {array.shape[0]} x {array.shape[1]} places",
                path=path,
                mend="Scale it down to no more than 512 x 512.",
            )
    return arrays
