#!/usr/bin/env bash
# Whether `hidden_states` shows what a hook did hangs on whether the model ran before the hook.
#
# Believed: `output_hidden_states=True` gives what each layer handed to the next one; a forward
#   hook that changes a layer's output is in it (it was, when the model's own loop collected the
#   states).
# Versions: transformers 5.24.0, torch 2.13.0.
# Seen: the states are collected by hooks of the library's own, put in place by the first call
#   that asks for them. A user's hook from before that call comes first and is seen; one from
#   after it comes second: the next layer gets the changed state, `hidden_states` (and
#   `attentions`) show the unchanged one. Same model, same input, same final output, two different
#   lists of states. A layer that is replaced after that call is not collected at all: the list is
#   one short, and what stands at index 2 is the output of another layer. Nothing is said in any
#   of these cases.
# Matters: switching heads or words off by hooks and looking at the layers is how one asks what a
#   BERT does where; an "unhooked run first, then the hook" is the natural order, and the wrong
#   one.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile torch==2.13.0 transformers==5.24.0 numpy==2.4.6
cd "$dir"
HF_HUB_OFFLINE=1 "$dir/venv/bin/python" - <<'PY'
import copy
import torch
from transformers import BertConfig, BertModel

config = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=4, num_attention_heads=4,
                    intermediate_size=32, attn_implementation="eager")
torch.manual_seed(0)
first = BertModel(config, add_pooling_layer=False).eval()
ids = torch.arange(5, 11)[None]


def run(model):
    with torch.no_grad():
        return model(ids, output_hidden_states=True, output_attentions=True)


def silent(module, args, output):
    return torch.zeros_like(output)


def no_weights(module, args, output):
    return output[0], torch.zeros_like(output[1])


def is_zero(states):
    return [bool((state == 0).all()) for state in states]


seen = {}
for ran_before in (False, True):
    model = copy.deepcopy(first)
    if ran_before:
        run(model)
    model.encoder.layer[1].register_forward_hook(silent)
    model.encoder.layer[2].attention.self.register_forward_hook(no_weights)
    result = run(model)
    seen[ran_before] = is_zero(result.hidden_states), is_zero(result.attentions), result[0]
    print(f"ran before the hook: {ran_before!s:5} | states that are 0: {seen[ran_before][0]}"
          f" | attentions that are 0: {seen[ran_before][1]}")
assert torch.equal(seen[False][2], seen[True][2]), "the outputs themselves are one"
assert seen[False][:2] == ([False, False, True, True, True], [False, False, True, False])
assert seen[True][:2] == ([False, False, False, True, True], [False, False, False, False])

model = copy.deepcopy(first)
before = run(model).hidden_states
model.encoder.layer[1] = copy.deepcopy(first.encoder.layer[1])  # the same weights again
after = run(model).hidden_states
print("a layer replaced by its own copy:", len(before), "states before,", len(after), "after;",
      "index 2 now holds what stood at 3:", torch.equal(after[2], before[3]))
assert (len(before), len(after)) == (5, 4) and torch.equal(after[2], before[3])
PY
