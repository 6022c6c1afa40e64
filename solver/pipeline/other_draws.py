"""Check of an answer that rests on one random draw: is it the same on the others that are there?

Other draws are runs with other seeds, or those of other people's notebooks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from solver.decide.decide import answer_where, verdicts_again
from solver.evidence import Evidence
from solver.key import Answer, KeyQuestion, OtherDraws, OtherSet, Sentence, no_answer
from solver.rules.registry import PlannedQuestion


def with_other_draws(
    question: PlannedQuestion, entry: KeyQuestion, evidence: Evidence, draws: Sequence[Evidence]
) -> KeyQuestion:
    """Return a question's entry with the answers that other draws of its records give.

    An entry that is open, or of which there is no other draw, is returned as it is.

    Args:
        question: with its rule and parameters.
        entry: its decision on `evidence`.
        evidence: with the first draw of each record.
        draws: each with the records that were drawn again.
    """
    drawn = [records for draw in draws if (records := draw.among(question.needs))]
    if entry.state == "open" or not drawn:
        return entry
    first = {record.id: record for record in evidence}
    found = Counter[tuple[bool | None, ...]]()
    for records in drawn:
        again = Evidence(first | records, evidence.bundle)
        found[tuple(verdicts_again(question, entry, again))] += 1
    base = tuple(option.holds for option in entry.options)
    sets = [
        OtherSet(
            correct=no_answer(entry.kind)
            if None in holds
            else answer_where(question, entry.options, holds),
            share=round(count / len(drawn), 6),
        )
        for holds, count in found.most_common()
        if holds != base
    ]
    checked = OtherDraws(draws=len(drawn), sets=sets)
    kinds = {record.kind for records in drawn for record in records.values()}
    note = _note(entry, checked, kinds) if sets else entry.note
    return entry.model_copy(update={"draws": checked, "note": note})


_METHODS = {"lime": "LIME", "smoothgrad": "SmoothGrad"}


def _note(entry: KeyQuestion, checked: OtherDraws, kinds: set[str]) -> Sentence:
    methods = " and ".join(sorted(_METHODS.get(kind, kind) for kind in kinds))
    parts, chinese_parts = [], []
    for other in checked.sets:
        count = round(other.share * checked.draws)
        answer = _said(other.correct)
        parts.append(f"{count} give{'s' * (count == 1)} {answer or 'none'}")
        chinese_parts.append(f"{count} 次得到 {answer}" if answer else f"{count} 次沒有答案")
    draws = "draws" if checked.draws > 1 else "draw"
    english = f"Of {checked.draws} other {draws} of {methods}, {', '.join(parts)}."
    chinese = f"另外 {checked.draws} 次 {methods.replace(' and ', '、')} 抽樣中，"
    chinese += f"{'、'.join(chinese_parts)}。"
    return entry.note_with(english, chinese)


def _said(answer: Answer) -> str:
    if isinstance(answer, dict):
        return "; ".join(answer.values())
    return ", ".join(answer)
