"""Mutations of YAML: of the data, of how it is written, of its text."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import yaml

from tests.fuzz.format import Mutant
from tests.fuzz.mutations.byte_mutations import damaged

ODD_VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2**63, 10**30, 0.1, -0.0, 1e308, float("nan"), float("inf"), "",
    " ", "a", "q01", "0.3", "1e999", "NaN", "\u202eabc", "a\u0000b", "../../x", "/etc/passwd",
    "x" * 5000, "=1+1", "<script>", [], {}, [[]], [None], {"a": 1}, ["a", "a"], "e\u0301", "é",
    "\ud7ff", "\x1b[31m", 12345678901234567890, "２", [1, 2, 3], {"x": {"y": {"z": 1}}},
]  # fmt: skip

ODD_TEXT = [
    "1" * 5000, "0x" + "f" * 5000, "1_000", "12:30:45", "2026-04-09", "2026-13-45", ".nan", "-.inf",
    "!!python/object/apply:os.system ['true']", "!!binary aGVsbG8=", "!!set {a, b}",
    "!!omap [a: 1]",
    "!!timestamp 2026-01-01", "!!int zwei", "!!float x", "!!bool maybe", "!!null x", "!!str 5",
    "&a [*a]", "*nowhere", "<<", "=", "~", "yes", "no", "0o17", "017", "1e3", "- - - -", "? a",
    "|\n    text", ">\n  folded", "'", '"', "{a: {b: {c: ", "%YAML 9.9", "@x", "`x", "\t", "!x y",
    "0b2", "1__", "+", "-0x", "190:20:30", "2001-12-14t21:59:43.10-05:00",
    "9999999-01-01", "0000-00-00", "!!timestamp x", "!!int 0b", "!!float 1:9:.5",
]  # fmt: skip

ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{c}: &{c} [{', '.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)

Path = tuple[Any, ...]


def places(data: Any, path: Path = ()) -> list[Path]:
    """Return the path of every value, the root's own first."""
    found = [path]
    if isinstance(data, dict):
        for key, value in data.items():
            found += places(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            found += places(value, (*path, index))
    return found


def at(data: Any, path: Path) -> Any:
    """Return the value at a path."""
    for step in path:
        data = data[step]
    return data


def _changed(data: Any, rng: random.Random) -> tuple[Any, str]:
    """Return the data with one value deleted, replaced, doubled, renamed, wrapped or swapped."""
    data = copy.deepcopy(data)
    path = rng.choice(places(data)[1:] or [()])
    if not path:
        return rng.choice(ODD_VALUES), "root"
    parent, last = at(data, path[:-1]), path[-1]
    how = rng.choice(["delete", "replace", "replace", "double", "rename", "wrap", "swap", "add"])
    if how == "delete":
        del parent[last]
    elif how == "replace":
        parent[last] = copy.deepcopy(rng.choice(ODD_VALUES))
    elif how == "double" and isinstance(parent, list):
        parent.insert(last, copy.deepcopy(parent[last]))
    elif how == "rename" and isinstance(parent, dict):
        parent[rng.choice(["x", "", 5, None, True, f"{last}_", "zh-Hant", "\x1b"])] = parent.pop(
            last
        )
    elif how == "wrap":
        parent[last] = rng.choice([[parent[last]], {"a": parent[last]}])
    elif how == "add" and isinstance(parent, dict):
        parent[rng.choice(["x", "__class__", 1.5, "\u202e"])] = copy.deepcopy(
            rng.choice(ODD_VALUES)
        )
    else:
        other = copy.deepcopy(at(data, rng.choice(places(data))))
        parent[last] = other
    return data, f"{how} {'.'.join(map(str, path))}"


def written(data: Any, rng: random.Random) -> bytes:
    """Return the data as YAML, written in one of many ways that mean the same."""
    text = yaml.safe_dump(
        data,
        allow_unicode=rng.random() < 0.5,
        sort_keys=rng.random() < 0.2,
        default_flow_style=rng.choice([False, False, None, True]),
        default_style=rng.choice([None, None, None, '"']) if _texts_alone(data) else None,
        width=rng.choice([100, 10_000]),
        indent=rng.choice([2, 4, 7]),
        explicit_start=rng.random() < 0.3,
        explicit_end=rng.random() < 0.2,
    )
    if rng.random() < 0.3:
        text = "# a remark: \u00e9\n\n" + text
    if rng.random() < 0.2:
        text += "\n\n# the end\n"
    raw = text.encode()
    if rng.random() < 0.3:
        raw = raw.replace(b"\n", b"\r\n")
    return (b"\xef\xbb\xbf" if rng.random() < 0.3 else b"") + raw


def _texts_alone(data: Any) -> bool:
    return all(
        isinstance(value, (str, dict, list)) for value in (at(data, path) for path in places(data))
    )


def _text_changed(text: str, rng: random.Random) -> tuple[str, str]:
    lines = text.split("\n")
    where = rng.randrange(len(lines))
    how = rng.choice(
        ["double line", "drop line", "indent", "odd value", "odd value", "tab", "swap lines"]
    )
    line = lines[where]
    if how == "double line":
        lines.insert(where, line)
    elif how == "drop line":
        del lines[where]
    elif how == "indent":
        lines[where] = " " * rng.choice([1, 2, 3, 40]) + line
    elif how == "odd value":
        head, colon, _ = line.partition(":")
        lines[where] = f"{head}{colon} {rng.choice(ODD_TEXT)}"
    elif how == "tab":
        lines[where] = "\t" + line
    else:
        other = rng.randrange(len(lines))
        lines[where], lines[other] = lines[other], line
    return "\n".join(lines), f"{how} {where + 1}"


def _whole(text: str, rng: random.Random) -> tuple[bytes, str]:
    """Return what a person or a foe might give in place of the whole file."""
    ways: dict[str, Callable[[], bytes]] = {
        "aliases without end": lambda: (ALIASES + text).encode(),
        "aliases alone": ALIASES.encode,
        "deep flow": lambda: b"[" * rng.choice([50, 500, 20_000]),
        "deep mapping": lambda: b"{a: " * rng.choice([50, 500, 20_000]),
        "deep block": lambda: b"\n".join(b" " * n + b"a:" for n in range(rng.choice([70, 900]))),
        "an alias of itself": lambda: f"self: &s {{x: *s}}\n{text}".encode(),
        "merge keys": lambda: f"base: &b {{format: x}}\n<<: *b\n{text}".encode(),
        "two documents": lambda: f"{text}\n---\n{text}".encode(),
        "empty": lambda: b"",
        "only a remark": lambda: b"# nothing\n",
        "UTF-16": lambda: text.encode("utf-16"),
        "UTF-16 without a mark": lambda: text.encode("utf-16-le"),
        "UTF-32": lambda: text.encode("utf-32"),
        "Big5": lambda: ("# 蘋果茶真難喝\n" + text).encode("big5", "replace"),
        "Latin-1": lambda: ("# é\n" + text).encode("latin-1", "replace"),
        "a zero byte": lambda: text.encode().replace(b"\n", b"\x00\n", 1),
        "zero bytes": lambda: bytes(rng.choice([1, 100, 100_000])),
        "10 MB value": lambda: f"title: {'x' * 10_000_000}\n{text}".encode(),
        "many keys": lambda: "".join(f"k{n}: {n}\n" for n in range(3000)).encode() + text.encode(),
        "binary": lambda: rng.randbytes(rng.choice([3, 300])),
        "JSON": lambda: b'{"a": [1, 2, {"b": null}]}',
    }  # fmt: skip
    # The large ones cost seconds of a pure-Python parser; a campaign needs few of them.
    names = (
        list(ways)
        if rng.random() < 0.01
        else [n for n in ways if "10 MB" not in n and "many" not in n]
    )
    how = rng.choice(names)
    return ways[how](), how


REFUSED_WHOLE = {
    "aliases without end", "aliases alone", "deep flow", "deep mapping", "deep block", "empty",
    "an alias of itself", "merge keys", "two documents", "only a remark", "UTF-16",
    "UTF-16 without a mark", "UTF-32", "Big5", "a zero byte", "zero bytes", "10 MB value",
    "many keys", "JSON",
}  # fmt: skip
"""What no format of this project may take (an added key is refused everywhere)."""


def mutated(seeds: list[bytes], rng: random.Random) -> Mutant:
    """Make a mutant of one of several YAML files."""
    seed = rng.randrange(len(seeds))
    raw = seeds[seed]
    kind = rng.random()
    if kind < 0.12:
        return Mutant(written(yaml.load(raw, yaml.CSafeLoader), rng), "written anew", "same", seed)
    if kind < 0.18:
        data = yaml.load(raw, yaml.CSafeLoader)
        data["no_such_key"] = rng.choice(ODD_VALUES)
        return Mutant(written(data, rng), "a key that is not known", "refused", seed)
    if kind < 0.60:
        data, how = _changed(yaml.load(raw, yaml.CSafeLoader), rng)
        if rng.random() < 0.15:
            data, more = _changed(data, rng)
            how += f", {more}"
        return Mutant(written(data, rng), how, "any", seed)
    if kind < 0.80:
        text, how = _text_changed(raw.decode(), rng)
        return Mutant(text.encode(), how, "any", seed)
    if kind < 0.93:
        changed, how = damaged(raw, rng)
        return Mutant(changed, how, "any", seed)
    changed, how = _whole(raw.decode(), rng)
    return Mutant(changed, how, "refused" if how in REFUSED_WHOLE else "any", seed)
