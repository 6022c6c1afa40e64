"""The folder a key is made in: one run at a time, nothing made twice, nothing set by hand lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solver import made_before
from solver.bank import Bank, load_bank
from solver.deciding import quietly
from solver.evidence import Evidence
from solver.kept_overrides import with_kept_overrides
from solver.key import Key, save_key
from solver.one_at_a_time import one_at_a_time
from solver.resources import data_folder
from solver.rules.registry import Figure
from solver.whole_files import clear_half_written, write_whole


@dataclass(frozen=True)
class KeyInFolder:
    """What a folder holds after a run.

    Attributes:
        key: the key, with what was set by hand.
        unchanged: it had been made before from the same inputs, and nothing was run or written.
        kept: ids of the questions for which something set by hand was kept.
    """

    key: Key
    unchanged: bool
    kept: tuple[str, ...]


def make_once(
    out: Path,
    make: Callable[[], Key],
    options: Mapping[str, Any],
    *,
    bank: Path | None = None,
    bundle: Path | None = None,
    evidence: Path | None = None,
) -> KeyInFolder:
    """Return the key of a folder, made by `make` unless it holds just that already.

    Args:
        out: the folder, which this run has for itself meanwhile.
        make: makes and writes the key into `out` (`solver.answer_key.make_key`).
        options: all that shapes the key besides bank, bundle and evidence.
        bank, bundle, evidence: as given to `make`.

    Raises:
        OutputError: another run is writing there, or nothing can be written.
        Hw9Error: what `make` raises.
    """
    questions = load_bank(bank or data_folder("questions"))
    materials = bundle or (data_folder("demo") if evidence is None else None)
    with one_at_a_time(out):
        clear_half_written(out)
        inputs = made_before.inputs_hash(questions, options, bundle=materials, evidence=evidence)
        before = made_before.recall(out, inputs)
        if before is not None:
            return KeyInFolder(before, True, _by_hand(before))
        made_before.forget(out)
        key = make()
        made_before.remember(out, inputs)
        return KeyInFolder(key, False, _by_hand(key))


def _by_hand(key: Key) -> tuple[str, ...]:
    return tuple(each.id for each in key.questions if each.override or each.void)


def write_key_and_page(
    key: Key,
    bank: Bank,
    evidence: Evidence,
    figures: Mapping[str, Sequence[Figure]],
    out: Path,
) -> Key:
    """Write a key and its page into `out`; return the key as written, with what was set by hand.

    Raises:
        KeyFileError: what was set by hand in the key there would be lost.
        OutputError: they cannot be written.
    """
    from solver.page.key_page import render_key_page

    key, _ = with_kept_overrides(key, out / "key.yaml")
    with quietly():
        page = render_key_page(key, bank, evidence, figures)
    write_whole(out / "key.html", page)
    save_key(key, out / "key.yaml")
    return key
