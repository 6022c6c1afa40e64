"""Running what a plan asks for: each once, kept where still good, and no trace left behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from solver.bundle.bundle import Bundle, load_bundle
from solver.evidence import Evidence, Record, load_evidence
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import all_explanations, explanation_for
from solver.explain.run.runner import RunOptions, run_explanations
from solver.explain.run.workers import Workers

FEW = ExplainSettings(lime_samples=20, smoothgrad_samples=3, visualization_steps=2)
EVERY_KIND = [
    "picture/1",
    "regions/1",
    "lime/1",
    "lime_known_model",
    "saliency/1",
    "saliency_derivative",
    "smoothgrad/1",
    "smoothgrad_trace/1",
    "module/6",
    "activation/15/1",
    "filter_visualization/6/1",
    "filter_trace/6/1",
    "integrated_gradients/1/3",
    "integrated_path/1",
    "lime_watched/1",
    "saliency_watched/1",
    "smoothgrad_watched/1",
    "integrated_gradients_watched/1",
]
CHEAP = ["picture/0", "regions/0", "saliency/0", "activation/6/1", "module/6"]


class Seen:
    """A progress bar that remembers, and stops the run when told to."""

    def __init__(self, stop_at: str = "") -> None:
        self.planned: list[tuple[str, int]] = []
        self.begun: list[str] = []
        self.finished: list[str] = []
        self.passes = 0
        self.stop_at = stop_at

    def start(self, jobs: list[tuple[str, int]]) -> None:
        self.planned = jobs

    def begin(self, identifier: str) -> None:
        if identifier == self.stop_at:
            raise KeyboardInterrupt
        self.begun.append(identifier)

    def advance(self, passes: int) -> None:
        self.passes += passes

    def finish(self, identifier: str, seconds: float) -> None:
        self.finished.append(identifier)


def hooks_on(network: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(part, kind)) for part in network.modules() for kind in kinds)


def run(wanted: list[str], bundle: Bundle, **options: Any) -> tuple[Evidence, Seen]:
    """Run quietly; what could not be made fails the test."""
    seen = options.pop("progress", None) or Seen()
    settings, about = options.pop("settings", FEW), options.pop("about", None)
    evidence, failures = run_explanations(
        wanted, bundle, settings, RunOptions(seen, about=about), **options
    )
    assert failures == {}
    return evidence, seen


def test_every_kind_of_the_cnn_half_is_run_here() -> None:
    of_bert = {name for name, found in all_explanations().items() if found.inputs is not None}
    assert {name.split("/")[0] for name in EVERY_KIND} == set(all_explanations()) - of_bert


@pytest.mark.parametrize("identifier", EVERY_KIND)
def test_nothing_is_left_behind(demo: Bundle, identifier: str) -> None:
    weights = {name: value.clone() for name, value in demo.network.state_dict().items()}
    pixels = [picture.rgb.copy() for picture in demo.pictures]
    numpy_state, torch_state = np.random.get_state(), torch.get_rng_state()
    seen = Seen()
    record = explanation_for(identifier).run(Job(identifier, demo, FEW, seen.advance))
    assert record.id == identifier
    assert hooks_on(demo.network) == 0
    assert not demo.network.training
    assert all(one.grad is None and not one.requires_grad for one in demo.network.parameters())
    after = demo.network.state_dict()
    assert all(torch.equal(weights[name], after[name]) for name in weights)
    assert all(np.array_equal(a, b.rgb) for a, b in zip(pixels, demo.pictures, strict=True))
    assert torch.equal(torch_state, torch.get_rng_state())
    assert all(
        np.array_equal(a, b) for a, b in zip(numpy_state, np.random.get_state(), strict=True)
    )
    expected = explanation_for(identifier).passes(Job(identifier, demo, FEW))
    assert seen.passes == expected


@pytest.mark.parametrize(
    "identifier", ["smoothgrad_trace/1", "integrated_path/1", "filter_trace/6/1"]
)
def test_hooks_go_when_a_run_is_broken_off(demo: Bundle, identifier: str) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explanation_for(identifier).run(Job(identifier, demo, FEW, stop))
    assert hooks_on(demo.network) == 0


@pytest.mark.parametrize("identifier", EVERY_KIND)
def test_the_same_job_gives_the_same_record(demo: Bundle, identifier: str) -> None:
    first, again = (explanation_for(identifier).run(Job(identifier, demo, FEW)) for _ in range(2))
    assert first.values == again.values
    assert first.settings == again.settings
    assert first.inputs == again.inputs
    assert first.arrays.keys() == again.arrays.keys()
    assert all(np.array_equal(first.arrays[name], again.arrays[name]) for name in first.arrays)


def test_each_explanation_runs_once_in_the_order_asked(demo: Bundle) -> None:
    evidence, seen = run([*CHEAP, *reversed(CHEAP)], demo)
    assert seen.begun == seen.finished == CHEAP
    assert [name for name, _ in seen.planned] == CHEAP
    assert seen.passes == sum(passes for _, passes in seen.planned)
    assert {record.id for record in evidence} == set(CHEAP)


def test_a_run_that_was_stopped_goes_on(demo: Bundle, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(CHEAP, demo, folder=tmp_path, progress=Seen(stop_at="saliency/0"))
    known = load_evidence(tmp_path)
    assert {record.id for record in known} == {"picture/0", "regions/0"}
    _, seen = run(CHEAP, demo, folder=tmp_path, known=known)
    # Regions are read again each time: they cost nothing and their file may have been edited.
    assert seen.begun == ["regions/0", "saliency/0", "activation/6/1", "module/6"]
    whole = load_evidence(tmp_path)
    assert {record.id for record in whole} == set(CHEAP)
    _, seen = run(CHEAP, demo, folder=tmp_path, known=whole)
    assert seen.begun == ["regions/0"]


def test_a_stop_in_the_second_run_loses_nothing_of_the_first(demo: Bundle, tmp_path: Path) -> None:
    run(["module/6", "picture/0"], demo, folder=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(
            ["saliency/0", "activation/6/1", "picture/0"],
            demo,
            folder=tmp_path,
            known=load_evidence(tmp_path),
            progress=Seen(stop_at="activation/6/1"),
        )
    assert {"module/6", "picture/0", "saliency/0"} <= {r.id for r in load_evidence(tmp_path)}


def test_what_is_kept_is_what_a_fresh_run_makes(demo: Bundle, tmp_path: Path) -> None:
    run(CHEAP, demo, folder=tmp_path / "fresh")
    run(CHEAP[:2], demo, folder=tmp_path / "resumed")
    run(CHEAP, demo, folder=tmp_path / "resumed", known=load_evidence(tmp_path / "resumed"))
    fresh, resumed = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("fresh", "resumed")
    )
    assert fresh == resumed


def test_what_several_stopped_runs_left_is_not_made_again(demo: Bundle, tmp_path: Path) -> None:
    other, _ = run(["module/6", "saliency/0"], demo)
    stale = Evidence({"saliency/0": Record("saliency/0", other.get("saliency", 0).arrays)})
    first, _ = run(["picture/0"], demo)
    _, seen = run(CHEAP, demo, folder=tmp_path, known=stale, also=[first, other])
    assert seen.begun == ["regions/0", "activation/6/1"]
    assert {record.id for record in load_evidence(tmp_path)} == set(CHEAP)


@pytest.mark.parametrize("processes", [1, 2])
def test_where_all_is_known_no_network_is_read_and_no_process_started(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    known, _ = run_explanations(CHEAP, demo, FEW)
    again = load_bundle(demo.folder)
    options = RunOptions(processes=processes, network_first=True)
    monkeypatch.setattr(Workers, "_processes", None)
    evidence, failures = run_explanations(CHEAP, again, FEW, options, known=known)
    assert ({one.id for one in evidence}, failures) == (set(CHEAP), {})
    assert "network" not in vars(again)


def test_asking_for_less_does_not_lose_the_rest(demo: Bundle, tmp_path: Path) -> None:
    run(CHEAP, demo, folder=tmp_path)
    run(["picture/0"], demo, folder=tmp_path, known=load_evidence(tmp_path))
    kept = {record.id for record in load_evidence(tmp_path)}
    assert {"picture/0", "saliency/0", "activation/6/1", "module/6"} <= kept


def test_a_changed_setting_is_made_again(demo: Bundle) -> None:
    wanted = ["smoothgrad/1", "saliency/1"]
    known, _ = run(wanted, demo)
    more = ExplainSettings(**{**FEW.__dict__, "smoothgrad_samples": 4})
    _, seen = run(wanted, demo, known=known, settings=more)
    assert seen.begun == ["smoothgrad/1"]


def test_a_changed_picture_is_made_again(demo: Bundle, tmp_path: Path) -> None:
    for name in ("checkpoint.pth", "regions.yaml"):
        shutil.copy(demo.folder / name, tmp_path / name)
    for name in ("food", "masks"):
        shutil.copytree(demo.folder / name, tmp_path / name)
    wanted = ["picture/0", "picture/1", "activation/6/0", "saliency/1", "lime/0"]
    known, _ = run(wanted, load_bundle(tmp_path))
    path = tmp_path / "food" / "1_2.png"
    with Image.open(path) as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(path)
    changed = load_bundle(tmp_path)
    fresh, seen = run(wanted, changed, known=known)
    # Saliency rests on all pictures of its batch; LIME of picture 0 on none after it.
    assert seen.begun == ["picture/1", "saliency/1"]
    assert np.array_equal(fresh.get("picture", 1).array("rgb"), changed.picture(1).rgb)


@pytest.mark.parametrize("what", ["checkpoint", "method_version", "method_code"])
def test_other_weights_or_another_method_is_made_again(demo: Bundle, what: str) -> None:
    known, _ = run(["picture/0"], demo)
    record = known.get("picture", 0)
    known.add(
        Record(record.id, record.arrays, record.values, record.settings, record.inputs | {what: ""})
    )
    _, seen = run(["picture/0"], demo, known=known)
    assert seen.begun == ["picture/0"]


def test_what_a_bundle_lacks_is_said_and_the_rest_goes_on(demo: Bundle, tmp_path: Path) -> None:
    shutil.copytree(demo.folder / "food", tmp_path / "food")
    wanted = ["picture/0", "regions/0", "nonsense/3", "lime_known_model", "picture/77"]
    evidence, failures = run_explanations(
        wanted, load_bundle(tmp_path), FEW, folder=tmp_path / "out"
    )
    assert {record.id for record in evidence} == {"regions/0", "lime_known_model"}
    assert set(failures) == {"picture/0", "nonsense/3", "picture/77"}
    assert all("checkpoint.pth" in told for told in failures["picture/0"])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [entry["id"] for entry in manifest["records"]] == ["lime_known_model", "regions/0"]
