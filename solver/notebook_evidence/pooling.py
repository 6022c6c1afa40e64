"""Records of several notebooks as one set of evidence, with the differences between them named.

Records that are equal, to a level of rounding, are one measurement, however many notebooks show
them: the methods are deterministic but for SmoothGrad, of which other notebooks hold other draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from solver.evidence import Record
from solver.notebook_evidence.findings import Finding
from solver.notebook_evidence.table_records import merged_tables

LEVEL = 2.5 / 255
"""Two readings of one map differ by a level of 255 or two."""
ALIKE = 0.99
"""Share of the places in which two records of one measurement are that near."""
MARKERS_APART = 0.05
"""Units that a token's place may differ in, of some tens: half a pixel is .01 to .02."""
KEPT_DRAWS = ("smoothgrad",)


@dataclass
class Pooled:
    """The records of several notebooks together.

    Attributes:
        records: by id; of several measurements the first one's.
        draws: further draws of SmoothGrad: each a record by id, as if from a run with another seed.
        measured_in: by id, how many notebooks show the measurement that was taken.
        differences: sentences on the settings that are not the same in all.
    """

    records: dict[str, Record] = field(default_factory=dict)
    draws: list[dict[str, Record]] = field(default_factory=list)
    measured_in: dict[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


def pooled(findings: Sequence[Finding], superpixels: str) -> Pooled:
    """Return the records of all findings together.

    Args:
        findings: of all notebooks, in the order in which they were given.
        superpixels: version of scikit-image whose LIME counts before another's.
    """
    found: dict[str, list[tuple[int, Record]]] = {}
    for one in findings:
        for record in one.records:
            found.setdefault(record.id, []).append((one.notebook, record))
    result = Pooled()
    differing: dict[tuple[str, tuple[int, ...]], dict[str, float | None]] = {}
    for name, some in sorted(found.items()):
        if name == "embeddings":
            result.records[name] = merged_tables([record for _, record in some])
            result.measured_in[name] = len({number for number, _ in some})
            continue
        # Stable: among those of the key's version the first notebook's stays first.
        some.sort(key=lambda pair: _other_superpixels(pair[1], superpixels))
        groups = _measurements(some)
        result.records[name] = _counted(groups[0])
        result.measured_in[name] = len({number for number, _ in groups[0]})
        kind = result.records[name].kind
        for others in groups[1:]:
            # These differ by resampling and say nothing of a method.
            if kind not in ("picture", "regions"):
                numbers = tuple(sorted({number for number, _ in others}))
                likeness = _likeness(groups[0][0][1], others[0][1])
                differing.setdefault((kind, numbers), {})[name] = likeness
        if kind in KEPT_DRAWS:
            for at, others in enumerate(groups[1:]):
                while len(result.draws) <= at:
                    result.draws.append({})
                result.draws[at][name] = _counted(others)
    result.differences = [_told(*key, names) for key, names in sorted(differing.items())]
    return result


def _told(kind: str, numbers: tuple[int, ...], likeness: dict[str, float | None]) -> str:
    """A sentence on records of a kind that differ from the first notebook's."""
    names = sorted(likeness)
    which = f"notebook{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
    known = sorted(one for one in likeness.values() if one is not None)
    what = "another draw" if kind in KEPT_DRAWS else "another measurement"
    if known:
        what += f", correlated {known[0]:.3f} to {known[-1]:.3f} with the first"
    return f"{kind} in {which}: {what} ({len(names)} records, from {names[0]} on)"


def _other_superpixels(record: Record, wanted: str) -> bool:
    made = record.settings.get("lime_superpixels")
    return made is not None and made["scikit_image"] != wanted


def _measurements(some: list[tuple[int, Record]]) -> list[list[tuple[int, Record]]]:
    """The records of one id in groups of equal ones, the first's group first."""
    groups: list[list[tuple[int, Record]]] = []
    for one in some:
        same = next((group for group in groups if equal(group[0][1], one[1])), None)
        if same is None:
            groups.append([one])
        else:
            same.append(one)
    return groups


def _counted(group: list[tuple[int, Record]]) -> Record:
    record = group[0][1]
    notebooks = sorted({number for number, _ in group})
    return replace(record, values={**record.values, "shown_by_notebooks": notebooks})


def equal(one: Record, other: Record) -> bool:
    """Say whether two records of one id are the same measurement, read twice."""
    if set(one.arrays) != set(other.arrays):
        return False
    both = None
    if "valid" in one.arrays and one.arrays["valid"].shape == other.arrays["valid"].shape:
        both = one.arrays["valid"] & other.arrays["valid"]
    for name, array in one.arrays.items():
        again = other.arrays[name]
        # They follow from how it was drawn, not from what was measured.
        if name in ("valid", "segments", "figure"):
            continue
        if array.shape != again.shape:
            return False
        near = MARKERS_APART if name == "points" else LEVEL
        # Bytes count to 255, maps to 1.
        if name == "rgb" and array.dtype == np.uint8:
            near *= 255
        close = np.abs(array.astype(np.float64) - again) <= near
        if both is not None and close.shape[:2] == both.shape:
            close = close[both]
        if close.mean() < ALIKE:
            return False
    return True


def _likeness(one: Record, other: Record) -> float | None:
    """Correlation of two maps of one shape where both can be read; None for other records."""
    name = next((n for n in ("map", "rgb") if n in one.arrays), None)
    if name is None or one.arrays[name].shape != other.arrays[name].shape:
        return None
    a, b = one.arrays[name], other.arrays[name]
    both = np.ones(a.shape[:2], bool)
    if "valid" in one.arrays and one.arrays["valid"].shape == other.arrays["valid"].shape:
        both = one.arrays["valid"] & other.arrays["valid"]
    if np.ptp(a[both]) == 0 or np.ptp(b[both]) == 0:
        return None
    return float(np.corrcoef(a[both].ravel(), b[both].ravel())[0, 1])
