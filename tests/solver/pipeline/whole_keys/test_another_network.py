"""A torchvision network from its bundle to the key, held against captum and lime called by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, LayerActivation, Saliency
from click.testing import CliRunner
from lime.lime_image import LimeImageExplainer
from skimage.segmentation import slic
from torch import Tensor, nn
from torch.nn import functional

from grader.cli.bundle import bundle as bundle_command
from grader.cli.key import key as key_command
from solver.bundle.bundle import load_bundle
from solver.evidence import Evidence, load_evidence
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import expected_inputs
from tests.solver.made_network import CLASSES, LAYERS, PICTURES, SIDE, write_bank, write_bundle

LABELS = [CLASSES.index(shape) for shape, *_ in PICTURES.values()]


@dataclass
class Made:
    """The bundle's folder, its network by itself, and what `hw9 key` made of it."""

    model: str
    folder: Path
    plain: nn.Module
    pictures: Tensor
    answers: dict[str, dict[str, Any]]
    evidence: Evidence


NETWORKS = ["resnet18", pytest.param("vgg11_bn", marks=pytest.mark.slow)]
"""VGG's weights are half a GB."""


@pytest.fixture(scope="module", params=NETWORKS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder, model = tmp_path_factory.mktemp("another"), request.param
    plain = write_bundle(folder / "course", model)
    write_bank(folder / "bank", model)
    asked = ["--bundle", folder / "course", "--bank", folder / "bank", "--out", folder / "key"]
    ran = CliRunner().invoke(key_command, [*map(str, asked), "--exact", "--json"])
    assert ran.exit_code == 0, ran.output
    bundle = load_bundle(folder / "course")
    pictures = np.stack([one.rgb.transpose(2, 0, 1) for one in bundle.pictures])
    return Made(
        model,
        folder,
        plain,
        (torch.from_numpy(pictures).float() / 255).contiguous(),  # noise is drawn as it lies
        json.loads(ran.stdout),
        load_evidence(folder / "key" / "evidence"),
    )


def scaled(values: np.ndarray) -> np.ndarray:
    return (values - values.min()) / (values.max() - values.min())


def minus_loss(network: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    def forward(pictures: Tensor, labels: Tensor) -> Tensor:
        return -functional.cross_entropy(network(pictures), labels, reduction="none")

    return forward


def test_every_question_is_answered(made: Made) -> None:
    assert {name: one["lacks"] for name, one in made.answers.items()} == {
        f"q{number:02}": [] for number in range(1, 8)
    }
    correct = {name: one["correct"] for name, one in made.answers.items()}
    assert correct["q06"] == ["b"]  # it is a BatchNorm2d
    assert correct["q07"] == ["a"]
    page = (made.folder / "key" / "key.html").read_text(encoding="utf-8")
    assert LAYERS[made.model][1] in page


def test_the_logits_are_the_networks_own(made: Made) -> None:
    for place in (0, 1, 4):
        record = made.evidence.get("picture", place)
        assert record.array("rgb").shape == (SIDE, SIDE, 3)
        own = made.plain(made.pictures[place : place + 1])[0].numpy()
        assert np.allclose(record.array("logits"), own, atol=1e-5)
        assert record.value("predicted") == LABELS[place]


def test_saliency_is_captums(made: Made) -> None:
    pixels, label = made.pictures[1:2].clone().requires_grad_(), torch.tensor(LABELS[1:2])
    found = Saliency(minus_loss(made.plain)).attribute(pixels, additional_forward_args=(label,))
    expected = scaled(found[0].amax(0).double().numpy())
    assert np.allclose(made.evidence.get("saliency", 1).array("map"), expected, atol=1e-4)


def test_smoothgrad_is_the_mean_of_captums_saliency_over_noise(made: Made) -> None:
    picture, label = made.pictures[2:3], torch.tensor(LABELS[2:3])
    std = (0.4 / float(picture.max() - picture.min())) ** 2
    generator = torch.Generator().manual_seed(2)
    total = torch.zeros(1, 3, SIDE, SIDE, dtype=torch.float64)
    for _ in range(10):
        noise = torch.empty_like(picture).normal_(0, std, generator=generator)
        pixels = (picture + noise).requires_grad_()
        total += (
            Saliency(minus_loss(made.plain))
            .attribute(pixels, additional_forward_args=(label,))
            .double()
        )
    expected = scaled(total[0].permute(1, 2, 0).numpy())
    assert np.allclose(made.evidence.get("smoothgrad", 2).array("map"), expected, atol=1e-4)


def test_integrated_gradients_are_captums(made: Made) -> None:
    found = IntegratedGradients(made.plain, multiply_by_inputs=False).attribute(
        made.pictures[3:4], target=LABELS[3], n_steps=10, method="riemann_left"
    )
    expected = scaled(found[0].permute(1, 2, 0).double().numpy())
    record = made.evidence.get("integrated_gradients", 3, 10)
    assert np.allclose(record.array("map"), expected, atol=1e-4)


def test_an_activation_is_captums_of_the_layer_so_named(made: Made) -> None:
    name = LAYERS[made.model][0]
    layer = made.plain[1].get_submodule(name)  # type: ignore[index]
    found = LayerActivation(made.plain, layer).attribute(made.pictures[4:5])
    record = made.evidence.get("activation", name, 4)
    assert np.allclose(record.array("map"), found[0, 0].numpy(), atol=1e-5)


@pytest.mark.usefixtures("generators_restored")
def test_lime_is_the_lime_packages(made: Made) -> None:
    def classify(images: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            found: np.ndarray = made.plain(torch.FloatTensor(images).permute(0, 3, 1, 2)).numpy()
        return found

    np.random.seed(16)
    explanation = LimeImageExplainer().explain_instance(
        made.pictures[0].permute(1, 2, 0).double().numpy(),
        classify,
        segmentation_fn=lambda image: slic(
            image, n_segments=30, compactness=10, sigma=1, start_label=0
        ),
        hide_color=None,
        num_samples=40,
        top_labels=None,
        labels=(LABELS[0],),
    )
    record = made.evidence.get("lime", 0)
    weights = np.zeros(len(record.array("weights")))
    for feature, weight in explanation.local_exp[LABELS[0]]:
        weights[feature] = weight
    assert np.array_equal(record.array("segments"), explanation.segments)
    assert np.allclose(record.array("weights"), weights, atol=1e-5)


def test_records_hang_on_what_is_said_of_the_network(made: Made) -> None:
    """The same weights behind another mean are another network; a class's name is none."""
    job = Job("saliency/1", load_bundle(made.folder / "course"), ExplainSettings())
    assert made.evidence.get("saliency", 1).inputs == expected_inputs(job)
    path = made.folder / "course" / "bundle.yaml"
    said = path.read_text(encoding="utf-8")
    try:
        path.write_text(
            said.replace("ball", "sphere")
            .replace("sphere.png", "ball.png")
            .replace("sphere-2", "ball-2")
        )
        renamed = Job("saliency/1", load_bundle(made.folder / "course"), ExplainSettings())
        assert expected_inputs(renamed) == expected_inputs(job)
        path.write_text(said.replace("- 0.25", "- 0.26"))
        other = Job("saliency/1", load_bundle(made.folder / "course"), ExplainSettings())
        changed = {
            name
            for name, value in expected_inputs(other).items()
            if expected_inputs(job)[name] != value
        }
        assert changed == {"network"}
    finally:
        path.write_text(said, encoding="utf-8")


def test_the_bundle_is_told_as_it_is(made: Made) -> None:
    ran = CliRunner().invoke(bundle_command, ["check", str(made.folder / "course")])
    assert ran.exit_code == 0, ran.output
    assert f"{made.model} at 32x32; 5 of 5 pictures right" in ran.output
    assert re.search(r"picture 2  a tent by night\.png +40x36  tent  right: tent", ran.output)
