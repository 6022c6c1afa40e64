#!/usr/bin/env bash
# A list of answers sent by canvasapi arrives as another list: the right answer changes place.
#
# Believed: `create_question(question={"answers": [{...}, {...}]})` is to Canvas the list that was
#   given; None clears a field.
# Versions: canvasapi 3.6.0; Rack 2.2.22 (Debian 12), by which Canvas reads what is sent.
# Seen: the list goes as `answers[][field]=value`, without numbers, and Rack begins a new answer
#   only at a field that the last one has already. So [cube], [weight 100, ball] is read as "cube
#   with weight 100" and "ball": the wrong answer is the right one. Fudge points of the second
#   attempt, written before its number, land on the first attempt. With every field in every entry
#   and in one order it arrives as meant. A field of None is not sent at all: clearing a grade is
#   an empty request, answered as if it were done.
# Matters: canvasapi is how a quiz or a correction is put into Canvas by a script; dictionaries
#   that hold only what is needed are the ordinary way to write one.
# Needs a Debian 12 with apt-get for Rack; nothing is installed, the packages are unpacked beside.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --no-compile canvasapi==3.6.0
cd "$dir"
apt-get download ruby3.1 libruby3.1 libyaml-0-2 libgmp10 ruby-rack >/dev/null
for package in *.deb; do dpkg -x "$package" ruby; done
rack=$(dirname "$(find ruby -name rack.rb)")
lib=$(dirname "$(find ruby -name 'libruby-3.1.so.3.1')")
export LD_LIBRARY_PATH="$PWD/$lib"
export RUBYLIB="$PWD/$rack:$PWD/ruby/usr/lib/ruby/3.1.0:$PWD/$lib/ruby/3.1.0"
export RUBY="$PWD/ruby/usr/bin/ruby3.1"
"$dir/venv/bin/python" -W ignore - <<'PY'
import http.server
import json
import os
import subprocess
import threading
from urllib.parse import unquote
from canvasapi import Canvas

program = """require "rack"; require "json"
puts JSON.generate(Rack::Utils.parse_nested_query(STDIN.read))"""
bodies = []


class Told(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self):
        bodies.append(self.rfile.read(int(self.headers.get("content-length") or 0)).decode())
        fields = ("id", "course_id", "quiz_id", "assignment_id", "user_id", "attempt")
        one = dict.fromkeys(fields, 1)
        told = json.dumps({**one, "quiz_submissions": [one]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_POST = do_PUT = answer


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Told)
threading.Thread(target=server.serve_forever, daemon=True).start()
course = Canvas(f"http://127.0.0.1:{server.server_port}", "token").get_course(1)
quiz, submission = course.get_quiz(1), course.get_assignment(1).get_submission(1)
attempts = quiz.get_quiz_submission(1)


def arrived():
    read = subprocess.run([os.environ["RUBY"], "--disable-gems", "-e", program], input=bodies[-1],
                          text=True, check=True, capture_output=True).stdout
    print("   sent", unquote(bodies[-1]), "\n   read", read.strip())
    return json.loads(read)


def question(answers):
    print("given", answers)
    quiz.create_question(question={"answers": answers})
    return arrived()["question"]["answers"]


cube, ball = {"answer_text": "cube"}, {"answer_weight": 100, "answer_text": "ball"}
assert question([cube, ball]) == [{"answer_text": "cube", "answer_weight": "100"},
                                  {"answer_text": "ball"}]
whole = [{"answer_text": "cube", "answer_weight": 0}, {"answer_text": "ball", "answer_weight": 100}]
assert [a["answer_weight"] for a in question(whole)] == ["0", "100"]

sent = [{"attempt": 1, "questions": {"7": {"score": 0.3}}}, {"fudge_points": -0.15, "attempt": 2}]
print("given", sent)
attempts.update_score_and_comments(quiz_submissions=sent)
assert arrived()["quiz_submissions"] == [
    {"attempt": "1", "questions": {"7": {"score": "0.3"}}, "fudge_points": "-0.15"},
    {"attempt": "2"}]

print("given posted_grade None")
submission.edit(submission={"posted_grade": None})
assert bodies[-1] == "" and arrived() == {}
submission.edit(submission={"posted_grade": ""})
assert arrived() == {"submission": {"posted_grade": ""}}
PY
