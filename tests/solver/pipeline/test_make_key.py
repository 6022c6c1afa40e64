"""From evidence to a key: partial, damaged, without torch; and from a bundle that is mirrored."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solver.banks.bank import Bank, MeasuredChoices, load_bank
from solver.bundle.bundle import Bundle
from solver.decide.decide import measured_options
from solver.errors import BankError, BundleError, EvidenceError
from solver.evidence import Evidence, Record, load_evidence, save_evidence
from solver.explain.job import ExplainSettings
from solver.explain.run.runner import run_explanations
from solver.files.resources import shipped_bank
from solver.key import Key, dump_key, lack_in_english, lacks_named, load_key
from solver.pipeline.make_key import decide, make_key, needed_records, planned
from solver.rules.registry import PlannedQuestion, Verdict

REPOSITORY = Path(__file__).resolve().parents[3]
CNN_HALF = [f"q{at:02}" for at in range(1, 21)]
FEW = ExplainSettings(lime_samples=20, smoothgrad_samples=4)
# Fitting drawings takes seconds each; elsewhere their rules are tested by themselves.
QUICK = [name for name in CNN_HALF if name not in ("q07", "q08")]


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank(shipped_bank())


@pytest.fixture(scope="module")
def questions(bank: Bank) -> list[PlannedQuestion]:
    return planned(bank, QUICK)


@pytest.fixture(scope="module")
def evidence(demo: Bundle, questions: list[PlannedQuestion]) -> Evidence:
    """Evidence for the quick questions: the demo's, with few samples and no long paths."""
    long = "integrated_gradients/7/"
    wanted = [name for name in needed_records(questions) if not name.startswith(long)]
    several = [f"{long}{steps}" for steps in (10, 20)]
    found, failures = _run(demo, [*wanted, *several])
    assert failures == {}
    # The rule compares maps; that these are of 20 steps is nothing to it.
    base = found.get("integrated_gradients", 7, 20)
    for steps in (100, 1000):
        found.add(Record(f"{long}{steps}", base.arrays, base.values))
    return found


def _run(demo: Bundle, wanted: list[str]) -> tuple[Evidence, dict[str, str]]:
    from solver.explain.run.runner import run_explanations

    return run_explanations(wanted, demo, FEW)


@pytest.fixture(scope="module")
def saved(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence")
    save_evidence(evidence, folder)
    return folder


def text_of(key: Key) -> str:
    return dump_key(key)


def test_every_question_with_its_evidence_is_decided(
    bank: Bank, questions: list[PlannedQuestion], evidence: Evidence
) -> None:
    key = decide(bank, questions, evidence).key
    assert [question.id for question in key.questions] == QUICK
    for question in key.questions:
        assert question.state == "decided", question
        assert question.points == Decimal("0.3")
        assert question.correct == [option.id for option in question.options if option.holds]
        for option in question.options:
            assert option.holds is not None
            assert option.sentence.en
            assert option.sentence.zh_hant


def test_the_same_evidence_gives_the_same_bytes_in_any_order(
    bank: Bank, questions: list[PlannedQuestion], evidence: Evidence, saved: Path
) -> None:
    first = text_of(decide(bank, questions, evidence).key)
    turned = Evidence({record.id: record for record in reversed(list(load_evidence(saved)))})
    assert text_of(decide(bank, questions, turned).key) == first


WITHOUT_TORCH = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision", "captum", "transformers"):
            raise ModuleNotFoundError(name + " is not to be had here")

sys.meta_path.insert(0, Blocked())
from pathlib import Path
from solver.pipeline.make_key import make_key
make_key(evidence=Path(sys.argv[1]), out=Path(sys.argv[2]), only=sys.argv[3].split(","))
"""


def test_without_torch_the_key_is_the_same(
    bank: Bank, questions: list[PlannedQuestion], evidence: Evidence, saved: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-c", WITHOUT_TORCH, str(saved), str(out), ",".join(QUICK)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (out / "key.yaml").read_text(encoding="utf-8") == text_of(
        decide(bank, questions, evidence).key
    )
    assert (out / "key.html").stat().st_size > 10_000
    again = load_evidence(out / "evidence")
    assert {record.id for record in again} == set(needed_records(questions))
    assert load_key(out / "key.yaml").questions[0].id == "q01"


def _without(evidence: Evidence, *names: str) -> Evidence:
    return Evidence({record.id: record for record in evidence if record.id not in names})


def test_what_is_missing_leaves_its_questions_open_and_the_rest_answered(
    bank: Bank, questions: list[PlannedQuestion], evidence: Evidence
) -> None:
    whole = {q.id: q for q in decide(bank, questions, evidence).key.questions}
    for name in ("lime/6", "regions/9", "smoothgrad_trace/0", "module/6", "saliency/3"):
        key = decide(bank, questions, _without(evidence, name)).key
        for asked, question in zip(questions, key.questions, strict=True):
            if name in asked.needs:
                assert question.state == "open"
                assert question.correct == []
                assert question.lacks == [name]
            else:
                assert question == whole[question.id]


def test_no_evidence_at_all_is_a_key_of_open_questions(
    bank: Bank, questions: list[PlannedQuestion]
) -> None:
    key = decide(
        bank, questions, Evidence(), reasons={"lime/6": ("no checkpoint", "沒有檢查點")}
    ).key
    assert all(question.state == "open" and question.lacks for question in key.questions)
    assert "lime/6: no checkpoint" in map(lack_in_english, key.questions[0].lacks)
    assert "LIME，圖片 6：沒有檢查點" in lacks_named(key.questions[0].lacks)[1]
    assert [question.correct for question in key.questions] == [[]] * len(QUICK)


def _damaged(record: Record) -> Iterator[tuple[str, Record]]:
    """The record with one thing wrong with it, in many ways."""

    def with_array(name: str, array: np.ndarray) -> Record:
        return Record(record.id, {**record.arrays, name: array}, record.values)

    for name, array in record.arrays.items():
        less = {other: kept for other, kept in record.arrays.items() if other != name}
        yield f"no {name}", Record(record.id, less, record.values)
        yield f"flat {name}", with_array(name, array.ravel())
        yield f"deep {name}", with_array(name, array[..., None])
        yield f"empty {name}", with_array(name, array[:0])
        yield f"words {name}", with_array(name, np.full(array.shape, "x"))
        yield f"small {name}", with_array(name, array[:3, :3] if array.ndim > 1 else array[:1])
        if array.dtype.kind == "f":
            yield f"NaN {name}", with_array(name, np.full_like(array, np.nan))
        yield f"zero {name}", with_array(name, np.zeros_like(array))
    for name in record.values:
        less = {other: kept for other, kept in record.values.items() if other != name}
        yield f"no value {name}", Record(record.id, record.arrays, less)
        for wrong in ("x", None, -1, [], {}, 1e400):
            values: dict[str, Any] = {**record.values, name: wrong}
            yield f"{name} = {wrong!r}", Record(record.id, record.arrays, values)


CHEAP_TO_DECIDE = [
    "q01",
    "q02",
    "q03",
    "q05",
    "q06",
    "q10",
    "q12",
    "q13",
    "q14",
    "q16",
    "q17",
    "q18",
    "q20",
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("identifier", CHEAP_TO_DECIDE)
def test_damaged_evidence_never_ends_in_a_traceback(
    bank: Bank, evidence: Evidence, identifier: str
) -> None:
    (asked,) = planned(bank, [identifier])
    base = Evidence({name: evidence.get(*name.split("/")) for name in asked.needs})
    tried = 0
    for name in dict.fromkeys([asked.needs[0], *(n for n in asked.needs if "regions" in n)]):
        record = base.get(*name.split("/"))
        for what, spoilt in _damaged(record):
            tried += 1
            changed = Evidence({r.id: r for r in base})
            changed.add(spoilt)
            (question,) = decide(bank, [asked], changed).key.questions
            assert question.state in ("open", "decided"), what
            undecided = any(option.holds is None for option in question.options)
            assert (question.state == "open") == (bool(question.lacks) or undecided), what
            for option in question.options:
                numbers = (option.value, option.threshold, option.margin)
                assert all(np.isfinite(n) for n in numbers if isinstance(n, float)), what
    assert tried > 3


def test_a_question_is_planned_by_its_id_alone(bank: Bank) -> None:
    (one,) = planned(bank, ["q14"])
    assert needed_records([one]) == ["module/6"]
    assert len(planned(bank)) == len(bank.questions)
    with pytest.raises(BankError, match="there is no question 'q99'"):
        planned(bank, ["q99"])


def test_records_are_needed_once_each(bank: Bank) -> None:
    names = needed_records(planned(bank, CNN_HALF))
    assert len(names) == len(set(names))
    assert names.count("saliency/0") == 1


def test_a_bundle_in_and_a_folder_out(tmp_path: Path, demo: Bundle) -> None:
    made = make_key(out=tmp_path, only=["q14", "q17"])
    assert {path.name for path in tmp_path.iterdir()} == {"key.yaml", "key.html", "evidence"}
    key = load_key(tmp_path / "key.yaml")
    assert key == made.key
    assert key.bundle["files"] == demo.files
    assert key.bank["sha256"]
    assert key.code["sha256"]
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    make_key(out=tmp_path, only=["q14", "q17"])
    assert {path: path.read_bytes() for path in before} == before


def test_a_broken_checkpoint_is_said_before_anything_runs(tmp_path: Path, demo: Bundle) -> None:
    (tmp_path / "food").mkdir()
    for picture in demo.pictures:
        (tmp_path / "food" / picture.path.name).write_bytes(picture.path.read_bytes())
    (tmp_path / "checkpoint.pth").write_bytes(b"torn")
    with pytest.raises(BundleError, match=r"checkpoint\.pth"):
        make_key(bundle=tmp_path, out=tmp_path / "out", only=["q14"])
    assert not (tmp_path / "out" / "key.yaml").exists()


def test_a_folder_that_is_no_evidence_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"manifest\.json"):
        make_key(evidence=tmp_path, only=["q14"])


def test_damage_left_by_an_earlier_run_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "manifest.json").write_text("{torn")
    make_key(out=tmp_path, only=["q14"])
    assert "module/6" in load_evidence(tmp_path / "evidence")


def test_explain_runs_what_the_questions_need(bank: Bank, demo: Bundle) -> None:
    found, failures = run_explanations(needed_records(planned(bank, ["q14"])), demo, FEW)
    assert failures == {}
    assert [record.id for record in found] == ["module/6"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.4, ["0.20", "0.40", "0.80"]), (0.123456, ["0.06", "0.12", "0.25"]), (0.0, ["0.00"])],
)
def test_measured_choices_stand_in_order_with_one_right(value: float, expected: list[str]) -> None:
    choices = MeasuredChoices(factors=[Decimal(2), Decimal("0.5")], decimals=2)
    verdict = Verdict(True, value, "", "", None, None, ("a", "甲"))
    options = measured_options("x", choices, verdict)
    assert [option.text for option in options] == expected
    assert [option.id for option in options] == [chr(97 + at) for at in range(len(expected))]
    (right,) = [option.text for option in options if option.holds]
    assert right == f"{value:.2f}"
