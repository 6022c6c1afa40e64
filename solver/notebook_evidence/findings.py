"""Findings, one for each figure of a notebook, and the settings of reading them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from solver.banks.course_settings import LimeSettings
from solver.evidence import Record
from solver.notebook_evidence.figures.known_pictures import KnownPicture


@dataclass
class Finding:
    """One figure, or the plots of one cell, and the evidence read out of it.

    Attributes:
        notebook: its number among those given, from 1.
        where: cell and figure.
        what: the figure in words; "" for an unknown one.
        records: the evidence it gives.
        sure: how surely it was read, in words.
        remarks: what it lacks, contradictions, what was left out.
        handed_out: it is a figure that the course handed out.
        figures: how many PNGs it covers.
    """

    notebook: int
    where: str
    what: str = ""
    records: list[Record] = field(default_factory=list)
    sure: str = ""
    remarks: list[str] = field(default_factory=list)
    handed_out: bool = False
    figures: int = 1


@dataclass(frozen=True)
class ReadingSettings:
    """Settings of reading a notebook.

    Attributes:
        edition: of the bank.
        regions: the bank's file of regions.
        known: pictures that may be shown.
        lime: how LIME is run for the key.
        handed_out: hashes of the figures the course handed out.
    """

    edition: str
    regions: Path
    known: list[KnownPicture]
    lime: LimeSettings
    handed_out: frozenset[str] = frozenset()
