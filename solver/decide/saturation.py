"""Check of an answer on saliency maps of a network that is very sure of a picture's label.

The gradient of the cross-entropy holds p - 1, p the probability of the label. In single precision
that is 0 where p is nearer to 1 than numbers are: the map of the course's code then leaves out the
label's own part, and just above it the map depends on one rounding. The record keeps a map with no
part lost beside it (`solver.explain.cnn.saliency.stable_saliency`), on which the question is
decided again.
"""

from __future__ import annotations

from solver.decide.decide import answer_where, verdicts_again
from solver.evidence import Evidence, Record
from solver.key import KeyQuestion, SaturationCheck, Sentence
from solver.rules.registry import PlannedQuestion

LOST = 2.0**-25
"""1 - p below which p is 1 in single precision: half the distance of the number before 1."""
ROUNDED = 1e-6
"""1 - p below which one rounding of p is a thirtieth of it or more."""


def stable_maps(question: PlannedQuestion, evidence: Evidence) -> dict[str, Record]:
    """Return the saliency records of a question with the map that loses nothing as their map."""
    found = {}
    for name, record in evidence.among(question.needs).items():
        if record.kind == "saliency" and "stable" in record.arrays:
            values = {
                **record.values,
                "raw_min": record.values.get("stable_min"),
                "raw_max": record.values.get("stable_max"),
            }
            found[name] = Record(name, {**record.arrays, "map": record.arrays["stable"]}, values)
    return found


def with_saturation_check(
    question: PlannedQuestion, entry: KeyQuestion, evidence: Evidence
) -> KeyQuestion:
    """Return a question's entry with the pictures whose maps lose a part, and if that changes it.

    An entry that is open, or rests on no such map, is returned as it is.
    """
    maps = stable_maps(question, evidence)
    if entry.state == "open" or not maps:
        return entry
    sure: dict[bool, list[int]] = {True: [], False: []}
    for record in maps.values():
        missing = record.values.get("one_minus_p")
        if isinstance(missing, float) and missing < ROUNDED:
            sure[missing < LOST].append(int(record.id.partition("/")[2]))
    records = {record.id: record for record in evidence}
    holds = verdicts_again(question, entry, Evidence(records | maps, evidence.bundle))
    changed = None in holds or answer_where(question, entry.options, holds) != entry.correct
    if not (changed or sure[True] or sure[False]):
        return entry
    check = SaturationCheck(lost=sorted(sure[True]), rounded=sorted(sure[False]), changed=changed)
    return entry.model_copy(update={"saturation": check, "note": _note(entry, check)})


def _note(entry: KeyQuestion, check: SaturationCheck) -> Sentence:
    english, chinese = [], ""
    for pictures, why, chinese_why in (
        (
            check.lost,
            "leaves out the label's own part of the gradient",
            "課程程式的單精度顯著圖遺漏了標籤本身的梯度",
        ),
        (check.rounded, "depends on one rounding", "課程程式的單精度顯著圖取決於一次捨入"),
    ):
        if pictures:
            named = ", ".join(map(str, pictures))
            english.append(
                f"The network is so sure of picture {named} that the map of the course's code, in "
                f"single precision, {why}."
            )
            chinese += f"網路對圖片 {named} 極為確信，{chinese_why}。"
    english.append(
        "Maps that lose no part give another answer."
        if check.changed
        else "Maps that lose no part give the same answer."
    )
    chinese += "改用沒有損失的顯著圖，答案" + ("會改變。" if check.changed else "不變。")
    return entry.note_with(" ".join(english), chinese)
