"""The device that networks run on, told without torch where there is no GPU."""

from __future__ import annotations

import ctypes
import sys
from types import SimpleNamespace

import pytest

from grader.cli import key
from solver.errors import BundleError


@pytest.mark.parametrize("wanted", ["cpu", "auto"])
def test_without_a_driver_torch_is_not_asked(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    def lacking(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", lacking)
    monkeypatch.setattr(key.Path, "exists", lambda _: False)
    monkeypatch.setitem(sys.modules, "torch", None)  # to import it would be an error
    assert key.chosen_device(wanted) == "cpu"


@pytest.mark.parametrize(("platform", "amd"), [("linux", False), ("linux", True), ("win32", False)])
def test_with_a_driver_torch_decides(
    monkeypatch: pytest.MonkeyPatch, platform: str, amd: bool
) -> None:
    def loaded(name: str) -> None:
        if amd:
            raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", loaded)
    monkeypatch.setattr(key.Path, "exists", lambda path: amd and str(path) == "/dev/kfd")
    monkeypatch.setattr(sys, "platform", platform)
    for there, device in ((True, "cuda"), (False, "cpu")):
        cuda = SimpleNamespace(is_available=lambda there=there: there)
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
        assert key.chosen_device("auto") == device


def test_a_gpu_that_was_asked_for_and_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(is_available=lambda: False)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    with pytest.raises(BundleError, match="torch sees no CUDA device"):
        key.chosen_device("cuda")
