"""What a bundle lacks of a bank is found before any run, everything in one go."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from grader.cli.bank import bank as bank_command
from solver.banks.bank import load_bank
from solver.bundle.bundle import Bundle, load_bundle
from solver.files.resources import shipped_bank
from solver.pipeline.make_key import planned, settings_for
from solver.pipeline.rehearsal import rehearse
from tests.solver.made_network import write_bank, write_bundle, write_yaml

SMALL = "shufflenet_v2_x0_5"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsed")
    write_bundle(folder / "course", SMALL)
    write_bank(folder / "bank", SMALL)
    return folder


def checked(made: Path, bank: Path | None = None) -> tuple[int, str]:
    asked = ["check", "--bank", str(bank or made / "bank"), "--bundle", str(made / "course")]
    ran = CliRunner().invoke(bank_command, asked)
    return ran.exit_code, ran.output


def test_nothing_is_said_of_materials_that_have_all(made: Path) -> None:
    code, said = checked(made)
    assert code == 0
    assert said.endswith("All 7 questions can be decided with this bundle.\n")


def asking(made: Path, folder: Path, **changes: dict[str, Any]) -> Path:
    """The bank with other settings (`q02`) or claims (`q01_claims`) of some questions."""
    shutil.copytree(made / "bank", folder)
    path = folder / "shapes.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    for question in data["questions"]:
        question["with"] |= changes.get(question["id"], {})
        for option, claim in zip(
            question["options"], changes.get(f"{question['id']}_claims", []), strict=False
        ):
            option["claim"] = claim
    write_yaml(path, data)
    return folder


def test_everything_that_is_lacking_is_told_at_once(made: Path, tmp_path: Path) -> None:
    bank = asking(
        made,
        tmp_path / "bank",
        q01_claims=[{"sign": "for", "region": "handle"}, {"sign": "for", "region": "lid"}],  # type: ignore[arg-type]
        q02={"picture": 5},
        q05={"layer": "layer9.conv1"},
        q06={"index": 6},
        q07={"index": "fc"},
    )
    code, said = checked(made, bank)
    assert code == 1
    assert "q01: lacks regions/0: the region 'handle'.\n" in said
    assert "q01: lacks regions/0: the region 'lid'.\n" in said
    assert ": there is no picture 5: 5 were found" in said
    assert "no layer 'layer9.conv1'" in said
    assert "q06: the layer 6 is an index into the course's cnn" in said
    assert "q07: the layer 'fc' of the network gives no maps" in said
    assert "5 questions of 7 would stay open with this bundle." in said


def test_faults_of_form_of_rules_and_of_materials_are_told_together(
    made: Path, tmp_path: Path
) -> None:
    bank = asking(made, tmp_path / "bank", q02={"picture": 7}, q03={"pictre": 2})
    path = bank / "shapes.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "id: q04\n  kind: several", "id: q04\n  kind: sevral"
    )
    path.write_text(text, encoding="utf-8")
    (bank / "bank.yaml").write_text("edition: '2027'\npictures: 5\n", encoding="utf-8")
    code, said = checked(made, bank)
    assert code == 1
    assert "bank.yaml, line 1 (title): 'title' is missing" in said
    assert "(questions.3.kind)" in said
    assert "q03: the rule 'maps.brightest_region' does not take this 'with': 'pictre'" in said
    assert "there is no picture 7" in said
    assert "3 faults." in said


def test_a_network_that_cannot_be_loaded_is_told_once(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "course", tmp_path / "course")
    shutil.copytree(made / "bank", tmp_path / "bank")
    (tmp_path / "course" / "last.ckpt").unlink()
    code, said = checked(tmp_path)
    assert code == 1
    assert said.count("there is no such checkpoint") == 1
    assert "q01, q02, q03, q04, q05, q06, q07: last.ckpt" in said


def demo_lacks(bundle: Bundle, only: list[str], **settings: Any) -> dict[str, tuple[str, ...]]:
    """What questions on the demo's texts lack, the first of them with other settings."""
    bank = load_bank(shipped_bank())
    first, *others = planned(bank, only)
    changed = replace(first, settings=first.settings.model_copy(update=settings))
    lacks = rehearse([changed, *others], bundle, settings_for(bank, exact=True))
    return {lack.what: lack.questions for lack in lacks}


def test_heads_and_parts_and_items_that_are_not_there(demo: Bundle, tmp_path: Path) -> None:
    """The demo has all that 2021 asks for; with less material it is told what is lacking."""
    asked = ["q21", "q23", "q26", "q29"]
    assert demo_lacks(demo, ["q21", "q23", "q29"]) == {}
    for name in ("food", "bert-base-cased", "hw9_bert"):
        (tmp_path / name).symlink_to(demo.folder / name)
    said = yaml.safe_load((demo.folder / "bert.yaml").read_text(encoding="utf-8"))
    said["reading"]["items"] = said["reading"]["items"][:1]
    del said["embeddings"], said["corpus"]
    write_yaml(tmp_path / "bert.yaml", said)
    lacks = demo_lacks(load_bundle(tmp_path), asked, head=13)
    assert {questions: what for what, questions in lacks.items()}.keys() == {
        (name,) for name in asked
    }
    told = "\n".join(lacks)
    for part in (
        "there is no head 13: the model has 12",
        "has no part 'corpus'",
        "there is no item 2: it has 1",
        "has no part 'embeddings'",
    ):
        assert part in told
