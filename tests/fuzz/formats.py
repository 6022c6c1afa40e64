"""Every format that is fuzzed, by its name, and where its class is: imported on use."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.fuzz.format import Format

WHERE = {
    "export": "csv_formats:Exports",
    "plain CSV": "csv_formats:PlainCsvs",
    "gradebook": "csv_formats:Gradebooks",
    "answers": "yaml_formats:Answers",
    "QTI zip": "qti_format:QtiZips",
    "quiz texts": "yaml_formats:Quizzes",
    "bank": "yaml_formats:Banks",
    "bank header": "yaml_formats:BankHeaders",
    "key": "yaml_formats:Keys",
    "standing key": "key_folder_formats:StandingKeys",
    "key folder": "key_folder_formats:KeyFolders",
    "override": "yaml_formats:Overrides",
    "command words": "command_words_format:CommandWords",
    "regions": "yaml_formats:RegionFiles",
    "mask": "picture_formats:Masks",
    "bert.yaml": "yaml_formats:BertYaml",
    "bundle.yaml": "yaml_formats:BundleYaml",
    "corpus": "text_formats:Corpora",
    "BERT folder": "bert_folder_format:BertFolders",
    "evidence manifest": "evidence_formats:Manifests",
    "evidence arrays": "evidence_formats:EvidenceArrays",
    "checkpoint": "torch_formats:Checkpoints",
    "hidden states": "torch_formats:HiddenStates",
    "notebook": "text_formats:Notebooks",
    "executed notebook": "notebook_formats:ExecutedNotebooks",
    "figures of panels": "figure_formats:FigurePanels",
    "figures of plots": "figure_formats:FigurePlots",
    "evidence zip": "notebook_formats:EvidenceZips",
    "picture": "picture_formats:Pictures",
    "slide picture": "picture_formats:Slides",
    "run record": "text_formats:RunRecords",
    "regrade record": "kept_formats:RegradeRecords",
    "pseudonyms": "kept_formats:PseudonymTables",
}


def format_class(name: str) -> type[Format]:
    """Return the class of a format; what it needs (torch, say) is imported now."""
    module, attribute = WHERE[name].split(":")
    found: type[Format] = getattr(import_module(f"tests.fuzz.inputs.{module}"), attribute)
    assert found.name == name
    return found


def made_format(name: str, folder: Path) -> Format:
    """Return a format with its seeds, made in `folder`."""
    return format_class(name)(folder)
