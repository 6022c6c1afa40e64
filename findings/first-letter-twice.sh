#!/usr/bin/env bash
# shap explains another text: with a SentencePiece tokenizer the first character is there twice.
#
# Believed: with every piece shown `shap.maskers.Text` gives the model the text itself, so the
#   values add up from the base value to the model's output, with each fast tokenizer.
# Versions: shap 0.51.0, transformers 5.24.0 (T5Tokenizer, XLMRobertaTokenizer, BertTokenizer),
#   tokenizers 0.23.3, sentencepiece 0.2.3.
# Seen: where the vocabulary has no piece for a word's first character with the space before it, "▁"
#   is a piece of its own. Its offsets are those of the first character, and the next piece has that
#   character once more; shap puts both in. "不好吃" goes to the model as "不不好吃", "得 3 分" as
#   "得得 33 分分". A model that counts 不 says 1 and is explained as 2, one that reads the number
#   says 3 and is explained as 33, one that asks for an odd number of 不 says 1 and is explained as
#   0. BERT's tokenizer gives the text; so do both where such a piece is in the vocabulary.
# Matters: a Chinese text can begin with any of thousands of characters, and each without a piece of
#   its own for that is doubled; a negation or a digit said twice is another text. Compare
#   `masker(all shown, text)` with the text first.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile shap==0.51.0 transformers==5.24.0 \
  tokenizers==0.23.3 sentencepiece==0.2.3 protobuf==7.36.2 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import io
import os
import re

import numpy as np
import sentencepiece
import shap
from transformers import BertTokenizer, T5Tokenizer, XLMRobertaTokenizer

corpus = ["貓不在桌上", "圖片裡的貓不好吃", "共3人", "她得5分", "圖片裡有3人", "得分不好"]
ids = {"t5/spiece.model": {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1},
       "xlmr/sentencepiece.bpe.model": {}}
for path, special in ids.items():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus * 20), model_writer=model, vocab_size=60, num_threads=1,
        hard_vocab_limit=False, character_coverage=1.0, minloglevel=2, **special)
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(model.getvalue())
letters = sorted(set("".join(corpus)))
pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
tokenizers = {"T5": T5Tokenizer.from_pretrained("t5", extra_ids=0),
              "XLM-R": XLMRobertaTokenizer.from_pretrained("xlmr"),
              "BERT": BertTokenizer(vocab={one: at for at, one in enumerate(pieces)})}
models = {"how many 不": lambda text: text.count("不"),
          "an odd number of 不": lambda text: text.count("不") % 2,
          "the number": lambda text: int((re.findall("[0-9]+", text) or ["0"])[0])}
asked = [("不好吃", "how many 不"), ("不好吃", "an odd number of 不"), ("得 3 分", "the number"),
         ("圖片裡的貓不吃", "how many 不")]
right = {"T5": (2, 0, 33, 1), "XLM-R": (2, 0, 33, 1), "BERT": (1, 1, 3, 1)}
for name, tokenizer in tokenizers.items():
    masker = shap.maskers.Text(tokenizer)
    sums = []
    for text, kind in asked:
        shown = str(masker(np.ones(masker.shape(text)[1], bool), text)[0][0])
        function = models[kind]
        found = shap.Explainer(lambda texts: np.array([function(str(one)) for one in texts], float),
                               masker, silent=True)([text])[0]
        sums.append(float(found.base_values + found.values.sum()))
        given = tokenizer(text, return_offsets_mapping=True)
        parts = tokenizer.convert_ids_to_tokens(given["input_ids"])
        print(f"{name}: {text} is {parts} {given['offset_mapping']}, all shown {shown}; {kind}:"
              f" {function(text)}, explained {sums[-1]:g} = {found.base_values:g}"
              f" + {found.values.tolist()}")
        assert (shown == text) == ("▁" not in parts)
    assert np.allclose(sums, right[name]), sums
PY
