"""`key.yaml`, read and written."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from solver.errors import KeyFileError
from solver.files.atomic_write import write_whole
from solver.files.yaml_source import YamlDumper, load_placed_yaml, validated
from solver.key.questions import Key


def load_key(path: Path) -> Key:
    """Read `key.yaml`.

    It is not held against itself or a bank here, but by `solver.key_checks`.

    Raises:
        KeyFileError: names the file, the line and the expected value.
    """
    if not path.exists():
        raise KeyFileError("there is no such file", path=path, mend="hw9 key makes a key.")
    return validated(load_placed_yaml(path, KeyFileError), Key, KeyFileError)


class _Dumper(YamlDumper):
    """YAML in block style without aliases, for people to read and compare."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    # Quoted: without the quotes YAML reads 0.3 as a float, which is not three tenths.
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"')


_Dumper.add_representer(Decimal, _text)


def dump_key(key: Key) -> str:
    """Return the key as YAML text: the same key, the same bytes."""
    data = key.model_dump(by_alias=True, exclude_defaults=False)
    # Left out where there is none: keys from before they existed keep their bytes.
    for name in ("stability", "signed"):
        if data[name] is None:
            del data[name]
    data["questions"] = [_without_empty(question) for question in data["questions"]]
    # In the order of the model, not the alphabet: id and answer first, for people.
    text: str = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return text


def _without_empty(question: dict[str, Any]) -> dict[str, Any]:
    """Drop a question's empty fields, except those that mean something when they are empty."""
    # Left in though empty: a reader must see that nothing was derived.
    always = ("correct", "options", "id", "kind", "points", "rule", "state")
    unless_none = ("second_correct", "ways_agree")  # an empty answer, or False, is a result
    kept = {
        name: value
        for name, value in question.items()
        if name in always or value or (name in unless_none and value is not None)
    }
    for name in ("stability", "wording", "decided"):
        if kept.get(name):
            kept[name] = _without_nothing(kept[name])
    if kept.get("override") and not kept["override"]["also"]:
        del kept["override"]["also"]
    kept["options"] = [_without_nothing(option) for option in question["options"]]
    return kept


def _without_nothing(entry: dict[str, Any]) -> dict[str, Any]:
    """Drop empty fields except `holds`, whose None means undecided."""
    return {
        name: _without_nothing(value) if name in ("flips", "second", "blanks") else value
        for name, value in entry.items()
        if name == "holds" or (value not in ("", None) and value != [] and value != {})
    }


def save_key(key: Key, path: Path) -> None:
    """Write `key.yaml`, whole or not at all.

    Raises:
        OutputError: the folder cannot be written.
    """
    write_whole(path, dump_key(key))
