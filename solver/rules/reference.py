"""Reference of rules, made from the rules themselves: `hw9 bank rules` and docs/rules.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import yaml
from pydantic import BaseModel

from solver.banks.bank import (
    SHORT_NAME,
    Bank,
    BankFile,
    Blank,
    MeasuredChoices,
    Option,
    Question,
    TopicFile,
    load_bank,
)
from solver.files.resources import shipped_editions
from solver.files.yaml_source import YamlDumper
from solver.rules.former_names import current_name
from solver.rules.registry import Rule, all_rules

SMALLEST = (
    """\
title: {en: A small quiz, zh-Hant: 小測驗}
edition: "2030"
""",
    """\
topic: saliency
title: {en: Saliency, zh-Hant: 顯著圖}
questions:
- id: brightest
  kind: single
  points: "0.5"
  rule: maps.brightest_region
  with: {map: saliency, picture: 2}
  stem: {en: "Where is the saliency map brightest?", zh-Hant: "顯著圖哪裡最亮？"}
  options:
  - {id: a, claim: {region: cake}, text: {en: On the cake, zh-Hant: 蛋糕上}}
  - {id: b, claim: {region: plate}, text: {en: On the plate, zh-Hant: 盤子上}}
""",
)
"""A bank's ``bank.yaml`` and its file of questions, as short as they can be."""

HEAD = f"""\
# Rules: what a question can ask, and how it is written

Made from the code by `hw9 bank rules --all`; it is not edited by hand. A question names a rule,
hands it settings under `with`, and makes a claim with each option. `hw9 bank check` says what is
wrong, with file and line. Examples are questions of the banks that ship.

A *wording* is a text in both languages: `{{en: "Which?", zh-Hant: "哪一個？"}}`. A *decimal* is a
number written as text, `"0.3"`, so that nothing is rounded. A *short name* is
{SHORT_NAME}.

The smallest bank is a folder with `bank.yaml` and one file of questions. Texts with any of
`: # ? , [ ] {{ }}` in them go between quotation marks.

```yaml
{SMALLEST[0]}```

```yaml
{SMALLEST[1]}```
"""


def reference(bank: Bank) -> str:
    """Return the whole reference as Markdown; `bank` gives the examples."""
    parts = [HEAD, "## Files of a bank\n"]
    parts += [
        _fields(title, model)
        for title, model in (
            ("`bank.yaml`", BankFile),
            ("A topic's file", TopicFile),
            ("A question", Question),
            ("An option", Option),
            ("A drop-down of a *pair*", Blank),
            ("Choices made around a measured value", MeasuredChoices),
        )
    ]
    parts.append("## Rules\n")
    parts += [describe(rule, bank) for rule in all_rules().values()]
    return "\n".join(parts)


def describe(rule: Rule, bank: Bank) -> str:
    """Return one rule as Markdown: its measurement, settings and claims, and an example."""
    parts = [f"### `{rule.name}`\n", _prose(rule.what)]
    if rule.cross_check is not None:
        parts.append(f"Cross-check: {_prose(rule.cross_check.what)}")
    parts += [_fields("Settings (`with`)", rule.settings), _fields("Claim", rule.claim)]
    example = example_of(rule, bank)
    if example is not None:
        parts.append(f"```yaml\n{example}```\n")
    return "\n".join(parts)


def example_of(rule: Rule, bank: Bank) -> str | None:
    """Return a question that the rule decides, as YAML; None where there is none.

    It is of the bank or, where that has none, of an edition that ships.
    """
    # One after another: editions are loaded only for a rule that no earlier one uses.
    banks = chain([bank], map(load_bank, shipped_editions().values()))
    every = (one for source in banks for one in source.questions)
    asked = next((one for one in every if current_name(one.rule) == rule.name), None)
    if asked is None:
        return None
    # As a person wrote it: defaults would make the example twice as long.
    data = [asked.model_dump(by_alias=True, exclude_unset=True, mode="json")]
    # Mappings that hold no others are written in one line.
    text: str = yaml.dump(
        data,
        Dumper=YamlDumper,
        allow_unicode=True,
        sort_keys=False,
        width=100,
        default_flow_style=None,
    )
    return text


def _prose(text: str) -> str:
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return "\n\n".join(paragraphs) + "\n"


def _fields(title: str, model: type[BaseModel]) -> str:
    said = _prose(model.__doc__ or "").strip()
    rows = list(_rows(model.model_json_schema(by_alias=True)))
    if not rows:
        return f"**{title}**: {said}\n"
    lines = [f"**{title}**: {said}\n", "| name | values | without it | what it is |"]
    lines += ["|---|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _rows(schema: Mapping[str, Any], before: str = "") -> Iterator[str]:
    known = schema.get("$defs", {})
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        inner = known.get(field.get("$ref", "").rpartition("/")[2])
        default = "needed" if name in required else _plain(field.get("default"))
        # A null that stands for something else, such as the edition's own number.
        default = field.get("unsaid", default)
        if inner and before + name in NESTED:
            yield f"| `{before}{name}` | a mapping | as follows | {field.get('description', '')} |"
            yield from _rows({**inner, "$defs": known}, f"{before}{name}.")
        else:
            values = _values(field, known)
            yield f"| `{before}{name}` | {values} | {default} | {field.get('description', '')} |"


NESTED = tuple(
    ["methods", "methods.lime", "methods.lime.superpixels"]
    + [f"methods.{name}" for name in ("smoothgrad", "integrated_gradients", "filters")]
)
"""Mappings whose fields are listed one by one where they stand."""


def _values(field: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """The values a field may have, in words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        inner = known.get(name, {})
        if name in _NAMED or "properties" not in inner:
            return _NAMED.get(name) or _values(inner, known)
        parts = [f"`{key}`: {_values(one, known)}" for key, one in inner["properties"].items()]
        return f"a mapping of {'; '.join(parts)}"
    if "enum" in field:
        return ", ".join(f"`{_plain(value)}`" for value in field["enum"])
    if "const" in field:
        return f"`{_plain(field['const'])}`"
    if "anyOf" in field:
        kinds = {one.get("type") for one in field["anyOf"] if "const" not in one}
        if {"number", "string"} <= kinds:  # a Decimal, which is never written as a number here
            return "decimal"
        parts = [_values(one, known) for one in field["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(parts))
    if field.get("type") == "array":
        items = field.get("prefixItems")
        inner = _values(items[0] if items else field.get("items", {}), known)
        return f"{len(items)} of: {inner}" if items else f"a list of: {inner}"
    kind = field.get("format") or _KINDS.get(field.get("type", ""), "anything")
    limits = [f"{sign} {field[name]:g}" for name, sign in _LIMITS.items() if name in field]
    return f"{kind} {', '.join(limits)}" if limits else kind


_NAMED = {
    "Wording": "wording",
    "Option": "option",
    "Blank": "drop-down",
    "Question": "question",
    "MeasuredChoices": "choices made around a measured value",
}
_KINDS = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "`true`, `false`",
    "object": "a mapping",
}
_LIMITS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
