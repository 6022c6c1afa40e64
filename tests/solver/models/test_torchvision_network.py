"""Networks of torchvision by name: what loads, and what is said of what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

from solver.errors import BundleError
from solver.models.torchvision_network import load_torchvision, model_names

SIDE = 32
FAMILIES = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet", "inception_v3",
    "maxvit_t", "mnasnet0_5", "mobilenet_v3_small", "regnet_y_400mf", "resnet50", "resnext50_32x4d",
    "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t", "swin_v2_t", "vgg11_bn", "vit_b_32",
)  # fmt: skip
QUICK = ("mnasnet0_5", "regnet_y_400mf")
"""Builds that reckon or look for a version as they are made: small, and always tried."""


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = torchvision.models.resnet18(num_classes=3)
    return made.eval()


@pytest.fixture(scope="module")
def network(resnet: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load(saved(tmp_path_factory.mktemp("resnet"), resnet.state_dict()))


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    return torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def saved(folder: Path, content: Any) -> Path:
    torch.save(content, folder / "w.pth")
    return folder / "w.pth"


def load(path: Path, name: str = "resnet18", **more: Any) -> Any:
    return load_torchvision(path, name, **{"side": SIDE, "classes": 3, **more})


def refused(path: Path, name: str = "resnet18", **more: Any) -> str:
    with pytest.raises(BundleError) as caught:
        load(path, name, **more)
    return str(caught.value)


def test_its_names_are_torchvisions_classifiers() -> None:
    names = model_names()
    assert {"resnet18", "vgg11", "vit_b_16", "efficientnet_b0"} <= set(names)
    assert not any("segmentation" in name or "rcnn" in name or "raft" in name for name in names)


def test_it_is_torchvisions_network_behind_its_normalization(
    tmp_path: Path, resnet: nn.Module, pictures: Tensor
) -> None:
    kept = {f"model.{name}": value for name, value in resnet.state_dict().items()
            if "num_batches" not in name}  # fmt: skip
    network = load(saved(tmp_path, {"state_dict": kept}), mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))
    scaled = torchvision.transforms.functional.normalize(pictures, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    with torch.no_grad():
        assert torch.allclose(network(pictures), resnet(scaled), atol=1e-6)
    assert not network.training
    assert not any(one.requires_grad for one in network.parameters())
    assert list(network.layers) == [name for name, _ in resnet.named_modules() if name]
    assert network.output_layer is network.layers["fc"]


def test_maps_are_what_a_hook_sees_whatever_comes_after(
    network: Any, resnet: nn.Module, pictures: Tensor
) -> None:
    """A ReLU writes into what a BatchNorm gave, and is passed twice: the last time counts."""
    for name in ("conv1", "bn1", "layer1.0.relu", "layer1", "layer4.1.bn2"):
        seen: list[Tensor] = []
        hook = resnet.get_submodule(name).register_forward_hook(
            lambda *args, seen=seen: seen.append(args[2].clone())
        )
        with torch.no_grad():
            resnet(pictures)
            hook.remove()
            assert torch.allclose(network.maps_at(name, pictures), seen[-1], atol=1e-6)
        assert len(seen) == (2 if name.endswith("relu") else 1)
    pixels = pictures.clone().requires_grad_()
    network.path_to_filter("layer2.0.conv1", 5)(pixels).sum().backward()
    assert pixels.grad is not None and pixels.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (6, "the layer 6 is an index into the course's cnn, and this network (resnet18 at 32x32)"),
        ("layer1.0.conv3", "no layer 'layer1.0.conv3'. It has layer1.0.conv2, layer1.0.conv1"),
        ("fc", "the layer 'fc' of the network gives no maps of filters (B, C, h, w)"),
    ],
)
def test_a_layer_that_is_none_is_told_with_the_names_there_are(
    network: Any, pictures: Tensor, layer: Any, says: str
) -> None:
    with pytest.raises(BundleError) as caught:
        network.maps_at(layer, pictures)
    assert says in str(caught.value)


def test_a_filter_beyond_the_last_is_told(network: Any, pictures: Tensor) -> None:
    with pytest.raises(BundleError, match=r"'conv1' has no filter 64. Its filters are 0 to 63"):
        network.check_filter("conv1", 64, pictures)


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    small = torchvision.models.shufflenet_v2_x0_5(num_classes=3).state_dict()
    path, name = saved(tmp_path, small), "shufflenet_v2_x0_5"
    said = refused(path, name, classes=4)
    assert "'fc.weight' has shape [3, 1024], expected [4, 1024]; 'fc.bias'" in said
    assert f"bundle.yaml says {name} with 4 classes" in said
    assert "the weights lack 'conv1.weight', 'bn1.weight'" in refused(path, "resnet18")
    assert f"torchvision does not build {name} so" in refused(path, name, options={"depth": 3})
    assert "num_classes is no option" in refused(path, name, options={"num_classes": 5})
    endless = {**small, "fc.bias": torch.full((3,), float("nan"))}
    assert "'fc.bias' holds NaN" in refused(saved(tmp_path, endless), name)


def test_options_of_the_build_and_sizes_it_cannot_take(tmp_path: Path) -> None:
    narrow = torchvision.models.mobilenet_v2(num_classes=3, width_mult=0.25)
    path = saved(tmp_path, narrow.state_dict())
    assert load(path, "mobilenet_v2", options={"width_mult": 0.25}).classes == 3
    assert "has shape" in refused(path, "mobilenet_v2")
    pooled = torchvision.models.squeezenet1_1(num_classes=3)
    said = refused(saved(tmp_path, pooled.state_dict()), "squeezenet1_1", side=16)
    assert "squeezenet1_1 at 16x16 cannot take pictures of that size" in said
    assert "Give a larger 'size'" in said


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES],
)
def test_every_family_of_network_of_torchvision_is_read(tmp_path: Path, name: str) -> None:
    """Each build with random weights: the same logits, and a map of its first convolution."""
    side = 224 if name.startswith(("vit", "maxvit", "inception", "alexnet")) else 64
    torch.manual_seed(0)
    more = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    plain = torchvision.models.get_model(name, weights=None, num_classes=3, **more).eval()
    network = load(saved(tmp_path, plain.state_dict()), name, side=side)
    pictures = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(network(pictures), plain(pictures), atol=1e-5)
        first = next(k for k, one in network.layers.items() if isinstance(one, nn.Conv2d))
        assert network.maps_at(first, pictures).ndim == 4
