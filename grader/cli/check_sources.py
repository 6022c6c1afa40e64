"""The key that `hw9 check` holds answers against: read, or made from what a student has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solver.evidence import Evidence
    from solver.key import Key
    from solver.pipeline.key_folder import Workspace


@dataclass(frozen=True)
class KeySource:
    """What the key is read or made from: just one of these.

    Attributes:
        key: a file ``key.yaml``.
        bundle: a folder of course materials.
        evidence: a folder of evidence, or a zip of it.
        notebooks: executed notebooks.
    """

    key: Path | None = None
    bundle: Path | None = None
    evidence: Path | None = None
    notebooks: tuple[Path, ...] = ()

    @property
    def given(self) -> int:
        """How many of them are given."""
        return sum(map(bool, (self.key, self.bundle, self.evidence, self.notebooks)))


def key_and_evidence(
    source: KeySource, bank: Path, out: Path | None, *, shown: bool
) -> tuple[Key, Evidence | None]:
    """Return the key, and the evidence it rests on where that is at hand.

    Args:
        source: what it is read or made from.
        bank: folder of the questions.
        out: folder of the page, and of a bundle's key; without one, a bundle's key is kept
            nowhere and the evidence of a key that is read is left alone.
        shown: show what is being run.

    Raises:
        Hw9Error: what was given cannot be read or does not fit the questions.
    """
    if source.key is not None:
        from solver.banks.bank import load_bank
        from solver.key_checks.agreement import load_key_for

        # A measured answer of another number than the question asks for is no fault of who checks.
        key = load_key_for(load_bank(bank), source.key, derived=False)
        if out is None:
            return key, None
        from solver.evidence import earlier_evidence

        return key, earlier_evidence(source.key.parent / "evidence")
    if source.bundle is not None:
        return _from_bundle(source.bundle, bank, out, shown=shown)
    if source.evidence is not None:
        from solver.files.zipped_folder import as_folder
        from solver.pipeline.make_key import make_key

        with as_folder(source.evidence) as folder:
            made = make_key(bank=bank, evidence=folder)
        return made.key, made.evidence
    return _from_notebooks(source.notebooks, bank, shown=shown)


def _from_notebooks(
    notebooks: tuple[Path, ...], bank: Path, *, shown: bool
) -> tuple[Key, Evidence]:
    from grader.cli.evidence import read_notebooks
    from solver.banks.bank import load_bank
    from solver.pipeline.make_key import decide, planned

    read = read_notebooks(notebooks, bank, procedures=True, shown=shown)
    questions = load_bank(bank)
    made = decide(questions, planned(questions), read.evidence)
    return made.key, made.evidence


def _from_bundle(
    bundle: Path, bank: Path, out: Path | None, *, shown: bool
) -> tuple[Key, Evidence | None]:
    from grader.cli.explain_progress import watching
    from grader.cli.key import chosen_device
    from solver.evidence import earlier_evidence
    from solver.pipeline.key_folder import make_once
    from solver.pipeline.make_key import make_key

    with watching(shown=shown) as progress:

        def make(desk: Workspace | None = None) -> tuple[Key, Evidence]:
            folder, stopped = (desk.folder, desk.stopped) if desk else (None, ())
            made = make_key(
                bundle=bundle, bank=bank, out=folder, device=chosen_device("auto"),
                progress=progress, stopped=stopped,
            )  # fmt: skip
            return made.key, made.evidence

        if out is None:
            return make()
        key = make_once(out, lambda desk: make(desk)[0], {}, bank=bank, bundle=bundle).key
        return key, earlier_evidence(out / "evidence")
