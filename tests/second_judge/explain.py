"""Shows one seed's difference in minimised form: explain.py POSCERT SEED|FILE.har [SUBJECT] [FEATURES]"""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from compare import differences, verdicts  # noqa: E402
from exchange import load  # noqa: E402
from generator import timeline  # noqa: E402
from judge import judge  # noqa: E402
from minimise import minimise  # noqa: E402
from verdict import FEATURES  # noqa: E402
from wire import CLIENT_ID, VERSION  # noqa: E402


def show(har, features):
    first = None
    for x in load(har):
        first = first or x.start
        key = (x.key or "")[:6]
        print("%3d %7d+%-5d %-18s %-13s %s %s -> %s %s" % (
            x.n, x.start - first, x.took, x.op or x.method + x.full_path[-20:], (x.id or "")[:8], key,
            " ".join("%s=%s" % (n, v[-12:]) for n, v in x.query) or x.text[:330], x.status, x.answer_text[:150] if x.op != "GetPos" else ""))


def main():
    binary, what = sys.argv[1:3]
    subject = sys.argv[3] if len(sys.argv) > 3 else None
    if what.isdigit():
        har, features, mistakes = timeline(int(what))
        print(mistakes, features)
    else:
        har = json.load(open(what))
        features = sys.argv[4].split(",") if len(sys.argv) > 4 else FEATURES
    if subject:
        har = minimise(binary, har, features, subject)
        json.dump(har, open("/tmp/last.har", "w"))
    report, exchanges = judge(har, features, VERSION, CLIENT_ID)
    show(har, features)
    for diff in differences(report, exchanges, verdicts(binary, [har], features)[0]):
        print(diff)
    print("unsure", {k: v[0] for k, v in report.unsure.items()})


main()
