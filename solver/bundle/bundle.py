"""Bundle: a folder of course materials, loaded and checked.

::

    bundle.yaml              network and pictures, where they are not the course's
    checkpoint.pth           the network
    food/<class>_<n>.jpg     the pictures, in the course's order
    regions.yaml             named regions of the pictures (optional: see `Bundle.regions`)
    bert.yaml                the BERT part (optional: see `solver.bundle.bert_materials`)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from solver.bundle.coverage import Mask
from solver.bundle.description import COURSE, Description, load_description
from solver.bundle.pictures import Picture, load_pictures, read_pictures
from solver.bundle.regions import region_words, regions_for
from solver.errors import BundleError
from solver.files.apple_double import without_apple_double
from solver.files.atomic_write import sha256_of
from solver.files.resources import shipped_region_files

if TYPE_CHECKING:
    from torch import nn

    from solver.bundle.bert_materials import BertMaterials
    from solver.models.image_network import ImageNetwork


@dataclass(frozen=True)
class Bundle:
    """Course materials; pictures are read at once, the network when first asked for."""

    folder: Path
    pictures: tuple[Picture, ...]
    device: str = "cpu"
    description: Description = field(default_factory=Description)

    @property
    def side(self) -> int:
        """Pixels a side of the pictures as the network takes them."""
        return self.description.network.side

    @property
    def checkpoint(self) -> str:
        """Name of the file of weights, in the bundle."""
        return self.description.network.checkpoint

    @cached_property
    def network(self) -> ImageNetwork:
        """The network, in eval mode, on `device`.

        Raises:
            BundleError: the checkpoint cannot be used.
        """
        network = self._loaded()
        classes, said = network.classes, self.description
        # The course's names are a default, and a network of other widths may have fewer classes.
        if said.own_classes and len(said.classes) != classes:
            raise BundleError(
                f"names {len(said.classes)} classes, and the network tells {classes} apart",
                path=self.folder / "bundle.yaml",
                place="classes",
                zh=f"列出 {len(said.classes)} 個類別，而網路分辨 {classes} 個",
            )
        # Here, not when pictures are read: only the network knows how many classes there are.
        for picture in self.pictures:
            if picture.label >= classes:
                raise BundleError(
                    f"class {picture.label} is out of range: the network knows 0 to {classes - 1}",
                    path=picture.path,
                    zh=f"類別 {picture.label} 超出範圍：網路只有 0 到 {classes - 1}",
                )
        return network

    def _loaded(self) -> ImageNetwork:
        path, part = self.folder / self.checkpoint, self.description.network
        if part.model == COURSE:
            from solver.models.food_cnn import load_network

            return load_network(path, self.device)
        from solver.models.torchvision_network import load_torchvision

        return load_torchvision(
            path,
            part.model,
            side=part.side,
            classes=len(self.description.classes),
            mean=part.mean,
            std=part.std,
            options=part.options,
            device=self.device,
        )

    @cached_property
    def prepared(self) -> nn.Module:
        """The network laid out for speed: a rounding apart."""
        return self.network.prepared()

    def class_name(self, label: int) -> str:
        """Return the name of a class; its number where nobody names it."""
        names = self.description.classes
        return names[label] if 0 <= label < len(names) else str(label)

    @cached_property
    def bert(self) -> BertMaterials:
        """The BERT part: models, hidden states, sentences.

        Raises:
            BundleError: there is none, or it cannot be used.
        """
        from solver.bundle.bert_materials import load_materials

        return load_materials(self.folder, self.device)

    @cached_property
    def files(self) -> dict[str, str]:
        """SHA-256 of every file that is used, by its name relative to the bundle."""
        has_bert = (self.folder / "bert.yaml").is_file()
        return self.cnn_files | (self.bert.hashes if has_bert else {})

    @cached_property
    def cnn_files(self) -> dict[str, str]:
        """`files` without those of the BERT part."""
        paths = [picture.path for picture in self.pictures]
        # Pictures as their files are, too: a bundle's hash tells two editions apart.
        named = (self.checkpoint, "bundle.yaml", "regions.yaml")
        paths += [self.folder / name for name in named]
        paths += without_apple_double(sorted((self.folder / "masks").glob("*.png")))
        return {
            path.relative_to(self.folder).as_posix(): sha256_of(path)
            for path in sorted(paths)
            if path.is_file()
        }

    def picture(self, place: int) -> Picture:
        """Return picture `place`.

        Raises:
            BundleError: there are not so many.
        """
        if not 0 <= place < len(self.pictures):
            raise BundleError(
                f"there is no picture {place}: {len(self.pictures)} were found",
                zh=f"沒有圖片 {place}：共找到 {len(self.pictures)} 張",
                path=self.folder,
            )
        return self.pictures[place]

    def regions(self, place: int) -> dict[str, Mask]:
        """Return the masks (side, side) of a picture's regions; empty where none are drawn.

        They come from the bundle's own ``regions.yaml``, else from the region files that ship
        with the bank, where one was drawn for this very picture.
        """
        picture = self.picture(place)
        # The first file that has the picture counts, whole: regions of two hands are not mixed.
        for path in region_files(self.folder):
            found = regions_for(picture, path)
            if found is not None:
                return found
        return {}

    def region_words(self, place: int) -> dict[str, tuple[str, str]]:
        """Return the names of a picture's regions in sentences (en, zh-Hant), by id.

        A region without a name in the bundle's own file may have one in those that ship.
        """
        words = self._every_region_words
        return {name: words[name] for name in sorted(self.regions(place)) if name in words}

    @cached_property
    def _every_region_words(self) -> dict[str, tuple[str, str]]:
        return region_words(region_files(self.folder))


def region_files(folder: Path) -> list[Path]:
    """Return the region files to look into for a bundle, its own first."""
    own = folder / "regions.yaml"
    shipped = without_apple_double(shipped_region_files())
    return [*([own] if own.is_file() else []), *shipped]


def load_bundle(folder: Path, device: str = "cpu") -> Bundle:
    """Load a bundle's pictures; the network and the regions follow when they are asked for.

    Raises:
        BundleError: no such folder, or a description or a picture that cannot be used.
    """
    if not folder.is_dir():
        raise BundleError(
            "there is no such bundle folder",
            path=folder,
            mend="Give the folder that holds checkpoint.pth and food/.",
        )
    said = load_description(folder)
    side = said.network.side
    if said.pictures is not None:
        pictures = read_pictures(said.pictures, side)
    else:
        pictures = load_pictures(folder / "food", len(said.classes), side)
    return Bundle(folder, tuple(pictures), device, said)


def as_tensor_values(picture: Picture) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return the picture as the network gets it: float32 (3, side, side) in 0..1."""
    # float32 before the division, as torchvision's ToTensor: in float64 last digits would differ.
    return np.ascontiguousarray(picture.rgb.transpose(2, 0, 1), dtype=np.float32) / np.float32(255)
