#!/usr/bin/env bash
# text2qti: a numerical question refuses the answer it was written with, and takes wrong ones.
#
# Believed: one bank, sent straight to Canvas' QTI or by way of text2qti's text, asks for the same
#   numbers; "0.00013 +- 0.0000065" is 0.0001235 to 0.0001365. What text2qti cannot hold it refuses,
#   as it does with anything below 0.0001.
# Versions: qti_package_maker 26.7.14, text2qti 0.8.0.
# Seen: every number that passes is cut to four decimals: 0.00013 and both its limits are 0.0001, so
#   0.00013 is wrong and 0.0001 alone is right; 0.00045 within 2 % is 0.0004 to 0.0005, so 0.00041,
#   9 % off, is right; -0.00123456 is -0.0012 and nothing else. Exactly 0.68725 ("+- 0") is 0.6873
#   alone. The text file has all digits, and neither tool says a word.
# Matters: slopes of a network and probabilities after a softmax are such numbers; by that file who
#   computed them right gets no points. Ask for the number times 10,000.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile qti_package_maker==26.7.14 text2qti==0.8.0
cd "$dir"
cat >make.py <<'PY'
from qti_package_maker.package_interface import QTIPackageInterface

bank = QTIPackageInterface("slopes", allow_mixed=True)
for answer, margin in ((12.5, 0.5), (0.00013, 0.0000065), (0.00045, 0.000009),
                       (-0.00123456, 0.0000001), (0.68725, 0.0)):
    bank.add_item("NUM", (f"How large is the slope that is {answer} here?", answer, margin, False))
bank.save_package("canvas_qti_v1_2")
bank.save_package("text2qti")
PY
"$dir/venv/bin/python" make.py
"$dir/venv/bin/text2qti" text2qti-slopes.txt
"$dir/venv/bin/python" - <<'PY'
import re
import zipfile
from xml.etree import ElementTree

answers = {12.5: [12.2, 13.1], 0.00013: [0.00013, 0.000128, 0.0001],
           0.00045: [0.00045, 0.00041, 0.0005], -0.00123456: [-0.00123456, -0.0012],
           0.68725: [0.68725, 0.6873]}


def accepted(package):
    with zipfile.ZipFile(package) as files:
        texts = [files.read(name) for name in files.namelist() if name.endswith(".xml")]
    text = next(one for one in texts if b"<questestinterop" in one).decode()
    root = ElementTree.fromstring(re.sub(' xmlns="[^"]*"', "", text))
    found = {}
    for item in root.iter("item"):
        asked = float(re.search("that is (.*?) here", "".join(item.itertext()))[1])
        exact, least, most = (float(item.find(f".//{kind}").text)
                              for kind in ("varequal", "vargte", "varlte"))
        found[asked] = [one for one in answers[asked] if one == exact or least <= one <= most]
        print(f"{package}: {asked} is {exact} or {least} to {most}; of {answers[asked]} right:",
              found[asked])
    return found


with open("text2qti-slopes.txt") as file:
    print(file.read())
assert accepted("qti12-slopes.zip") == {
    12.5: [12.2], 0.00013: [0.00013, 0.000128], 0.00045: [0.00045],
    -0.00123456: [-0.00123456], 0.68725: [0.68725]}
assert accepted("text2qti-slopes.zip") == {
    12.5: [12.2], 0.00013: [0.0001], 0.00045: [0.00045, 0.00041, 0.0005],
    -0.00123456: [-0.0012], 0.68725: [0.6873]}
PY
