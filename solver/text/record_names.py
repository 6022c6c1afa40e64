"""Names of records for people: "SmoothGrad, picture 9" for the id ``smoothgrad/9``."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAMES = {
    "picture": ("picture {0}", "圖片 {0}"),
    "regions": ("regions of picture {0}", "圖片 {0} 的區域"),
    "lime": ("LIME, picture {0}", "LIME，圖片 {0}"),
    "saliency": ("saliency, picture {0}", "顯著圖，圖片 {0}"),
    "smoothgrad": ("SmoothGrad, picture {0}", "SmoothGrad，圖片 {0}"),
    "integrated_gradients": (
        "integrated gradients, picture {0}, {1} steps",
        "積分梯度，圖片 {0}，{1} 步",
    ),
    "integrated_path": ("path of integrated gradients, picture {0}", "積分梯度的路徑，圖片 {0}"),
    "activation": ("filter activation in {0}, picture {1}", "{0} 的濾波器活化，圖片 {1}"),
    "filter_visualization": (
        "filter visualization of {0}, picture {1}",
        "{0} 的濾波器視覺化，圖片 {1}",
    ),
    "filter_trace": (
        "run of the filter visualization of {0}, picture {1}",
        "{0} 濾波器視覺化的執行紀錄，圖片 {1}",
    ),
    "module": ("layer {0}", "{0} 層"),
    "lime_known_model": ("LIME of a classifier of known weights", "權重已知的分類器的 LIME"),
    "saliency_derivative": ("saliency beside finite differences", "顯著圖與有限差分"),
    "smoothgrad_trace": ("run of SmoothGrad, picture {0}", "SmoothGrad 的執行紀錄，圖片 {0}"),
    "lime_watched": ("run of LIME, picture {0}", "LIME 的執行紀錄，圖片 {0}"),
    "saliency_watched": ("run of saliency, picture {0}", "顯著圖的執行紀錄，圖片 {0}"),
    "smoothgrad_watched": ("run of SmoothGrad, picture {0}", "SmoothGrad 的執行紀錄，圖片 {0}"),
    "integrated_gradients_watched": (
        "run of integrated gradients, picture {0}",
        "積分梯度的執行紀錄，圖片 {0}",
    ),
    "attention": ("attention of BERT", "BERT 的注意力"),
    "masked_words": ("words for the mask, run {0}", "遮罩處的詞，第 {0} 次"),
    "corpus_search": ("search of the corpus", "語料庫搜尋"),
    "hidden_states": ("hidden states of model {0}, item {1}", "模型 {0} 的隱藏狀態，第 {1} 題"),
    "embeddings": ("embeddings of the Chinese sentences", "中文句子的詞向量"),
    "embedding_trials": ("embeddings of varied sentences", "變化句子的詞向量"),
    "similarity_picture": ("picture of the similarities", "相似度的圖"),
}


def record_name(identifier: str) -> tuple[str, str]:
    """Return the name of a record (en, zh-Hant); an id of another shape stays as it is.

    >>> record_name("smoothgrad/9")
    ('SmoothGrad, picture 9', 'SmoothGrad，圖片 9')
    >>> record_name("integrated_gradients/7/100")[0]
    'integrated gradients, picture 7, 100 steps'
    >>> record_name("things/1")
    ('things/1', 'things/1')
    >>> record_name("activation/6/1")[0], record_name("activation/layer1.0.conv1/1")[0]
    ('filter activation in cnn[6], picture 1', 'filter activation in layer1.0.conv1, picture 1')
    """
    kind, *numbers = identifier.split("/")
    english, chinese = _NAMES.get(kind, ("", ""))
    # A layer of another network goes by its name, and evidence by hand may have any id.
    if not english or english.count("{") != len(numbers):
        return identifier, identifier
    if kind in _OF_LAYERS:
        numbers[0] = layer_label(numbers[0])
    return english.format(*numbers), chinese.format(*numbers)


def picture_of(identifier: str) -> str:
    """Return the number of the picture that a record is of; "" where its name tells none.

    >>> picture_of("activation/layer1.0.conv1/4"), picture_of("integrated_gradients/7/100")
    ('4', '7')
    >>> picture_of("module/6"), picture_of("things/1")
    ('', '')
    """
    kind, *numbers = identifier.split("/")
    english = _NAMES.get(kind, ("", ""))[0]
    place = re.search(r"picture \{(\d)\}", english)
    # A shorter id, as in evidence by hand, has none at that place.
    return numbers[int(place[1])] if place and english.count("{") == len(numbers) else ""


def layer_label(layer: int | str) -> str:
    """Return the name of a layer in sentences: an index is one into the course's `cnn`.

    >>> layer_label(6), layer_label("6"), layer_label("layer1.0.conv1")
    ('cnn[6]', 'cnn[6]', 'layer1.0.conv1')
    """
    return f"cnn[{layer}]" if str(layer).isdecimal() else str(layer)


_OF_LAYERS = ("activation", "filter_visualization", "filter_trace", "module")
"""Kinds of records whose id begins with a layer."""


def records_named(identifiers: Iterable[str]) -> tuple[str, str]:
    """Return the names of records, listed (en, zh-Hant)."""
    names = [record_name(one) for one in identifiers]
    return "; ".join(one[0] for one in names), "；".join(one[1] for one in names)
