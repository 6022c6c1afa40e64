"""Names of records of evidence for a student who should look at them again.

A record's id is its kind and its place, such as ``saliency/2`` or ``filter_visualization/23/0``.
"""

from __future__ import annotations

from collections.abc import Iterable

from solver.key import Sentence

# What the numbers after a kind count, in order. Those of other kinds are not named.
_FIELDS: dict[str, tuple[str, ...]] = {
    "lime": ("picture",),
    "saliency": ("picture",),
    "smoothgrad": ("picture",),
    "module": ("module",),
    "activation": ("layer", "picture"),
    "filter_visualization": ("layer", "picture"),
    "integrated_gradients": ("picture", "steps"),
    "integrated_path": ("picture",),
    "picture": ("picture",),
    "regions": ("picture",),
    "hidden_states": ("model", "question"),
}
# Not explanations: what they are held against. Named only where there is nothing else.
_BESIDE = {"picture", "regions"}

# A field in braces becomes its numbers, in English with what is counted: "pictures 0, 1".
# A question needs the same records whichever option is right; a name must not say what it asks.
_NAMES: dict[str, tuple[str, str]] = {
    "lime": ("LIME of {picture}", "圖片 {picture} 的 LIME"),
    "lime_known_model": (
        "LIME of a classifier whose weights are known",
        "對已知權重的分類器所做的 LIME",
    ),
    "saliency": ("saliency map of {picture}", "圖片 {picture} 的顯著圖"),
    "saliency_derivative": (
        "what the saliency map is the derivative of",
        "顯著圖是什麼對什麼的微分",
    ),
    "smoothgrad": ("SmoothGrad of {picture}", "圖片 {picture} 的 SmoothGrad"),
    "smoothgrad_trace": (
        "what SmoothGrad feeds to the network, and what it averages",
        "SmoothGrad 餵給網路什麼、又平均了什麼",
    ),
    **{
        f"{method}_watched": (
            f"what {english} feeds to the network, and what it reads",
            f"{chinese}餵給網路什麼、又讀取了什麼",
        )
        for method, english, chinese in (
            ("lime", "LIME", "LIME "),
            ("saliency", "the saliency map", "顯著圖"),
            ("smoothgrad", "SmoothGrad", "SmoothGrad "),
            ("integrated_gradients", "integrated gradients", "積分梯度"),
        )
    },
    "module": ("{module} of the network", "網路中索引 {module} 的模組"),
    "activation": (
        "filter activation of {layer} on {picture}",
        "第 {layer} 層濾波器對圖片 {picture} 的活化",
    ),
    "filter_visualization": (
        "filter visualization of {layer} from {picture}",
        "從圖片 {picture} 出發的第 {layer} 層濾波器視覺化",
    ),
    "module by name": ("{module} of the network", "網路中名為 {module} 的層"),
    "activation by name": (
        "filter activation of {layer} on {picture}",
        "{layer} 層濾波器對圖片 {picture} 的活化",
    ),
    "filter_visualization by name": (
        "filter visualization of {layer} from {picture}",
        "從圖片 {picture} 出發的 {layer} 層濾波器視覺化",
    ),
    "filter_trace": (
        "what the filter section holds fixed and what it varies",
        "濾波器一節固定了什麼、改變了什麼",
    ),
    "integrated_gradients": (
        "integrated gradients of {picture} ({steps} steps)",
        "圖片 {picture} 的積分梯度（{steps} 步）",
    ),
    "integrated_path": (
        "the inputs integrated gradients feeds to the network for {picture}",
        "積分梯度就圖片 {picture} 餵給網路的輸入",
    ),
    "picture": ("{picture} itself", "圖片 {picture} 本身"),
    "regions": ("the named regions of {picture}", "圖片 {picture} 中標出的區域"),
    "attention": ("attention of every layer and head", "各層各個 head 的注意力"),
    "masked_words": ("predictions for the masked words", "遮住的詞的預測"),
    "corpus_search": ("corpus search, layer by layer", "逐層的語料搜尋"),
    "hidden_states": (
        "hidden states of {model} on {question}, drawn in two dimensions",
        "模型 {model} 在閱讀理解第 {question} 題的隱藏狀態（二維圖）",
    ),
    "embeddings": ("embeddings of the ten sentences", "十個句子的嵌入"),
    "embedding_trials": (
        "how a character’s embedding changes when one thing is varied",
        "每次只改變一件事時，字的嵌入如何變化",
    ),
    "similarity_picture": (
        "the similarity matrices beside the slide’s picture",
        "相似度矩陣與投影片圖的比較",
    ),
}
_COUNTED = {"question": "reading question"}
"""English names of fields, where they are not the field's own."""

Numbers = tuple[str, ...]
Group = tuple[str, tuple[Numbers, ...]]
"""A kind, and the numbers of each of its fields; every combination is a record."""


def explanation_names(records: Iterable[str]) -> tuple[Sentence, ...]:
    """Return the names of some records, as few as possible.

    >>> [name.en for name in explanation_names(["saliency/0", "saliency/1", "regions/1"])]
    ['saliency map of pictures 0, 1']
    """
    named: list[Group] = []
    for record in dict.fromkeys(records):
        kind, *place = record.split("/")
        fields = _FIELDS.get(kind)
        if kind in _NAMES and fields is None:
            place = []  # one name for all of the kind
        elif fields is None or len(place) < len(fields):
            kind, place = record, []
        counted = place[: len(fields or ())]
        named.append((kind, tuple((number,) for number in counted)))
    groups = _merged(dict.fromkeys(named))
    kept = [group for group in groups if group[0] not in _BESIDE] or groups
    return tuple(_named(*group) for group in kept)


def _merged(groups: Iterable[Group]) -> list[Group]:
    """Return groups with those merged that differ in one field alone, the last field first."""
    merged = list(groups)
    # The last field first: "layers 6, 15 on picture 1" reads better than one name for each layer.
    for field in reversed(range(max((len(places) for _, places in merged), default=0))):
        by_rest: dict[tuple[object, ...], Group] = {}
        for kind, places in merged:
            # Those with the same rest differ in this field alone.
            rest = (kind, len(places), *places[:field], *places[field + 1 :])
            if field < len(places) and rest in by_rest:
                both = (*by_rest[rest][1][field], *places[field])
                places = (*places[:field], both, *places[field + 1 :])
            by_rest[rest] = (kind, places)
        merged = list(by_rest.values())
    return merged


def _named(kind: str, places: tuple[Numbers, ...]) -> Sentence:
    # Layers of torchvision's networks have names, "layer1.0.conv1", which are no "layer 6".
    by_name = not all(number.isdecimal() for numbers in places for number in numbers)
    usual = _NAMES.get(kind, (kind, kind))
    english, chinese = _NAMES.get(f"{kind} by name", usual) if by_name else usual
    fields = dict(zip(_FIELDS.get(kind, ()), places, strict=False))
    if kind not in _NAMES or (kind in _FIELDS and not fields):
        return Sentence(en=kind, zh_hant=kind)
    return Sentence(
        en=english.format(**{name: _counted(name, each) for name, each in fields.items()}),
        zh_hant=chinese.format(**{name: "、".join(_runs(each)) for name, each in fields.items()}),
    )


def _counted(field: str, numbers: Numbers) -> str:
    """Return numbers with the name of their field: "pictures 0, 1"."""
    listed = ", ".join(_runs(numbers))
    if field == "steps":  # its texts have the word after the number
        return listed
    return f"{_COUNTED.get(field, field)}{'s' if len(numbers) > 1 else ''} {listed}"


def _runs(numbers: Numbers) -> list[str]:
    """Return numbers with runs of three or more as one: 0, 2–5."""
    if not all(number.isdecimal() for number in numbers):
        return list(numbers)
    runs: list[list[int]] = []
    for number in sorted(map(int, numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    # Two numbers are as short as a range: "0, 1", not "0–1".
    parts = [[f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run) for run in runs]
    return [each for part in parts for each in part]
