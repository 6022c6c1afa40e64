"""Check that a key is up to date: same inputs, unchanged outputs.

Same inputs give the same bytes, so a run with the inputs of the run before has nothing to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from solver.banks.bank import Bank
from solver.code_version import code_hash
from solver.errors import KeyFileError
from solver.files.atomic_write import sha256_of, sha256_of_all, write_whole
from solver.files.resources import data_folder, shipped_region_files
from solver.key import Key, load_key

FORMAT = "hw9-made/1"
FILE = "made.json"
_LIBRARIES = (
    "captum", "lime", "matplotlib", "numpy", "pillow", "safetensors", "scikit-image",
    "scikit-learn", "scipy", "tokenizers", "torch", "torchvision", "transformers",
)  # fmt: skip


def inputs_hash(
    bank: Bank, options: Mapping[str, Any], *, bundle: Path | None, evidence: Path | None
) -> str:
    """Return one hash of all inputs of a run.

    Args:
        bank: the questions.
        options: the run's own, as JSON can hold them.
        bundle: its folder, where the run has one.
        evidence: the folder of evidence the run decides on or begins from, if one is given.

    Raises:
        BundleError: the bundle cannot be read.
    """
    parts = {
        "bank": bank.sha256,
        "code": code_hash(),
        # Other versions may round otherwise, or draw other samples.
        "libraries": json.dumps({name: _version(name) for name in _LIBRARIES}),
        "options": json.dumps(dict(options), sort_keys=True),
        "regions": sha256_of_all(_hashes(data_folder("questions"), shipped_region_files())),
        "templates": _hash_of(data_folder("templates")),
    }
    if bundle is not None:
        from solver.bundle.bundle import load_bundle

        parts["bundle"] = sha256_of_all(load_bundle(bundle).files)
        # The key's page names it.
        parts["bundle name"] = bundle.resolve().name
    if evidence is not None:
        parts["evidence"] = _hash_of(evidence)
    return sha256_of_all(parts)


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""  # evidence can be decided on without it


def _hash_of(folder: Path) -> str:
    return sha256_of_all(_hashes(folder, folder.rglob("*")))


def _hashes(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    # Not the note itself, which holds these hashes.
    files = (path for path in paths if path.is_file() and path.name != FILE)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(files)}


def _outputs(out: Path) -> dict[str, str]:
    pages = (out / "key.yaml", out / "key.html")
    return _hashes(out, [*pages, *(out / "evidence").rglob("*")])


def remember(out: Path, inputs: str) -> None:
    """Write into `out` that it holds the output of a run on these inputs.

    Raises:
        OutputError: it cannot be written.
    """
    document = {"format": FORMAT, "inputs": inputs, "outputs": _outputs(out)}
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    write_whole(out / "evidence" / FILE, text + "\n")  # last: a killed run leaves no note


def recall(out: Path, inputs: str) -> Key | None:
    """Return the key in `out` if a run on these inputs would write the same again, else None."""
    try:
        document = json.loads((out / "evidence" / FILE).read_text(encoding="utf-8"))
        # The outputs by their hashes too: a page or a record changed by hand is made again.
        known = document["format"] == FORMAT and document["inputs"] == inputs
        if not known or document["outputs"] != _outputs(out):
            return None
        return load_key(out / "key.yaml")
    except (OSError, ValueError, KeyError, TypeError, RecursionError, KeyFileError):
        return None  # making the key again mends any fault of these files


def forget(out: Path) -> None:
    """Remove the note of `remember`, before anything in `out` is changed."""
    (out / "evidence" / FILE).unlink(missing_ok=True)
