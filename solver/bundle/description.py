"""``bundle.yaml``: description of a bundle's network and pictures, where they are not the course's.

::

    format: hw9-bundle/1
    network:
      model: resnet18                      # of torchvision; left out: the course's build
      checkpoint: checkpoint.pth
      size: 224                            # pixels a side of the pictures it takes
      mean: [0.485, 0.456, 0.406]
      std: [0.229, 0.224, 0.225]
    classes: [circle, square, triangle]    # in the order of the network's outputs
    pictures:                              # in the order the questions count them
      - {file: food/red ball.png, class: circle}

Everything but `format` may be left out: a bundle without the file is the course's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from solver.bundle.pictures import CLASSES, SIDE, SUFFIXES, PictureFile
from solver.errors import BundleError
from solver.files.yaml_source import PlacedYaml, checked, load_placed_yaml, right_names

FILE = "bundle.yaml"
COURSE = "course"
Name = Annotated[str, Field(min_length=1, max_length=200)]
Three = Annotated[
    list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=3, max_length=3)
]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class NetworkPart(_Part):
    """The network: its build, its weights, and the pictures it takes."""

    model: Name = Field(
        default=COURSE,
        description="`course`, the course's build at any width, or a classification network of "
        "torchvision by its name",
    )
    checkpoint: Name = Field(
        default="checkpoint.pth", description="file of its weights, in the bundle"
    )
    size: int | None = Field(
        default=None,
        ge=16,
        le=512,
        description="pixels a side to which pictures are resized; 128 of the course's build, "
        "needed of another",
    )
    mean: Three | None = Field(
        default=None, description="what it wants taken from red, green and blue (0 to 1)"
    )
    std: Annotated[list[Positive], Field(min_length=3, max_length=3)] | None = Field(
        default=None, description="what it wants them divided by, after that"
    )
    options: dict[Name, bool | int | float] = Field(
        default_factory=dict,
        description="options of torchvision's build, such as `width_mult: 0.5`",
    )

    @model_validator(mode="after")
    def _fits_the_build(self) -> NetworkPart:
        if self.model == COURSE:
            if self.size not in (None, SIDE):
                raise ValueError(
                    f"the course's build takes pictures of {SIDE} pixels, not {self.size}"
                )
            if self.mean or self.std or self.options:
                raise ValueError("the course's build takes no 'mean', 'std' or 'options'")
        elif self.size is None:
            raise ValueError(f"'size' is missing: how many pixels a side does {self.model} take?")
        if (self.mean is None) != (self.std is None):
            raise ValueError("'mean' and 'std' belong together")
        return self

    @property
    def side(self) -> int:
        """Pixels a side of the pictures it takes."""
        return self.size or SIDE


class PicturePart(_Part):
    """A picture and the class it is of."""

    file: Name = Field(description="in the bundle, of any name; .jpg, .jpeg or .png")
    of_class: Name = Field(alias="class", description="one of `classes`")


class BundleFile(_Part):
    """``bundle.yaml``."""

    format: Literal["hw9-bundle/1"]
    network: NetworkPart = NetworkPart()
    classes: list[Name] | None = Field(
        default=None,
        min_length=2,
        max_length=10_000,
        description="names of the classes, in the order of the network's outputs; the course's "
        "eleven kinds of food where left out",
    )
    pictures: list[PicturePart] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="in the order the questions count them; left out: food/<class>_<n>.jpg in the "
        "course's order",
    )

    @model_validator(mode="after")
    def _classes_of_another_network(self) -> BundleFile:
        if self.classes is None and self.network.model != COURSE:
            raise ValueError(f"'classes' is missing: what does {self.network.model} tell apart?")
        if self.classes is not None and len(set(self.classes)) < len(self.classes):
            raise ValueError("'classes' holds a name twice")
        return self


@dataclass(frozen=True)
class Description:
    """Description of a bundle's network and pictures.

    Attributes:
        network: as the file has it, or the course's.
        classes: names, by label.
        own_classes: whether the bundle names them itself.
        pictures: files with their labels, in order; None: those of ``food/``.
    """

    network: NetworkPart = field(default_factory=NetworkPart)
    classes: tuple[str, ...] = CLASSES
    own_classes: bool = False
    pictures: tuple[PictureFile, ...] | None = None

    @property
    def network_hash(self) -> str | None:
        """Hash of the network's description without its weights; None of the course's build."""
        if self.network.model == COURSE:
            return None
        # The weights are hashed by their content; what the file is called is no part of the
        # network.
        said: dict[str, Any] = self.network.model_dump(exclude={"checkpoint"})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def load_description(folder: Path) -> Description:
    """Return the description in a bundle's ``bundle.yaml``; the course's where there is none.

    Raises:
        BundleError: it is not well formed, or names what is not there; says everything at once.
    """
    found, faults = read_description(folder)
    if faults:
        if len(faults) == 1:
            raise faults[0]
        told = "; ".join(f"{fault.place}: {fault.message}" for fault in faults)
        raise BundleError(told, path=folder / FILE)
    return found


def read_description(folder: Path) -> tuple[Description, list[BundleError]]:
    """Return a bundle's description, and all its faults."""
    path = folder / FILE
    if not path.is_file():
        return Description(), []
    try:
        placed = load_placed_yaml(path, BundleError)
    except BundleError as fault:
        return Description(), [fault]
    file, faults = checked(placed, BundleFile, BundleError)
    # Found even where the schema has faults, so that one run tells them all.
    faults += _rule_faults(folder, placed)
    if file is None or faults:
        return Description(), faults
    classes = tuple(file.classes or CLASSES)
    pictures = None
    if file.pictures is not None:
        pictures = tuple(
            PictureFile(folder / one.file, classes.index(one.of_class)) for one in file.pictures
        )
    return Description(file.network, classes, file.classes is not None, pictures), []


def _rule_faults(folder: Path, placed: PlacedYaml) -> list[BundleError]:
    """Faults that no schema sees, in those parts of the document that have the right form."""
    document = placed.data if isinstance(placed.data, dict) else {}
    network = document.get("network")
    faults = []
    if isinstance(network, dict):
        faults += list(_network_faults(folder, placed, network))
    classes = document.get("classes") or list(CLASSES)
    pictures = document.get("pictures")
    if isinstance(pictures, list) and isinstance(classes, list):
        faults += list(_picture_faults(folder, placed, pictures, [str(one) for one in classes]))
    return faults


def _network_faults(
    folder: Path, placed: PlacedYaml, network: dict[str, Any]
) -> Iterator[BundleError]:
    name, checkpoint = network.get("model", COURSE), network.get("checkpoint")
    if isinstance(name, str) and name != COURSE:
        from solver.models.torchvision_network import model_names

        known = [COURSE, *model_names()]
        if name not in known:
            yield _fault(
                placed,
                ("network", "model"),
                f"torchvision has no classification network {name!r}" + right_names(name, known),
            )
    if isinstance(checkpoint, str) and _is_there(folder, checkpoint) is None:
        yield _fault(placed, ("network", "checkpoint"), f"{checkpoint!r} lies outside the bundle")


def _picture_faults(
    folder: Path, placed: PlacedYaml, pictures: list[Any], classes: list[str]
) -> Iterator[BundleError]:
    stems: dict[str, int] = {}
    for at, one in enumerate(pictures):
        if not isinstance(one, dict):
            continue
        file, label = one.get("file"), one.get("class")
        if isinstance(label, str) and label not in classes:
            yield _fault(
                placed,
                ("pictures", at, "class"),
                f"there is no class {label!r}" + right_names(label, classes),
            )
        if not isinstance(file, str) or not file:
            continue
        place, path = ("pictures", at, "file"), folder / file
        there = _is_there(folder, file)
        if there is None:
            yield _fault(placed, place, f"{file!r} lies outside the bundle")
            continue
        if path.suffix.lower() not in SUFFIXES:
            yield _fault(placed, place, f"{file!r} is none of {', '.join(SUFFIXES)}")
        elif not there:
            beside = sorted(each.name for each in path.parent.glob("*.*"))
            known = [name for name in beside if Path(name).suffix.lower() in SUFFIXES]
            yield _fault(
                placed, place, f"there is no picture {file!r}" + right_names(path.name, known)
            )
        if path.stem in stems:
            yield _fault(
                placed,
                place,
                f"{file!r} is called like picture {stems[path.stem]}, and regions go by the name",
            )
        stems.setdefault(path.stem, at)


def _is_there(folder: Path, name: str) -> bool | None:
    """Whether a file of the bundle is there; None of a name that is none of a file in it."""
    try:
        path = (folder / name).resolve()
        # Resolved: neither ".." nor a link leads out of the bundle.
        return path.is_file() if path.is_relative_to(folder.resolve()) else None
    except (OSError, ValueError):  # too long, or with a sign that no file's name has
        return None


def _fault(placed: PlacedYaml, place: tuple[str | int, ...], message: str) -> BundleError:
    dotted = ".".join(str(part) for part in place)
    return BundleError(message, path=placed.path, place=f"line {placed.line_of(place)} ({dotted})")
