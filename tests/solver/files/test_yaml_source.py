"""YAML with the line of every value, and nothing that YAML can do besides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from solver.errors import BankError, InputError
from solver.files.yaml_source import YamlDumper, load_placed_yaml, read_text, validated


def placed(tmp_path: Path, text: str | bytes) -> Any:
    path = tmp_path / "file.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_placed_yaml(path, InputError)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tree=TREES)
def test_it_reads_what_safe_load_reads(tmp_path: Path, tree: Any) -> None:
    text = yaml.safe_dump(tree)
    assert placed(tmp_path, text).data == yaml.safe_load(text) == tree
    # Written as it is, U+0085 is a line's end, which PyYAML itself does not read back as it was.
    text = yaml.safe_dump(tree, allow_unicode=True)
    assert placed(tmp_path, text).data == yaml.safe_load(text)


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(gaps=st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_every_value_knows_its_line(tmp_path: Path, gaps: list[int]) -> None:
    lines, expected = ["items:"], []
    for number, gap in enumerate(gaps):
        lines += ["# a remark"] * gap + [f"  - name: n{number}"]
        expected.append(len(lines))
    found = placed(tmp_path, "\n".join(lines))
    assert [found.line_of(("items", at)) for at in range(len(gaps))] == expected
    # What is not there stands where it should have stood.
    assert [found.line_of(("items", at, "absent")) for at in range(len(gaps))] == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' appears twice"),
        ("a: 1\nb: [1, 2\n", "line 3: is not readable YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "line 1: the tag"),
        ("a: 1\nb: !thing {c: 1}\n", "line 2: the tag '!thing' is no plain YAML"),
        ("a: !!python/name:os.system\n", "is not readable YAML"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "is not readable YAML"),
        ("a: !thing 1\n", "is not readable YAML"),
        ("? [a, b]\n: 1\n", "line 1: a key must be a single word"),
        ("a: 1\n---\nb: 2\n", "line 2: is not readable YAML"),
        ("[" * 100 + "]" * 100, "more values, or deeper ones"),
        ("[" * 5000 + "]" * 5000, "file.yaml"),
        ("a: 2021-13-45\n", "file.yaml"),
        (b"a: \xff\xfe\n", "line 1: is not UTF-8 text. Save it again as UTF-8"),
        (b"ok: 1\nb: caf\xe9\n", "line 2: is not UTF-8 text"),
        ("a: \x07\n", "file.yaml"),
    ],
)
def test_every_fault_is_one_sentence(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        placed(tmp_path, text)
    sentence = str(caught.value)
    assert "file.yaml" in sentence
    assert says in sentence
    assert "\n" not in sentence


def test_aliases_cannot_explode(tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 9):
        before = ", ".join([f"*a{level - 1}"] * 10)
        levels.append(f"a{level}: &a{level} [{before}]")
    with pytest.raises(InputError, match="more values"):
        placed(tmp_path, "\n".join(levels))


def test_an_alias_of_itself_ends(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"file\.yaml"):
        placed(tmp_path, "a: &a [*a]\n")


def test_a_mark_of_byte_order_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert placed(tmp_path, b"\xef\xbb\xbfa: 1\r\n").data == {"a": 1}
    assert placed(tmp_path, "").data is None


def test_missing_files_folders_and_huge_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_text(tmp_path / "none.yaml", InputError)
    with pytest.raises(InputError, match="is a folder"):
        read_text(tmp_path, InputError)
    (tmp_path / "big").write_bytes(b"x" * (1 << 20) + b"y")
    with pytest.raises(InputError, match="is larger than 1 MiB"):
        read_text(tmp_path / "big", InputError, max_bytes=1 << 20)


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int


class _Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inner: list[_Inner]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("inner:\n  - number: 1\n  - number: two\n", "line 3 (inner.1.number): 'number'"),
        ("inner:\n  - number: 1\n    more: 2\n", "line 3 (inner.0.more): 'more' is not known"),
        ("inner:\n  - {}\n", "line 2 (inner.0.number): 'number' is missing"),
        ("{}\n", "'inner' is missing"),
        ("[]\n", "line 1: 'the document'"),
    ],
)
def test_a_model_names_the_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        validated(placed(tmp_path, text), _Outer, InputError)
    assert says in str(caught.value)


@pytest.mark.parametrize("value", ["!!timestamp x", "!!bool maybe", "!!int zwei", "!!float ."])
def test_a_value_that_is_not_what_its_tag_says_is_named_by_its_line(
    tmp_path: Path, value: str
) -> None:
    path = tmp_path / "tagged.yaml"
    path.write_text(f"a: 1\nb: {value}\n")
    with pytest.raises(BankError, match=r"line 2: .*contradicts its tag"):
        load_placed_yaml(path, BankError)


@pytest.mark.parametrize("number", ["9" * 4400, "0x" + "f" * 5000])
def test_a_number_too_long_to_be_written_out_is_refused(tmp_path: Path, number: str) -> None:
    path = tmp_path / "long.yaml"
    path.write_text(f"a: {number}\n")
    with pytest.raises(BankError, match="line 1"):
        load_placed_yaml(path, BankError)


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029", "\x85\x85", "\ufeff", "\r\n"])
def test_what_yaml_takes_for_ends_of_lines_is_read_back_as_it_was(sign: str) -> None:
    text = f"two words{sign}and more{sign}"
    written = yaml.dump({"a": text}, Dumper=YamlDumper, allow_unicode=True)
    assert yaml.safe_load(written) == {"a": text}


@pytest.mark.parametrize("text", ["a: [" + "1," * 3000 + "1]", "- 1\n" * 3000])
def test_a_file_of_very_many_values_is_left_before_it_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """PyYAML takes twenty microseconds a value: a dense file of megabytes took minutes."""
    monkeypatch.setattr("solver.files.yaml_source.MAX_VALUES", 1000)
    path = tmp_path / "dense.yaml"
    path.write_text(text + "\n}")  # what comes after is not looked at
    with pytest.raises(BankError, match=r"line \d+: .*more values than it can need"):
        load_placed_yaml(path, BankError)


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
def test_a_line_is_counted_as_an_editor_does(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f'a: "x{sign * 5}y"\nb: 1\nc: [\n', "utf-8")
    with pytest.raises(InputError, match=r"line [34]:"):
        load_placed_yaml(path, InputError)
    path.write_text(f'a: "x{sign * 5}y"\nb: 1\nc: 3\n', "utf-8", newline="\r\n")
    assert load_placed_yaml(path, InputError).lines[("c",)] == 3
