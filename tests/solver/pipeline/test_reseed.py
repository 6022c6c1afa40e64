"""Other seeds: what is run for them, that it is run once, and that evidence alone is enough."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solver.errors import EvidenceError
from solver.evidence import load_evidence
from solver.explain.cnn import lime as lime_segments
from solver.explain.job import ExplainSettings
from solver.key import load_key
from solver.pipeline.make_key import make_key
from solver.pipeline.reseed import load_reseeded, sampling_records, with_other_seeds


def test_seeds_of_two_runs_never_meet() -> None:
    settings = ExplainSettings()
    seen = {
        with_other_seeds(settings, at).smoothgrad_seed + picture
        for at in range(5)
        for picture in range(10)
    }
    assert len(seen) == 50
    assert len({with_other_seeds(settings, at).lime_seed for at in range(5)}) == 5


def test_only_what_rests_on_draws_is_run_again() -> None:
    needed = ["lime/6", "regions/6", "smoothgrad_trace/0", "smoothgrad/9", "lime_known_model"]
    assert sampling_records(needed) == ["lime/6", "smoothgrad/9"]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key of one question of the demo with repeats, its LIME run with one other seed."""
    place = tmp_path_factory.mktemp("reseeded")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ExplainSettings, "__init__", _few(ExplainSettings.__init__))
        make_key(out=place, only=["q02", "q14"], stability=12, reseed=1)
    return place


def _few(init):  # type: ignore[no-untyped-def]
    def with_few_samples(self: ExplainSettings, **changes: object) -> None:
        init(self, **{**changes, "lime_samples": 40})

    return with_few_samples


def test_another_seed_lies_beside_the_evidence(out: Path) -> None:
    first = load_evidence(out / "evidence").get("lime", 1)
    (other,) = load_reseeded(out / "evidence")
    assert [record.id for record in other] == ["lime/1"]
    assert other.get("lime", 1).settings["lime_seed"] != first.settings["lime_seed"]
    assert not np.array_equal(other.get("lime", 1).array("weights"), first.array("weights"))
    key = load_key(out / "key.yaml")
    assert key.stability and (key.stability.repeats, key.stability.reseeded) == (12, 1)
    asked, procedure = key.questions
    assert asked.stability and {"seeds", "samples", "regions"} <= set(asked.stability.by_cause)
    assert procedure.stability and procedure.stability.repeats == 0


def test_from_evidence_alone_the_key_and_its_page_are_the_same(out: Path, tmp_path: Path) -> None:
    make_key(evidence=out / "evidence", out=tmp_path / "again", only=["q02", "q14"], stability=12)
    for name in ("key.yaml", "key.html", "evidence/reseeded-1/manifest.json"):
        assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes()


def test_nothing_is_run_twice(out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    monkeypatch.setattr(ExplainSettings, "__init__", _few(ExplainSettings.__init__))
    monkeypatch.setattr(lime_segments, "answers_for", lambda *_: pytest.fail("LIME ran again"))
    make_key(out=out, only=["q02", "q14"], stability=12, reseed=1)
    assert {path: path.read_bytes() for path in before} == before


def test_a_damaged_other_seed_is_said_of_evidence_and_made_again_of_a_bundle(
    out: Path, tmp_path: Path
) -> None:
    make_key(evidence=out / "evidence", out=tmp_path, only=["q02"], stability=1)
    (tmp_path / "evidence" / "reseeded-1" / "manifest.json").write_text("{torn")
    with pytest.raises(EvidenceError, match="reseeded-1"):
        make_key(evidence=tmp_path / "evidence", only=["q02"])
