#!/usr/bin/env bash
# A text that nobody asked to cut comes out cut, because another thread had its own text cut.
#
# Believed: truncation and length are arguments of the call; two threads may use one tokenizer, or
#   are stopped by an error.
# Versions: transformers 5.24.0, tokenizers 0.23.3.
# Seen: a call writes its truncation into the shared tokenizer and reads it a moment later. Of some
#   thousand calls of a text of 40 words without truncation some come back with 8 ids, since the
#   other thread asks for 8; and some of those asked for 8 come back whole. No error, no warning.
#   With a copy for each thread there is none. Words that were cut off have no attention and no
#   hidden state.
# Matters: a page or a pool of threads that explains sentences shares one tokenizer as a matter of
#   course; one answer in hundreds is then about the first words only, and not again when tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile transformers==5.24.0 tokenizers==0.23.3
cd "$dir"
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$dir/venv/bin/python" -W ignore - <<'PY'
import copy
import sys
import threading
from collections import Counter
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

words = [f"word{k}" for k in range(40)]
vocabulary = {word: k for k, word in enumerate(["[UNK]", *words])}
raw = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
raw.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="[UNK]")
text = " ".join(words)
sys.setswitchinterval(1e-5)


def lengths(a, b, calls=2000):
    seen = Counter()

    def whole():
        for _ in range(calls):
            seen["whole", len(a(text)["input_ids"])] += 1

    def first_eight():
        for _ in range(calls):
            seen["8", len(b(text, truncation=True, max_length=8)["input_ids"])] += 1

    threads = [threading.Thread(target=work) for work in (whole, first_eight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


seen = Counter()
for turn in range(30):
    seen += lengths(tokenizer, tokenizer)
    if seen["whole", 8] and seen["8", 40]:
        break
print("asked (whole or 8) and got, one tokenizer for both threads:", dict(seen))
apart = lengths(copy.deepcopy(tokenizer), copy.deepcopy(tokenizer))
print("a copy for each:", dict(apart))
assert seen["whole", 8] and seen["8", 40]
assert set(apart) == {("whole", 40), ("8", 8)}
PY
