"""Safe reader of YAML that keeps the line of every value, for errors to name.

Only plain YAML is read: no tags of Python objects, no key twice, no endless aliases.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from yaml.composer import Composer, ComposerError

from solver.errors import InputError
from solver.files.encodings import START, narrow_encoding, wide_encoding

MAX_BYTES = 32 << 20
MAX_YAML_BYTES = 4 << 20  # less than other text: PyYAML is slow
MAX_VALUES = 150_000
"""Values of a file, aliases counted; PyYAML takes seconds for so many. A key of 30 questions has
some thousand."""
MAX_DEPTH = 60
MAX_BITS = 4096
"""Bits of a whole number. Python refuses to write out one of more than 4300 digits."""

_PLAIN_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
Fault = TypeVar("Fault", bound=InputError)


@dataclass
class PlacedYaml:
    """Plain data and, for each path into it (keys and list indices), the line it began on."""

    data: Any
    path: Path
    lines: dict[Place, int] = field(default_factory=dict)

    def line_of(self, place: Place) -> int:
        """Return the line of `place`, or of its nearest parent that has one."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return 1


def read_text(path: Path, error: type[InputError], *, max_bytes: int = MAX_BYTES) -> str:
    """Return the text of a UTF-8 file, without a BOM.

    Raises:
        InputError: (as `error`) no such file, too large, or another encoding; names the line.
    """
    try:
        if path.stat().st_size > max_bytes:
            raise error(
                f"is larger than {max_bytes >> 20} MiB, which no such file needs", path=path
            )
        data = path.read_bytes()
        wide = wide_encoding(data[:START])
        if wide:
            raise error(f"is {wide} text", path=path, mend="Save it again as UTF-8.")
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        raise error("there is no such file", path=path) from None
    except IsADirectoryError:
        raise error("is a folder where a file was expected", path=path) from None
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        big5 = " but, it seems, Big5" if narrow_encoding(problem.object) else ""
        raise error(
            f"is not UTF-8 text{big5}",
            path=path,
            place=f"line {line}",
            mend="Save it again as UTF-8.",
        ) from None
    except OSError as problem:
        raise error(f"cannot be read ({problem.strerror})", path=path) from None


def load_placed_yaml(path: Path, error: type[InputError]) -> PlacedYaml:
    """Load one YAML document with the line of each value.

    Raises:
        InputError: (as `error`) not YAML, a key twice, a tag, or too large.
    """
    text = read_text(path, error, max_bytes=MAX_YAML_BYTES)
    # YAML takes these for ends of lines, and no editor does.
    odd = [found.start() for found in re.finditer("[\x85\u2028\u2029]", text)]
    try:
        loader = _CountingLoader(text)
        try:
            # Nodes, not safe_load's values: only they know their lines, and of a key that stands
            # twice safe_load would keep the last without a word.
            node = loader.get_single_node()
            placed = PlacedYaml(None, path)
            if node is not None:
                placed.data = _Builder(loader, placed, error, odd).build(node, (), 0)
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        mark = getattr(problem, "problem_mark", None)
        reason = (
            getattr(problem, "problem", None) or "is nested too deep or holds an unreadable value"
        )
        place = f"line {_line(mark, odd)}" if mark is not None else ""
        quoted = isinstance(problem, yaml.scanner.ScannerError | yaml.parser.ParserError)
        raise error(
            f"is not readable YAML ({reason})",
            path=path,
            place=place,
            mend="Put texts that hold any of : # ? , [ ] { } in quotation marks." if quoted else "",
        ) from None
    return placed


def _line(mark: yaml.Mark, odd: list[int]) -> int:
    """The line of a mark as an editor counts; `odd` are the places where only YAML ends a line."""
    return int(mark.line) + 1 - bisect_left(odd, mark.index)


class _CountingLoader(Composer, yaml.CSafeLoader):
    """Nodes of a YAML text, parsed by libyaml, with a limit on the number of values."""

    values = 0

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        # Nodes are composed here: libyaml's own composer has no limit on their depth.
        Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.values += 1
        if self.values > MAX_VALUES:
            mark = getattr(self.peek_event(), "start_mark", None)
            raise ComposerError(None, None, "holds more values than it can need", mark)
        return super().compose_node(parent, index)


class _Builder:
    """Composed nodes turned into plain data, counted so that aliases cannot explode."""

    def __init__(
        self,
        loader: _CountingLoader,
        placed: PlacedYaml,
        error: type[InputError],
        odd: list[int],
    ) -> None:
        self.loader, self.placed, self.error, self.odd = loader, placed, error, odd
        self.values = 0

    def build(self, node: yaml.Node, place: Place, depth: int) -> Any:
        line = _line(node.start_mark, self.odd)
        self.placed.lines[place] = line
        self.values += 1
        # Counted as they are built: aliases of aliases are few nodes and could be billions of
        # values.
        if self.values > MAX_VALUES or depth > MAX_DEPTH:
            raise self._refuse("holds more values, or deeper ones, than such a file can need", line)
        if isinstance(node, yaml.CollectionNode) and node.tag not in _PLAIN_COLLECTIONS:
            raise self._refuse(f"the tag {node.tag!r} is no plain YAML", line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, depth)
        if isinstance(node, yaml.SequenceNode):
            return [
                self.build(child, (*place, index), depth + 1)
                for index, child in enumerate(node.value)
            ]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        line = _line(node.start_mark, self.odd)
        try:
            value = self.loader.construct_object(node, deep=True)
        except (ValueError, ArithmeticError, LookupError, AttributeError):
            # PyYAML takes a value apart by its tag, "!!timestamp x" say, without looking first.
            raise self._refuse("has a value that contradicts its tag", line) from None
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise self._refuse("holds a number longer than any such file needs", line)
        return value

    def _mapping(self, node: yaml.MappingNode, place: Place, depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = _line(key_node.start_mark, self.odd)
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._refuse("a key must be a single word or number", line)
            key = self._scalar(key_node)
            if key in result:
                raise self._refuse(f"the key {key!r} appears twice in one mapping", line)
            result[key] = self.build(value_node, (*place, key), depth + 1)
        return result

    def _refuse(self, message: str, line: int) -> InputError:
        return self.error(message, path=self.placed.path, place=f"line {line}")


class YamlDumper(yaml.SafeDumper):
    """YAML writer of plain data that keeps every text as it is."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    # YAML takes these three for ends of lines; PyYAML loses them except between double quotes.
    style = '"' if re.search("[\x85\u2028\u2029]", value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


YamlDumper.add_representer(str, _text)


def first_problem(problem: ValidationError) -> tuple[Place, str]:
    """Return the place and a plain sentence of the first fault pydantic found."""
    return every_problem(problem)[0]


def every_problem(
    problem: ValidationError, model: type[BaseModel] | None = None
) -> list[tuple[Place, str]]:
    """Return the place and a plain sentence of each fault pydantic found, each once.

    Args:
        problem: pydantic's error.
        model: the model that was checked; with it the sentence on an unknown name lists known ones.
    """
    found: dict[tuple[Place, str], None] = {}
    # In the order of their places, so that the same file gives the same message.
    for item in sorted(problem.errors(), key=lambda item: [str(part) for part in item["loc"]]):
        # pydantic adds the name of a union's branch to the place, e.g. "function-after[...]".
        place = tuple(
            part
            for part in item["loc"]
            if not (isinstance(part, str) and ("[" in part or part.startswith("function-")))
        )
        text = _plain(item["type"], item["msg"], place)
        if item["type"] == "extra_forbidden" and model is not None:
            text += right_names(str(place[-1]), _names_at(model, place[:-1]))
        found[place, text] = None
    return list(found)


def right_names(wrong: str, known: Sequence[str]) -> str:
    """Return the end of a sentence on an unknown name: the nearest known ones, else all."""
    near = get_close_matches(wrong, known, n=3, cutoff=0.6)
    if near:
        return f"; {' or '.join(repr(name) for name in near)} would be right"
    return f"; known are {', '.join(known)}" if known else "; there is nothing to set"


def _names_at(model: type[BaseModel], place: Place) -> list[str]:
    """The names that may stand at a place inside a model."""
    for part in place:
        field = next(
            (one for name, one in model.model_fields.items() if part in (name, one.alias)), None
        )
        inner = _models_in(field.annotation) if field is not None else []
        model = inner[0] if inner else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _plain(kind: str, message: str, place: Place) -> str:
    name = str(place[-1]) if place else "the document"
    if kind == "missing":
        return f"{name!r} is missing"
    if kind == "extra_forbidden":
        return f"{name!r} is not known here"
    text = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return text if kind == "value_error" else f"{name!r}: {text[:1].lower()}{text[1:]}"


def validated(placed: PlacedYaml, model: type[Model], error: type[InputError]) -> Model:
    """Return the pydantic model of placed YAML.

    Raises:
        InputError: (as `error`) names file, line and mend of the first fault.
    """
    made, faults = checked(placed, model, error)
    if made is None:
        raise faults[0]
    return made


def checked(
    placed: PlacedYaml, model: type[Model], error: type[Fault]
) -> tuple[Model | None, list[Fault]]:
    """Return the pydantic model of placed YAML, or None and every fault with file and line."""
    try:
        return model.model_validate(placed.data), []
    except ValidationError as problem:
        faults = []
        for place, text in every_problem(problem, model):
            dotted = ".".join(str(part) for part in place)
            where = f"line {placed.line_of(place)}" + (f" ({dotted})" if dotted else "")
            faults.append(error(text, path=placed.path, place=where))
        return None, faults
