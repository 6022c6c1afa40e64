"""First ``bert.yaml`` of a bundle, made from the course's notebook."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from solver.bundle.bert_materials import BertFile
from solver.bundle.notebook import WORD, Found
from solver.errors import BundleError, InputError
from solver.files.yaml_source import YamlDumper, first_problem

SENTENCE = "The students visited the professor and asked her to teach them machine learning."
"""2021's sentence of the questions on attention, which no notebook holds."""

OF_2021: dict[str, Any] = {
    "attention": {
        "sentence": SENTENCE,
        "links": [{"from": "her", "to": "professor"}, {"from": "them", "to": "students"}],
    },
    "masked": {"word": "her", "also": "professor", "tag": "NOUN"},
}

HEADER = """\
# What the questions on BERT are asked about, taken from the course's notebook: look it through.
#
# english, chinese   a BERT with a masked-LM head: a folder beside this file, or a name that
#                    transformers can find (config, weights, vocabulary)
# attention          the sentence; from which word to which a head that resolves coreference
#                    would look
# masked             the word to be predicted, and the word hidden as well with its part of speech
# corpus             words with tags (word, tab, Universal part of speech; an empty line between
#                    sentences), or plain text, which is tagged by spaCy
# reading            folder with the models' tokenizers and hidden states, their names in it
#                    ({model} and {item} stand for numbers); its models; its items
# embeddings         sentences with the place of the first character looked at
# slide              the similarity matrix drawn as a picture
"""


def numbered_answers(given: Sequence[str]) -> dict[int, str]:
    """Return the answers of ``N=TEXT`` by number.

    Raises:
        InputError: something that is not of that form.
    """
    answers = {}
    for text in given:
        match = re.fullmatch(r"\s*(\d{1,3})\s*=(.*\S.*)", text, re.DOTALL)
        if match is None:
            raise InputError(f"--answer {text!r} is not a number, = and the answer")
        answers[int(match[1])] = match[2].strip()
    return answers


def bert_file_from(found: Found, answers: dict[int, str], notebook: Path) -> BertFile:
    """Return the content of ``bert.yaml``; parts of which the notebook holds nothing are left out.

    Raises:
        BundleError: the notebook has nothing for the file, lacks an answer, or has one that does
            not stand in its context.
    """
    if not found.sentences and not found.items:
        raise BundleError(
            f"has nothing on BERT: no sentence with {WORD} and no question with a context",
            path=notebook,
            mend="Give the notebook that has that half, or write bert.yaml by hand "
            "(docs/formats/bert.md); without it the questions on BERT stay open.",
        )
    document: dict[str, Any] = {"format": "hw9-bert/1", "english": "bert-base-cased"}
    if found.sentences:
        document["chinese"] = "bert-base-chinese"
    # Several reading models: 2021's notebook, the only edition whose sentence is known.
    if found.models_apart:
        document |= OF_2021
    document["corpus"] = "corpus.tsv"
    if found.items:
        document["reading"] = _reading(found, answers, notebook)
    if found.sentences:
        sentences = [{"text": text, "at": at} for text, at in found.sentences]
        document["embeddings"] = {"word": WORD, "sentences": sentences}
        document["slide"] = "similarity_slide.png"
    return _checked(document, notebook)


def _reading(found: Found, answers: dict[int, str], notebook: Path) -> dict[str, Any]:
    """The part on reading comprehension; where its files lie as the notebook says it."""
    items = []
    for number, (question, context, answer) in enumerate(found.items, start=1):
        known = answers.get(number, answer)
        if known is None:
            raise BundleError(
                f"does not say the answer of item {number} ({question})",
                path=notebook,
                mend=f"Give it: --answer {number}=TEXT.",
            )
        # An answer given with --answer may have a slip of spelling.
        if known not in context:
            raise BundleError(
                f"the answer {known!r} is not in item {number}'s context", path=notebook
            )
        items.append({"question": question, "context": context, "answer": known})
    reading: dict[str, Any] = {"folder": "hw9_bert", "models": [1, 2, 3]}
    # `False`, not falsy: None is a notebook that does not say it.
    if found.models_apart is False:
        reading["models"] = [1]
    if found.tokenizer is not None:
        reading["tokenizer"] = found.tokenizer
    if found.states is not None:
        reading["states"] = found.states
    return {**reading, "items": items}


def _checked(document: dict[str, Any], notebook: Path) -> BertFile:
    try:
        return BertFile.model_validate(document)
    except ValidationError as problem:
        place, text = first_problem(problem)
        where = ".".join(str(part) for part in place)
        raise BundleError(f"does not fit bert.yaml: {text}", path=notebook, place=where) from None


def dump_bert_file(made: BertFile) -> str:
    """Return the file as YAML that documents itself."""
    document = made.model_dump(by_alias=True, exclude_none=True)
    text: str = yaml.dump(
        document, Dumper=YamlDumper, allow_unicode=True, sort_keys=False, width=96
    )
    return HEADER + text
