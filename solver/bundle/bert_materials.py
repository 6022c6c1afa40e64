"""The BERT part of a bundle: ``bert.yaml`` and the files it names, checked and loaded lazily.

::

    bert.yaml                            sentences, items, and where the rest lies
    bert-base-cased/ bert-base-chinese/  models (or names that transformers can find)
    hw9_bert/tokenizer<m>/               tokenizers of the reading models
    hw9_bert/output/model<m>_q<n>        their hidden states: tuples of (1, tokens, width)
    corpus.tsv                           tagged corpus (solver.bundle.tagged_corpus)
    similarity_slide.png                 picture of a similarity matrix
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from solver.bundle.tagged_corpus import TAGS, Sentence, load_corpus
from solver.errors import BundleError
from solver.files.apple_double import without_apple_double
from solver.files.atomic_write import sha256_of
from solver.files.yaml_source import load_placed_yaml, validated
from solver.models.bert import (
    Bert,
    Encoding,
    Tokenizer,
    find_model,
    load_bert,
    load_tokenizer,
    model_hashes,
)

FILE = "bert.yaml"
MOST_VALUES = 1 << 27
"""In a file of hidden states; the course's largest has a seventieth of it."""
Part = TypeVar("Part")
Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Link(_Part):
    """A word of the sentence and the word it refers to."""

    source: Text = Field(alias="from")
    target: Text = Field(alias="to")


class AttentionPart(_Part):
    """The sentence whose attention is looked at."""

    sentence: Text
    links: list[Link] = Field(min_length=1, description="what resolving coreference would link")


class MaskedPart(_Part):
    """The word that is predicted, and one hidden as well; both stand in the sentence once."""

    word: Text
    also: Text
    tag: str = Field(description="part of speech of `also`, as the corpus writes it")

    @model_validator(mode="after")
    def _known_tag(self) -> MaskedPart:
        if self.tag not in TAGS:
            raise ValueError(f"the part of speech {self.tag!r} is none of {', '.join(TAGS)}")
        return self


class Item(_Part):
    """A reading-comprehension item; the answer stands in the context."""

    question: Text
    context: Text
    answer: Text

    @model_validator(mode="after")
    def _answer_in_context(self) -> Item:
        if self.answer not in self.context:
            raise ValueError(f"the answer {self.answer!r} is not in the context")
        return self


class ReadingPart(_Part):
    """Reading models: known by their hidden states alone, or run (`encoder`)."""

    folder: Text = Field(description="folder of tokenizers and hidden states, in the bundle")
    models: list[int] = Field(min_length=1, description="numbers of the models")
    tokenizer: Text = Field(
        default="tokenizer{model}", description="folder of a model's tokenizer, in `folder`"
    )
    states: Text = Field(
        default="output/model{model}_q{item}",
        description="file of a model's hidden states on an item, in `folder`",
    )
    encoder: Text | None = Field(
        default=None,
        description="folder of a model with its tokenizer, in `folder`, such as `reader{model}`, "
        "which is run on the items: no states are kept",
    )
    items: list[Item] = Field(min_length=1, description="the reading items, in order")

    @model_validator(mode="after")
    def _patterns_tell_them_apart(self) -> ReadingPart:
        if "{item}" not in self.states and len(self.items) > 1:
            raise ValueError("'states' has no {item}, and there are several items")
        if self.encoder is not None:
            given = {"states", "tokenizer"} & self.model_fields_set
            if given:
                raise ValueError(
                    f"'encoder' replaces {' and '.join(sorted(given))}: leave those out"
                )
            if "{model}" not in self.encoder and len(self.models) > 1:
                raise ValueError("'encoder' has no {model}, and there are several models")
        elif "{model}" not in self.states and len(self.models) > 1:
            raise ValueError("'states' has no {model}, and there are several models")
        return self

    def encoder_of(self, model: int) -> str | None:
        """Return the folder of a model that is run, in `folder`; None where states are kept."""
        # `replace`, not `format`: a pattern with other braces in it would fail, or reach
        # attributes.
        return self.encoder.replace("{model}", str(model)) if self.encoder is not None else None

    def tokenizer_of(self, model: int) -> str:
        """Return the folder of a model's tokenizer, in `folder`."""
        return self.tokenizer.replace("{model}", str(model))

    def states_of(self, model: int, item: int) -> str:
        """Return the file of a model's hidden states on an item, in `folder`."""
        return self.states.replace("{model}", str(model)).replace("{item}", str(item))


class Place(_Part):
    """A sentence, and where the word looked at begins in it (0 for the first character)."""

    text: Text
    at: int = Field(ge=0)


class EmbeddingsPart(_Part):
    """Sentences that share a word of two senses."""

    word: Text
    sentences: list[Place] = Field(min_length=2)

    @model_validator(mode="after")
    def _word_is_there(self) -> EmbeddingsPart:
        for number, place in enumerate(self.sentences, start=1):
            if place.text[place.at : place.at + len(self.word)] != self.word:
                raise ValueError(
                    f"sentence {number} does not have {self.word!r} at character {place.at}"
                )
        return self


class BertFile(_Part):
    """``bert.yaml``; a part that is left out leaves open the questions that need it."""

    format: Literal["hw9-bert/1"]
    english: Text | None = Field(default=None, description="folder or name of the English BERT")
    chinese: Text | None = Field(default=None, description="folder or name of the Chinese BERT")
    attention: AttentionPart | None = None
    masked: MaskedPart | None = None
    corpus: Text | None = Field(default=None, description="the tagged corpus")
    reading: ReadingPart | None = None
    embeddings: EmbeddingsPart | None = None
    slide: Text | None = Field(default=None, description="picture of a similarity matrix")

    @model_validator(mode="after")
    def _words_stand_in_the_sentence(self) -> BertFile:
        if self.attention is None:
            if self.masked is not None:
                raise ValueError("'masked' hides words of the sentence that 'attention' has")
            return self
        sentence = self.attention.sentence
        wanted = [self.masked.word, self.masked.also] if self.masked else []
        wanted += [word for link in self.attention.links for word in (link.source, link.target)]
        for word in wanted:
            if word not in sentence:
                raise ValueError(f"the word {word!r} is not in the sentence {sentence!r}")
        return self


@dataclass(frozen=True)
class Reading:
    """A reading model's pass over one item.

    Attributes:
        states: float32 (layers + 1, T, width): embedding output, then each layer.
        encoding: the pieces, [CLS] question [SEP] context [SEP].
    """

    states: npt.NDArray[np.float32]
    encoding: Encoding
    item: Item


@dataclass(frozen=True)
class BertMaterials:
    """The materials of a bundle folder; models and files are read when first asked for."""

    folder: Path
    file: BertFile
    device: str = "cpu"

    @cached_property
    def english(self) -> Bert:
        """The English model."""
        name = self._there("english", self.file.english)
        return load_bert(find_model(self.folder, name), self.device)

    @cached_property
    def chinese(self) -> Bert:
        """The Chinese model."""
        name = self._there("chinese", self.file.chinese)
        # Its masked-LM head is never asked, and need not be in the folder.
        return load_bert(find_model(self.folder, name), self.device, predicts=False)

    @cached_property
    def corpus(self) -> list[Sentence]:
        """The corpus, with parts of speech."""
        return load_corpus(self.folder / self._there("corpus", self.file.corpus))

    @property
    def slide(self) -> Path:
        """The picture of a similarity matrix."""
        return self.folder / self._there("slide", self.file.slide)

    @property
    def attention(self) -> AttentionPart:
        """The sentence and its links."""
        return self._there("attention", self.file.attention)

    @property
    def masked(self) -> MaskedPart:
        """The words that are hidden."""
        return self._there("masked", self.file.masked)

    @property
    def reading_part(self) -> ReadingPart:
        """Reading models and items."""
        return self._there("reading", self.file.reading)

    @property
    def embeddings(self) -> EmbeddingsPart:
        """Sentences that share a word."""
        return self._there("embeddings", self.file.embeddings)

    def _there(self, name: str, part: Part | None) -> Part:
        if part is None:
            raise BundleError(
                f"has no part {name!r}, which this question needs",
                path=self.folder / FILE,
                mend="Add it (docs/formats/bert.md).",
                zh=f"沒有本題所需的 {name!r} 部分，請補上（docs/formats/bert.md）",
            )
        return part

    @cached_property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of every file that is used, by its name; models by name stand as such."""
        # Every file that a record may rest on: a changed one makes the records anew.
        found = {FILE: sha256_of(self.folder / FILE)}
        for name in filter(None, (self.file.english, self.file.chinese)):
            for part, digest in model_hashes(find_model(self.folder, name)).items():
                found[f"{name}/{part}"] = digest
        for name in filter(None, (self.file.corpus, self.file.slide)):
            if (self.folder / name).is_file():
                found[name] = sha256_of(self.folder / name)
        reading = self.folder / self.file.reading.folder if self.file.reading else None
        for path in without_apple_double(sorted(reading.rglob("*") if reading else [])):
            if path.is_file():
                found[path.relative_to(self.folder).as_posix()] = sha256_of(path)
        return found

    def tokenizer(self, model: int) -> Tokenizer:
        """Return the tokenizer of reading model `model`."""
        part = self.reading_part
        return load_tokenizer(self.folder / part.folder / part.tokenizer_of(model))

    def reading(self, model: int, item: int) -> Reading:
        """Return the pass of reading model `model` over item `item`, both counted from 1.

        Raises:
            BundleError: no such item, or hidden states that do not fit the tokenizer.
        """
        part = self.reading_part
        items = part.items
        if not 1 <= item <= len(items):
            raise BundleError(
                f"there is no item {item}: it has {len(items)}",
                path=self.folder / FILE,
                zh=f"沒有第 {item} 題：共有 {len(items)} 題",
            )
        asked = items[item - 1]
        folder = part.encoder_of(model)
        if folder is not None:
            return self._run(load_bert(self.folder / part.folder / folder, self.device,
                                       predicts=False), asked)  # fmt: skip
        encoding = self.tokenizer(model).encode(asked.question, asked.context)
        path = self.folder / part.folder / part.states_of(model, item)
        return Reading(load_states(path, len(encoding.ids)), encoding, asked)

    def _run(self, encoder: Bert, item: Item) -> Reading:
        encoding = encoder.tokenizer.encode(item.question, item.context)
        # Of the one sequence in the batch.
        states = [layer[0].float().cpu().numpy() for layer in encoder.hidden_states([encoding])]
        return Reading(np.stack(states), encoding, item)


def load_materials(folder: Path, device: str = "cpu") -> BertMaterials:
    """Read ``bert.yaml`` of a bundle.

    Raises:
        BundleError: it is missing or not well formed; names the line.
    """
    path = folder / FILE
    if not path.is_file():
        raise BundleError(
            "there is none, and the questions on BERT need it",
            path=path,
            mend="Make it with hw9 bundle init, or write it (docs/formats/bert.md).",
            zh="沒有這個檔案，BERT 的題目需要它；請用 hw9 bundle init 產生，"
            "或自行撰寫（docs/formats/bert.md）",
        )
    placed = load_placed_yaml(path, BundleError)
    return BertMaterials(folder, validated(placed, BertFile, BundleError), device)


def load_states(path: Path, tokens: int) -> npt.NDArray[np.float32]:
    """Load hidden states as the course saved them: a tuple of tensors (1, T, width).

    Returns:
        float32 (layers + 1, T, width).

    Raises:
        BundleError: not such a file, or another number of tokens than the tokenizer gives.
    """
    import torch

    from solver.models.checkpoints import is_plain

    try:
        with warnings.catch_warnings(action="ignore"):
            loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise BundleError(
            "there is no such file of hidden states", path=path, zh="沒有這個隱藏狀態的檔案"
        ) from None
    except Exception as problem:  # torch raises many kinds for damaged files
        lines = str(problem).splitlines() or [type(problem).__name__]
        raise BundleError(
            f"cannot be read as saved tensors ({lines[0]})",
            path=path,
            mend="Take the file out of the course's archive again.",
            zh=f"無法讀成儲存的張量（{lines[0]}），請重新從課程的壓縮檔取出",
        ) from None
    if not isinstance(loaded, (tuple, list)) or not all(torch.is_tensor(one) for one in loaded):
        raise BundleError("is not a tuple of tensors", path=path, zh="不是張量的 tuple")
    # A sparse or quantized tensor, or one that expands from a byte, passes as small on disk.
    if not all(map(is_plain, loaded)) or sum(one.numel() for one in loaded) > MOST_VALUES:
        raise BundleError(
            "holds other tensors than hidden states are", path=path, zh="含有隱藏狀態以外的張量"
        )
    shapes = {tuple(one.shape) for one in loaded}
    if len(loaded) < 2 or len(shapes) != 1 or len(next(iter(shapes))) != 3:
        raise BundleError(
            "is not a tuple of tensors (1, tokens, width), one a layer",
            path=path,
            zh="不是每層一個張量 (1, tokens, width) 的 tuple",
        )
    (shape,) = shapes
    # The course saved no tokens beside the states: their number is all that can be held together.
    if shape[0] != 1 or shape[1] != tokens:
        raise BundleError(
            f"holds {shape[1]} tokens, and the tokenizer makes {tokens} of the item",
            path=path,
            mend="Give the item in bert.yaml as the model got it, and the tokenizer it had.",
            zh=f"有 {shape[1]} 個 token，而 tokenizer 由該題得出 {tokens} 個；"
            "bert.yaml 的題目與 tokenizer 應與模型當時所用的相同",
        )
    layers = [one.detach().float() for one in loaded]
    stacked: npt.NDArray[np.float32] = torch.cat(layers).numpy()
    if not np.isfinite(stacked).all():
        raise BundleError("holds NaN or infinity", path=path, zh="含有 NaN 或無限大")
    return stacked
