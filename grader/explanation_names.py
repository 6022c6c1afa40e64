"""What a record of evidence is called when a student is told to look at it again.

A record's id is its kind and its place, such as ``saliency/2`` or ``filter_visualization/23/0``.
Which records a question rests on is the same whichever option is right, so naming them gives
nothing away.
"""

from __future__ import annotations

from solver.key import Sentence

# {0}, {1}: the numbers after the kind.
_NAMES: dict[str, tuple[str, str]] = {
    "lime": ("LIME of picture {0}", "圖片 {0} 的 LIME"),
    "lime_known_model": (
        "LIME of a classifier whose weights are known",
        "對已知權重的分類器所做的 LIME",
    ),
    "saliency": ("saliency map of picture {0}", "圖片 {0} 的顯著圖"),
    "saliency_derivative": (
        "what the saliency map is the derivative of",
        "顯著圖是什麼對什麼的導數",
    ),
    "smoothgrad": ("SmoothGrad of picture {0}", "圖片 {0} 的 SmoothGrad"),
    "smoothgrad_trace": (
        "what SmoothGrad feeds to the network, and what it averages",
        "SmoothGrad 餵給網路什麼、又平均了什麼",
    ),
    "module": ("module {0} of the network", "網路的第 {0} 個模組"),
    "activation": (
        "filter activation of layer {0} on picture {1}",
        "第 {0} 層濾鏡對圖片 {1} 的活化",
    ),
    "filter_visualization": (
        "filter visualization of layer {0} from picture {1}",
        "從圖片 {1} 出發的第 {0} 層濾鏡視覺化",
    ),
    "filter_trace": (
        "what the filter section holds fixed and what it varies",
        "濾鏡一節固定了什麼、改變了什麼",
    ),
    "integrated_gradients": (
        "integrated gradients of picture {0} ({1} steps)",
        "圖片 {0} 的 integrated gradients（{1} 步）",
    ),
    "integrated_path": (
        "the samples between baseline and picture {0}",
        "從基準到圖片 {0} 的路徑樣本",
    ),
    "picture": ("picture {0} itself", "圖片 {0} 本身"),
    "regions": ("the named regions of picture {0}", "圖片 {0} 的具名區域"),
    "attention": ("attention of every layer and head", "各層各注意力頭的注意力"),
    "masked_words": ("predictions for the masked words", "被遮蓋的詞的預測"),
    "corpus_search": ("corpus search, layer by layer", "逐層的語料搜尋"),
    "hidden_states": (
        "hidden states of model {0} on item {1}, drawn in two dimensions",
        "模型 {0} 在第 {1} 題的隱藏狀態（二維圖）",
    ),
    "embeddings": ("embeddings of the ten sentences", "十個句子的詞嵌入"),
    "embedding_trials": (
        "how a character’s embedding changes when one thing is varied",
        "每次只改變一件事時，字的嵌入如何變化",
    ),
    "similarity_picture": (
        "the similarity matrices beside the slide’s picture",
        "相似度矩陣與投影片圖的比較",
    ),
}


def explanation_name(record: str) -> Sentence:
    """Return what to call a record; its id where its kind or its place is not known here.

    >>> explanation_name("saliency/2").en
    'saliency map of picture 2'
    """
    kind, *place = record.split("/")
    english, chinese = _NAMES.get(kind, (record, record))
    try:
        return Sentence(en=english.format(*place), zh_hant=chinese.format(*place))
    except IndexError:
        return Sentence(en=record, zh_hant=record)
