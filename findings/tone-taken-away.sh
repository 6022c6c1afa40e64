#!/usr/bin/env bash
# transformers: out of one SentencePiece model T5's tokenizer reads "phơ" where it says "phở".
#
# Believed: `T5Tokenizer` on a trained `spiece.model` gives SentencePiece's pieces; the map of
#   letters (NFKC) is in the file and read by both. An offset cuts out the whole of its piece.
# Versions: transformers 5.24.0, tokenizers 0.23.3, sentencepiece 0.2.3.
# Seen: of text whose marks stand behind the letters (NFD, as many a PDF gives it) SentencePiece has
#   the pieces of composed text. tokenizers takes a letter with its marks, up to five bytes, and
#   puts in their place what the beginning alone maps to: the second mark is gone, "Hà Nội" is
#   "Hà Nọi", "được" is "đươc", and no <unk> tells. So it is for each of the 60 letters of two
#   marks from Ạ to ỹ. "ガ" and Korean are not composed at all, and <unk>. Where the piece is right
#   its offsets are short of the marks: "má" is cut out as "ma". With NFC as the normaliser, Korean
#   강물 is cut out as "강ᄆ".
# Matters: another word is read and explained, and an answer cut out by offsets is another word; two
#   readers of one model do not read the same. `unicodedata.normalize("NFC", x)` before the
#   tokenizer cures all of it.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile transformers==5.24.0 tokenizers==0.23.3 \
  sentencepiece==0.2.3 protobuf==7.36.2 numpy==2.4.6
cd "$dir"
mkdir t5
"$dir/venv/bin/python" -W ignore - <<'PY'
import io
import unicodedata

import sentencepiece
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import T5Tokenizer

words = ["phở", "phơ", "má", "ma", "Hà", "Nội", "Nọi", "được", "đươc", "café", "강물", "ガラス"]
model = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(words * 40), model_writer=model, vocab_size=200, hard_vocab_limit=False,
    model_type="unigram", character_coverage=1.0, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
    num_threads=1, minloglevel=2)
with open("t5/spiece.model", "wb") as file:
    file.write(model.getvalue())
piece = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
tokenizer = T5Tokenizer.from_pretrained("t5", extra_ids=0)
normalizer = tokenizer.backend_tokenizer.normalizer


def composed(text):
    return unicodedata.normalize("NFC", text)


def read(text):
    """What SentencePiece reads, what the tokenizer reads, and what its offsets cut out."""
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    pieces = tokenizer.convert_ids_to_tokens(found["input_ids"])
    cut = text[found["offset_mapping"][0][0]:found["offset_mapping"][-1][1]]
    return [composed("".join(one).replace("▁", "")) for one in
            (piece.encode(text, out_type=str), pieces, cut)]


def apart(text):
    return unicodedata.normalize("NFD", text)


seen = {word: read(apart(word)) for word in words}
for word in words:
    print(word, "composed:", read(word), "marks apart:", seen[word])
    assert read(word) == [word] * 3 and seen[word][0] == word
assert seen["phở"][1] == "phơ" and seen["Nội"][1] == "Nọi" and seen["được"][1] == "đươc"
assert seen["má"][1:] == ["má", "ma"] and seen["café"][1:] == ["café", "cafe"]
assert "<unk>" in seen["강물"][1] and "<unk>" in seen["ガラス"][1]

letters = [chr(at) for at in range(0x1EA0, 0x1EFA)]
hangul = [chr(at) for at in range(0xAC00, 0xD7A4)]
wrong = [one for one in letters if normalizer.normalize_str(apart(one)) != one]
print(f"letters with marks apart that become others: {len(wrong)} of {len(letters)}:",
      *(f"{one}>{normalizer.normalize_str(apart(one))}" for one in wrong[:12]))
assert wrong == [one for one in letters if len(apart(one)) == 3] and len(wrong) == 60
assert all(piece.normalize(apart(one)).strip("▁") == one for one in letters + hangul)
assert all(normalizer.normalize_str(one) == one for one in letters + hangul)
kept = sum(normalizer.normalize_str(apart(one)) == one for one in hangul)
print(f"Korean syllables that are composed: {kept} of {len(hangul)}")
assert kept == 0
plain = Tokenizer(models.WordLevel({"강물": 0, "?": 1}, unk_token="?"))
plain.normalizer, plain.pre_tokenizer = normalizers.NFC(), pre_tokenizers.Whitespace()
found = plain.encode(apart("강물"))
start, end = found.offsets[0]
print("NFC:", found.tokens, "cut out as", composed(apart("강물")[start:end]))
assert found.tokens == ["강물"] and composed(apart("강물")[start:end]) == "강ᄆ"
PY
