"""A bundle of another network: five drawn pictures of three shapes, and torchvision's ResNet18."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
import yaml
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torchvision.transforms import Normalize

MEAN, STD = (0.5, 0.4, 0.3), (0.25, 0.3, 0.35)
SIDE = 32
CLASSES = ("ball", "box", "tent")
PICTURES = {
    "a red ball.png": ("ball", (230, 40, 40), (4, 6)),
    "box.png": ("box", (40, 90, 220), (16, 18)),
    "a tent by night.png": ("tent", (250, 220, 60), (10, 4)),
    "ball-2.png": ("ball", (60, 200, 90), (18, 10)),
    "box 2.png": ("box", (240, 150, 30), (5, 16)),
}
WIDTH, HEIGHT, THING = 40, 36, 17


def corners(shape: str, at: tuple[int, int]) -> list[tuple[float, float]]:
    """The outline of a shape whose upper left corner is at `at`."""
    x, y = at
    if shape == "box":
        return [(x, y), (x + THING, y), (x + THING, y + THING), (x, y + THING)]
    if shape == "tent":
        return [(x, y + THING), (x + THING / 2, y), (x + THING, y + THING)]
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    middle, radius = np.array(at) + THING / 2, THING / 2
    return [
        (float(u), float(v))
        for u, v in middle + radius * np.stack([np.cos(turns), np.sin(turns)], 1)
    ]


def drawn(shape: str, colour: tuple[int, int, int], at: tuple[int, int], seed: int) -> Image.Image:
    """A shape on a speckled ground, so that superpixels have something to hold to."""
    ground = np.random.default_rng(seed).integers(90, 130, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    picture = Image.fromarray(ground)
    ImageDraw.Draw(picture).polygon(corners(shape, at), fill=colour)
    return picture


def taught(network: nn.Module, pictures: Tensor, labels: list[int], last: nn.Linear) -> nn.Module:
    """Batch statistics of the pictures, and a last layer that tells them apart (least squares)."""
    for one in network.modules():
        if isinstance(one, nn.BatchNorm2d):
            one.momentum = None
    features: list[Tensor] = []
    hook = last.register_forward_hook(lambda _, inputs, __: features.append(inputs[0]))
    with torch.no_grad():
        network.train()(pictures)
        network.eval()(pictures)
        hook.remove()
        wanted = 8.0 * torch.eye(len(CLASSES))[labels] - 2.0
        last.weight.copy_(torch.linalg.lstsq(features[-1], wanted).solution.T)
        last.bias.zero_()
    return network


def resized(picture: Image.Image, side: int = SIDE) -> np.ndarray:
    """Width first, then height, as of old."""
    narrow = picture.resize((side, picture.height), Image.Resampling.BILINEAR)
    return np.asarray(narrow.resize((side, side), Image.Resampling.BILINEAR))


def batch(pictures: Mapping[str, Image.Image]) -> Tensor:
    """The pictures as torchvision gets them, in 0..1."""
    values = [resized(picture).transpose(2, 0, 1) for picture in pictures.values()]
    return torch.from_numpy(np.stack(values)).float() / 255


def write_bundle(folder: Path, model: str = "resnet18") -> nn.Module:
    """Write the bundle; return the network by itself, behind torchvision's own Normalize."""
    (folder / "shots").mkdir(parents=True)
    pictures = {
        name: drawn(shape, colour, at, seed)
        for seed, (name, (shape, colour, at)) in enumerate(PICTURES.items())
    }
    for name, picture in pictures.items():
        picture.save(folder / "shots" / name)
    torch.manual_seed(7)
    inner = torchvision.models.get_model(model, weights=None, num_classes=len(CLASSES))
    labels = [CLASSES.index(shape) for shape, *_ in PICTURES.values()]
    plain = nn.Sequential(Normalize(MEAN, STD), inner)
    last = inner.classifier[-1] if model.startswith("vgg") else inner.fc
    taught(plain, batch(pictures), labels, last)
    torch.save({"state_dict": {f"model.{k}": v for k, v in inner.state_dict().items()}},
               folder / "last.ckpt")  # fmt: skip
    said = {
        "format": "hw9-bundle/1",
        "network": {
            "model": model,
            "checkpoint": "last.ckpt",
            "size": SIDE,
            "mean": list(MEAN),
            "std": list(STD),
        },
        "classes": list(CLASSES),
        "pictures": [{"file": f"shots/{k}", "class": v[0]} for k, v in PICTURES.items()],
    }
    write_yaml(folder / "bundle.yaml", said)
    write_yaml(folder / "regions.yaml", regions())
    return plain.eval().requires_grad_(False)


def regions() -> dict[str, Any]:
    """The thing and the ground of every picture."""
    frame = [[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]]
    return {
        "format": "hw9-regions/1",
        "size": [WIDTH, HEIGHT],
        "names": {
            "thing": {"en": "the thing", "zh-Hant": "物體"},
            "ground": {"en": "the ground", "zh-Hant": "背景"},
        },
        "pictures": [
            {
                "name": Path(name).stem,
                "regions": {
                    "thing": {"polygons": [[list(point) for point in corners(shape, at)]]},
                    "ground": {"polygons": [frame], "minus": ["thing"]},
                },
            }
            for name, (shape, _, at) in PICTURES.items()
        ],
    }


def write_yaml(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _text(text: str) -> dict[str, str]:
    return {"en": text, "zh-Hant": text}


def _places(map_kind: str, picture: int, **more: Any) -> dict[str, Any]:
    return {
        "rule": "maps.brightest_region",
        "with": {"map": map_kind, "picture": picture, **more},
        "claims": [{"region": "thing"}, {"region": "ground"}],
    }


LAYERS = {
    "shufflenet_v2_x0_5": ("stage2.0.branch1.2", "conv1.1", "conv1.2"),
    "resnet18": ("layer1.0.conv1", "layer2.0.downsample.1", "layer2.0.relu"),
    "vgg11_bn": ("features.4", "features.9", "features.10"),
}
"""Of each network a convolution, a BatchNorm2d and a ReLU."""


def questions_of(model: str) -> list[dict[str, Any]]:
    """Six questions and one more, on the layers of a network."""
    convolution, norm, relu = LAYERS[model]
    return [
        {
            "rule": "lime.overlay.sign_in_region",
            "with": {"picture": 0},
            "claims": [{"sign": "for", "region": "thing"}, {"sign": "for", "region": "ground"}],
        },
        _places("saliency", 1),
        _places("smoothgrad", 2),
        _places("integrated_gradients", 3),
        _places("activation", 4, layer=convolution),
        {
            "rule": "filters.layer_type",
            "with": {"index": norm},
            "claims": [{"module": "Conv2d"}, {"module": "BatchNorm2d"}],
        },
        {
            "rule": "filters.visualization",
            "with": {"index": relu, "picture": 1},
            "claims": [{"finds": "places_that_activate"}, {"finds": "layer_that_matters"}],
        },
    ]


def write_bank(folder: Path, model: str = "resnet18") -> None:
    """Write a bank of these questions, with counts a test can afford."""
    write_yaml(
        folder / "bank.yaml",
        {
            "title": _text("Shapes"),
            "edition": "2027",
            "pictures": len(PICTURES),
            "methods": {
                "lime": {
                    "superpixels": {"scikit_image": "0.19", "segments": 30, "compactness": 10},
                    "samples": 40,
                    "min_weight": 0.0,
                },
                "smoothgrad": {"samples": 10},
                "integrated_gradients": {"steps": 10},
            },
        },
    )
    questions = [
        {
            "id": f"q{number:02}",
            "kind": "several",
            "points": "1",
            "rule": one["rule"],
            "with": one["with"],
            "stem": _text("Which?"),
            "options": [
                {"id": "ab"[at], "claim": claim, "text": _text(f"claim {at}")}
                for at, claim in enumerate(one["claims"])
            ],
        }
        for number, one in enumerate(questions_of(model), 1)
    ]
    write_yaml(
        folder / "shapes.yaml",
        {"topic": "shapes", "title": _text("Shapes"), "questions": questions},
    )
