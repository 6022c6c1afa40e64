"""What a record of evidence is called when a student is told to look at it again.

A record's id is its kind and its place, such as ``saliency/2`` or ``filter_visualization/23/0``.
Which records a question rests on is the same whichever option is right, so naming them gives
nothing away, as long as no name here says what a question asks.
"""

from __future__ import annotations

from collections.abc import Iterable

from solver.key import Sentence

# Where in a record's place its picture stands, of the kinds that have one.
_PICTURE_AT = {
    "lime": 0,
    "saliency": 0,
    "smoothgrad": 0,
    "integrated_gradients": 0,
    "integrated_path": 0,
    "picture": 0,
    "regions": 0,
    "activation": 1,
    "filter_visualization": 1,
}
# Not explanations: what they are held against. Named only where there is nothing else.
_BESIDE = {"picture", "regions"}

# {pictures}: the pictures; {0}, {1}: the other numbers after the kind.
_NAMES: dict[str, tuple[str, str]] = {
    "lime": ("LIME of {pictures}", "{pictures} 的 LIME"),
    "lime_known_model": (
        "LIME of a classifier whose weights are known",
        "對已知權重的分類器所做的 LIME",
    ),
    "saliency": ("saliency map of {pictures}", "{pictures} 的顯著圖"),
    "saliency_derivative": (
        "what the saliency map is the derivative of",
        "顯著圖是什麼對什麼的導數",
    ),
    "smoothgrad": ("SmoothGrad of {pictures}", "{pictures} 的 SmoothGrad"),
    "smoothgrad_trace": (
        "what SmoothGrad feeds to the network, and what it averages",
        "SmoothGrad 餵給網路什麼、又平均了什麼",
    ),
    "module": ("module {0} of the network", "網路的第 {0} 個模組"),
    "activation": (
        "filter activation of layer {0} on {pictures}",
        "第 {0} 層濾波器對{pictures} 的活化",
    ),
    "filter_visualization": (
        "filter visualization of layer {0} from {pictures}",
        "從{pictures} 出發的第 {0} 層濾波器視覺化",
    ),
    "filter_trace": (
        "what the filter section holds fixed and what it varies",
        "濾波器一節固定了什麼、改變了什麼",
    ),
    "integrated_gradients": (
        "integrated gradients of {pictures} ({0} steps)",
        "{pictures} 的積分梯度（{0} 步）",
    ),
    "integrated_path": (
        "the inputs integrated gradients feeds to the network for {pictures}",
        "積分梯度就{pictures} 餵給網路的輸入",
    ),
    "picture": ("{pictures} itself", "{pictures} 本身"),
    "regions": ("the named regions of {pictures}", "{pictures} 的具名區域"),
    "attention": ("attention of every layer and head", "各層各個 head 的注意力"),
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


def explanation_names(records: Iterable[str]) -> tuple[Sentence, ...]:
    """Return what to call some records, those of one explanation on several pictures as one.

    >>> [name.en for name in explanation_names(["saliency/0", "saliency/1", "regions/1"])]
    ['saliency map of pictures 0, 1']
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for record in dict.fromkeys(records):
        kind, *place = record.split("/")
        picture = _PICTURE_AT.get(kind)
        if picture is None or picture >= len(place):
            groups[tuple(record.split("/"))] = []
        else:
            others = (kind, *place[:picture], *place[picture + 1 :])
            groups.setdefault(others, []).append(place[picture])
    kept = {group: seen for group, seen in groups.items() if group[0] not in _BESIDE} or groups
    return tuple(_named(group, pictures) for group, pictures in kept.items())


def _named(group: tuple[str, ...], pictures: list[str]) -> Sentence:
    kind, *place = group
    plain = "/".join(group)
    english, chinese = _NAMES.get(kind, (plain, plain))
    if kind in _PICTURE_AT and not pictures:
        english = chinese = plain
    several = "pictures" if len(pictures) > 1 else "picture"
    listed = _in_runs(pictures)
    try:
        return Sentence(
            en=english.format(*place, pictures=f"{several} {listed}"),
            zh_hant=chinese.format(*place, pictures=f"圖片 {listed}"),
        )
    except IndexError:
        return Sentence(en=plain, zh_hant=plain)


def _in_runs(numbers: list[str]) -> str:
    """Return numbers with runs of three or more drawn together: 0, 2–5."""
    if not all(number.isdecimal() for number in numbers):
        return ", ".join(numbers)
    runs: list[list[int]] = []
    for number in sorted(map(int, numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return ", ".join(parts)
