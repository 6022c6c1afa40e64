"""Evidence: the manifest and the arrays, read, decided on, and drawn on the page."""

from __future__ import annotations

import io
import json
import random
import shutil
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from solver.banks.bank import load_bank
from solver.errors import Hw9Error
from solver.evidence import MANIFEST, Evidence, load_evidence, save_evidence
from solver.files.resources import shipped_bank
from solver.key import dump_key
from solver.page.key_page import render_key_page
from solver.pipeline.make_key import decide, make_key, needed_records, planned
from tests.fuzz.format import Format, Mutant
from tests.fuzz.made_evidence import made_record
from tests.fuzz.mutations import zip_mutations as zips
from tests.fuzz.mutations.byte_mutations import damaged
from tests.fuzz.mutations.yaml_mutations import ODD_VALUES, _changed

SLOW = ("q07", "q08")
"""Their rules fit drawings for seconds."""
WHOLE_RUN = 25


class _Evidence(Format):
    """Evidence of one question at a time; an input begins with ``question|record|``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.bank = load_bank(shipped_bank())
        self.questions = {
            each.question.id: each for each in planned(self.bank) if each.question.id not in SLOW
        }
        self.needs = {name: needed_records([each]) for name, each in self.questions.items()}
        for name, needs in self.needs.items():
            records = {each: made_record(each) for each in needs}
            save_evidence(Evidence(records), folder / name)
            _as_by_hand(folder / name / MANIFEST)
        self.wholes = {
            name: {path.name: path.read_bytes() for path in (folder / name).iterdir()}
            for name in self.questions
        }
        self.names = sorted(self.questions)

    def decided(self, question: str, file: str, data: bytes) -> Any:
        """Decide a question with one of its files replaced; give the folder back as it was."""
        folder = self.folder / question
        path = folder / file
        path.write_bytes(data)
        try:
            return self._decided(question, folder, data)
        finally:
            whole = self.wholes[question].get(file)
            if whole is not None:
                path.write_bytes(whole)

    def _decided(self, question: str, folder: Path, data: bytes) -> Any:
        evidence = load_evidence(folder)
        made = decide(self.bank, [self.questions[question]], evidence)
        crc = zlib.crc32(data)
        if crc % 3 == 0:
            with warnings.catch_warnings(action="ignore"):
                page = render_key_page(made.key, self.bank, made.evidence, made.figures)
            assert page.rstrip().endswith("</html>")
        if crc % WHOLE_RUN == 0:
            self._run_whole(folder, question)
        return dump_key(made.key)

    def _run_whole(self, folder: Path, question: str) -> None:
        out = self.folder / "out"
        try:
            make_key(evidence=folder, out=out, only=[question])
            assert (out / "key.html").is_file() and (out / "key.yaml").is_file()
        except Hw9Error:
            assert not (out / "key.yaml").exists(), "a refused run left a key"
            raise
        finally:
            shutil.rmtree(out, ignore_errors=True)


def _as_by_hand(manifest: Path) -> None:
    """Take the files' hashes out, with which every change of a file would be refused at once."""
    document = json.loads(manifest.read_bytes())
    for record in document["records"]:
        del record["sha256"], record["entry_sha256"]
    manifest.write_text(json.dumps(document, indent=1), "utf-8")


class EvidenceArrays(_Evidence):
    """One record's ``.npz``."""

    name = "evidence arrays"
    share = 6

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.places = [
            (name, f"{record.replace('/', '-')}.npz")
            for name in self.names
            for record in self.needs[name]
            if made_record(record).arrays
        ]
        self.seeds = [
            f"{name}|{file}|".encode() + self.wholes[name][file] for name, file in self.places
        ]

    def mutant(self, rng: random.Random) -> Mutant:
        seed = rng.randrange(len(self.seeds))
        name, file = self.places[seed]
        whole = self.wholes[name][file]
        data, how, expect = self._mutated(whole, rng)
        return Mutant(f"{name}|{file}|".encode() + data, f"{name}, {file}: {how}", expect, seed)

    def _mutated(self, whole: bytes, rng: random.Random) -> tuple[bytes, str, Any]:
        kind = rng.random()
        if kind < 0.10:
            members = zips.unpacked(whole)
            rng.shuffle(members)
            return zips.packed(members, rng.choice([0, 8])), "packed anew", "same"
        if kind < 0.60:
            return *other_arrays(whole, rng), "any"
        if kind < 0.68:
            return *object_arrays(whole, rng), "refused"
        if kind < 0.76:
            made, how = zips.other_members(zips.unpacked(whole), rng)
            return zips.packed(made), how, "any"
        if kind < 0.86:
            return *zips.other_headers(whole, rng), "any"
        if kind < 0.995:
            members = zips.unpacked(whole)
            at = rng.randrange(len(members))
            if rng.random() < 0.6:
                raw, how = _other_npy_header(members[at][1], rng)
            else:
                raw, how = damaged(members[at][1], rng)
            members[at] = (members[at][0], raw)
            return zips.packed(members), f"array: {how}", "any"
        return zips.bomb("map.npy", 1100 << 20), "a bomb of 1100 MiB", "refused"

    def read(self, data: bytes) -> Any:
        question, file, raw = data.split(b"|", 2)
        return self.decided(question.decode(), file.decode(), raw)


def other_arrays(whole: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return an ``.npz`` with an array of another kind, shape or content."""
    with np.load(io.BytesIO(whole)) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = rng.choice(sorted(arrays))
    array = arrays[name]
    draw = np.random.default_rng(rng.randrange(1 << 30))
    how = rng.choice(
        ["zeros", "ones", "NaN", "infinity", "one NaN", "noise", "negative", "huge", "tiny", "bool",
         "int8", "uint64", "float16", "float64", "complex", "text", "bytes", "dates", "turned",
         "flat", "more axes", "less axes", "empty", "scalar", "one", "large", "big-endian", "out",
         "more", "longdouble", "permuted"]
    )  # fmt: skip
    as_float = array.astype(float) if array.dtype.kind in "biuf" else np.zeros(array.shape)
    made: dict[str, Any] = {
        "zeros": lambda: np.zeros_like(array),
        "ones": lambda: np.ones_like(array),
        "NaN": lambda: np.full(array.shape, np.nan),
        "infinity": lambda: np.full(array.shape, np.inf),
        "one NaN": lambda: np.where(
            np.arange(array.size).reshape(array.shape) == 0, np.nan, as_float
        ),
        "noise": lambda: draw.random(array.shape),
        "negative": lambda: -as_float - 1,
        "huge": lambda: as_float * 1e300 + 1e300,
        "tiny": lambda: as_float * 1e-310,
        "bool": lambda: draw.random(array.shape) < 0.5,
        "int8": lambda: draw.integers(-128, 127, array.shape).astype(np.int8),
        "uint64": lambda: np.full(array.shape, 2**64 - 1, dtype=np.uint64),
        "float16": lambda: as_float.astype(np.float16),
        "float64": lambda: as_float,
        "complex": lambda: as_float.astype(complex),
        "text": lambda: np.full(array.shape, "\x1b<b>\u202e"),
        "bytes": lambda: np.full(array.shape, b"x"),
        "dates": lambda: np.full(array.shape, np.datetime64("2026-01-01")),
        "turned": lambda: array.T,
        "flat": lambda: array.ravel(),
        "more axes": lambda: array[None, ..., None],
        "less axes": lambda: array[0] if array.ndim and len(array) else array,
        "empty": lambda: array[:0] if array.ndim else np.zeros((0, 3)),
        "scalar": lambda: np.float64(3.0),
        "one": lambda: as_float.ravel()[:1],
        "large": lambda: np.zeros((3000, 700)),
        "big-endian": lambda: as_float.astype(">f8"),
        "longdouble": lambda: as_float.astype(np.longdouble),
        "permuted": lambda: draw.permutation(array.ravel()).reshape(array.shape),
    }
    if how == "out":
        del arrays[name]
    elif how == "more":
        arrays[rng.choice(["valid", "x", "map", "../x", "food"])] = np.zeros((3, 3))
    else:
        with np.errstate(all="ignore"):
            arrays[name] = made[how]()
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{key or "_": arrays[key] for key in arrays})
    return buffer.getvalue(), f"{name} {how}"


class Ran:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (self.path, "w"))


RAN = Path("/") / "hw9-a-pickle-ran"


def object_arrays(whole: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return an ``.npz`` with arrays of objects or records, one of which would run code."""
    how = rng.choice(["objects", "code", "records", "pickle alone"])
    made: Any = np.array([{"a": 1}, None], dtype=object)
    if how == "code":
        made = np.array([Ran(str(RAN))], dtype=object)
    elif how == "records":
        made = np.zeros(3, dtype=[("a", int), ("b", "O")])
    buffer = io.BytesIO()
    if how == "pickle alone":
        np.save(buffer, made, allow_pickle=True)
    else:
        with np.load(io.BytesIO(whole)) as archive:
            arrays: dict[str, Any] = {name: archive[name] for name in archive.files}
        arrays[rng.choice(sorted(arrays))] = made
        np.savez(buffer, allow_pickle=True, **arrays)
    return buffer.getvalue(), how


def _other_npy_header(raw: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return an ``.npy`` whose header claims another type or shape."""
    end = raw.find(b"\n") + 1
    shape = rng.choice(
        ["(2, 3)", "(-1,)", "(10**6, 10**6)", "(1000000, 1000000)", "(4294967296, 4294967296)",
         "()",
         "(0,)", "(0, 1000000000000)", "(True,)", "(1.5,)", "None", "'x'"]
    )  # fmt: skip
    kind = rng.choice(
        ["'<f4'", "'|O'", "'<U9'", "'<U2000000000'", "'|V8'", "'<M8[s]'", "'<c16'", "[('a', 'O')]",
         "'x'", "None", "'|S0'", "'<f16'", "'|b1'"]
    )  # fmt: skip
    order = rng.choice(["True", "False", "3"])
    text = f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}"
    if rng.random() < 0.1:
        text = "{" * 3000
    header = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + raw[end:], text[:90]


class Manifests(_Evidence):
    """``manifest.json``."""

    name = "evidence manifest"
    share = 6

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seeds = [
            f"{name}|{MANIFEST}|".encode() + self.wholes[name][MANIFEST] for name in self.names
        ]

    def mutant(self, rng: random.Random) -> Mutant:
        seed = rng.randrange(len(self.names))
        name = self.names[seed]
        whole = self.wholes[name][MANIFEST]
        data, how, expect = self._mutated(json.loads(whole), whole, rng)
        return Mutant(f"{name}|{MANIFEST}|".encode() + data, f"{name}: {how}", expect, seed)

    def _mutated(self, document: Any, whole: bytes, rng: random.Random) -> tuple[bytes, str, Any]:
        kind = rng.random()
        if kind < 0.12:
            records = rng.sample(document["records"], len(document["records"]))
            made = {"records": records, "format": document["format"]}
            text = json.dumps(made, indent=rng.choice([None, 3]), ensure_ascii=rng.random() < 0.5)
            mark = b"\xef\xbb\xbf" if rng.random() < 0.5 else b""
            return mark + text.encode(), "written anew", "same"
        if kind < 0.55:
            made, how = _changed(document, rng)
            return _as_json(made), how, "any"
        if kind < 0.80:
            record = rng.choice(document["records"])
            if record["values"]:
                value = rng.choice(sorted(record["values"]))
                record["values"][value] = rng.choice(ODD_VALUES)
                return _as_json(document), f"{record['id']} {value}", "any"
            record["file"] = rng.choice(
                ["../x.npz", "/etc/passwd", "", ".", "x\x00y", 5, ["a"], "x" * 400]
            )
            return (
                _as_json(document),
                f"{record['id']} file {str(record['file'])[:20]!r}",
                "refused",
            )
        if kind < 0.96:
            return *damaged(whole, rng), "any"
        how = rng.choice(["deep", "long number", "twice", "UTF-16", "NaN", "empty"])
        made_bytes = {
            "deep": b'{"format": "hw9-evidence/1", "records": ' + b"[" * 100_000,
            "long number": b'{"format": "hw9-evidence/1", "records": [' + b"1" * 10_000 + b"]}",
            "twice": whole + whole,
            "UTF-16": whole.decode().encode("utf-16"),
            "NaN": b'{"format": NaN, "records": []}',
            "empty": b"",
        }[how]
        return made_bytes, how, "refused"

    def read(self, data: bytes) -> Any:
        question, file, raw = data.split(b"|", 2)
        return self.decided(question.decode(), file.decode(), raw)


def _as_json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
