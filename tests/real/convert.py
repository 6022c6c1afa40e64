"""Puts real outputs of the course's network and models into the evidence format.

::

    scripts/in-env python tests/real/convert.py ../shared/real OUT
    scripts/in-env hw9 key --evidence OUT --out KEY

The first folder is described in docs/measured/real-outputs.md. The same files give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

if __package__ in (None, ""):  # run as a script: its neighbours lie beside it
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from solver.banks.bank import load_bank
from solver.errors import EvidenceError, Hw9Error
from solver.evidence import Evidence, Record, save_evidence
from solver.explain.run.demo_procedures import procedure_records
from solver.files.resources import shipped_bank
from solver.pipeline.make_key import needed_records
from solver.rules.registry import plan_questions
from tests.real.read_figures import figure_records, map_records
from tests.real.read_plots import plot_records
from tests.real.read_tables import table_records


def _arrays(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    if not path.is_file():
        raise EvidenceError(
            "is not there", path=path, mend="Give the folder of the course's real outputs."
        )
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def figures_and_tables(real: Path) -> Iterator[Record]:
    """Yield what takes a second: pictures, maps, figures and tables.

    Raises:
        EvidenceError: a file is missing.
    """
    maps, figures = _arrays(real / "maps_128px.npz"), _arrays(real / "figures_70px.npz")
    yield from map_records(maps, shipped_bank() / "regions" / "2021.yaml")
    yield from figure_records(figures, maps)
    yield from table_records(real)


def asked() -> list[str]:
    """The ids of all records that the questions of 2021 ask for."""
    return needed_records(plan_questions(load_bank(shipped_bank("2021"))))


def converted(real: Path) -> Evidence:
    """Return the evidence a folder of real outputs gives, with the records on procedures, which
    are made on the demo.

    Raises:
        EvidenceError: a file is missing or cannot be read for certain.
    """
    every = [*figures_and_tables(real), *plot_records(real), *procedure_records(asked())]
    return Evidence({record.id: record for record in every}, {"name": "real outputs of 2021"})


def main() -> int:
    """Convert the folder named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("real", type=Path, help="the folder of real outputs")
    parser.add_argument("out", type=Path, help="the folder of evidence to write")
    given = parser.parse_args()
    try:
        evidence = converted(given.real)
        given.out.mkdir(parents=True, exist_ok=True)
        save_evidence(evidence, given.out)
    except (Hw9Error, OSError) as problem:
        print(f"convert.py: {problem}", file=sys.stderr)
        return 1
    kinds = sorted({record.kind for record in evidence})
    print(f"{len(evidence)} records in {given.out}: {', '.join(kinds)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
