"""Runs the corpus against a built verifier: `run.py --poscert PATH`, or writes the HARs: `run.py --write DIR`.

Every disagreement is printed with the words of certification.md that the expectation rests on. Exit 0 only if
nothing disagreed. Open scenarios (two readings) are shown, never counted.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios  # noqa: E402,F401  (registers)
import variations  # noqa: E402
from client import Client  # noqa: E402
from expect import ANY, SCENARIOS  # noqa: E402


def build(s):
    """A HAR, or the text of a file that is none."""
    made = s.make()
    return made.traffic.har() if isinstance(made, Client) else made


def verify(poscert, path, s):
    command = [poscert, "verify", path, "--format", "json", "--features", ",".join(s.features)] + s.args
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    try:
        return done.returncode, json.loads(done.stdout), done.stderr
    except ValueError:
        return done.returncode, None, done.stderr


def compare(s, code, found):
    """The disagreements, a line each."""
    wrong = []
    by_id = {r["id"]: r for r in found["requirements"]}
    failed = {i for i, r in by_id.items() if r["status"] == "failed"} - s.free
    warned = {i for i, r in by_id.items() if r["status"] == "warning"} - s.free
    unsure = {i for i, r in by_id.items() if r["status"] == "inconclusive"} - s.free
    for label, want, got in (("musts", s.musts - s.free, failed), ("shoulds", s.shoulds - s.free, warned),
                             ("inconclusive", set(), unsure)):
        for missing in sorted(want - got):
            status = by_id[missing]["status"] if missing in by_id else "absent"
            wrong.append("%s: %s expected, is %s" % (label, missing, status))
        for extra in sorted(got - want):
            message = "; ".join(f["message"] + " " + str(f["exchanges"][:6]) for f in by_id[extra]["findings"][:2])
            wrong.append("%s: %s not expected: %s" % (label, extra, message))
    cases = {c["id"]: c["status"] for f in found["features"] for c in f["cases"]}
    for case, want in sorted(s.case_statuses().items()):
        if want != ANY and cases.get(case) != want:
            wrong.append("case %s: expected %s, is %s" % (case, want, cases.get(case)))
    verdicts = {f["id"]: f["verdict"] for f in found["features"]}
    for feature, want in s.feature_verdicts().items():
        if want != ANY and verdicts.get(feature) != want:
            wrong.append("feature %s: expected %s, is %s" % (feature, want, verdicts.get(feature)))
    if s.exit_code() is not None:
        if code != s.exit_code():
            wrong.append("exit: expected %s, is %s" % (s.exit_code(), code))
        if found["verdict"] != s.verdict():
            wrong.append("verdict: expected %s, is %s" % (s.verdict(), found["verdict"]))
    return wrong


def essence(code, found):
    """What no variation may change."""
    if found is None:
        return {"exit": code}
    return {"exit": code, "failed": sorted(r["id"] for r in found["requirements"] if r["status"] == "failed"),
            "warned": sorted(r["id"] for r in found["requirements"] if r["status"] == "warning"),
            "cases": {c["id"]: c["status"] for f in found["features"] for c in f["cases"]},
            "features": {f["id"]: f["verdict"] for f in found["features"]}}


def write(folder, name, har):
    path = os.path.join(folder, name + ".har")
    with open(path, "w", encoding="utf-8") as out:
        if isinstance(har, str):
            out.write(har)
        else:
            json.dump(har, out, ensure_ascii=False, indent=1)
    return path


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--poscert", default="target/release/poscert")
    args.add_argument("--only", help="scenarios whose name or subject contains this")
    args.add_argument("--variations", action="store_true", help="also the variations that must not change a verdict")
    args.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth scenario")
    args.add_argument("--write", metavar="DIR", help="write HARs and expectations there, run nothing")
    args.add_argument("--list", action="store_true", help="list the scenarios")
    opts = args.parse_args()
    chosen = [s for s in SCENARIOS if not opts.only or opts.only in s.name or opts.only in s.about][::opts.every]
    if opts.list:
        for s in chosen:
            print("%-46s %-18s %s" % (s.name, " ".join(s.about), " ".join(sorted(s.musts | s.shoulds)) or "-"))
        print(len(chosen), "scenarios")
        return 0
    folder = opts.write or tempfile.mkdtemp(prefix="corpus-")
    os.makedirs(folder, exist_ok=True)
    passed = failed = 0
    for s in chosen:
        har = build(s)
        path = write(folder, s.name, har)
        if opts.write:
            facts = {"features": s.features, "args": s.args, "musts": sorted(s.musts), "shoulds": sorted(s.shoulds),
                     "free": sorted(s.free), "cases": s.case_statuses(), "verdicts": s.feature_verdicts(),
                     "exit": s.exit_code(), "why": s.why, "open": s.open}
            with open(os.path.join(folder, s.name + ".expect.json"), "w", encoding="utf-8") as out:
                json.dump(facts, out, indent=1)
            continue
        code, found, said = verify(opts.poscert, path, s)
        if s.exit_code() == 2:
            lines = len(said.strip().splitlines())
            wrong = [] if code == 2 and lines == 1 else ["exit 2 and one sentence expected: exit %s, %d lines" % (code, lines)]
        elif found is None:
            wrong = ["no verdict: exit %s, %s" % (code, said.strip()[:300])]
        else:
            wrong = compare(s, code, found)
        if s.open:
            os.remove(path)
            print("OPEN  %s: %s\n      readings: %s" % (s.name, "; ".join(wrong) or "as declared", s.open))
            continue
        if opts.variations and isinstance(har, dict) and found is not None and s.exit_code() != 2:
            for label, change in variations.VARIATIONS.items():
                other = write(folder, s.name + "--" + label, change(har))
                code2, found2, said2 = verify(opts.poscert, other, s)
                if essence(code, found) != essence(code2, found2):
                    before, after = essence(code, found), essence(code2, found2)
                    diff = ["%s %s -> %s" % (k, before[k], after.get(k)) for k in before if before[k] != after.get(k)]
                    wrong.append("variation %s: %s %s" % (label, "; ".join(diff), said2.strip()[:200]))
        if wrong:
            failed += 1
            print("DISAGREES  %s  (%s)" % (s.name, path))
            for line in wrong:
                print("    " + line)
            print("    because: " + s.why)
        else:
            passed += 1
            for left in [n for n in os.listdir(folder) if n == s.name + ".har" or n.startswith(s.name + "--")]:
                os.remove(os.path.join(folder, left))
    if opts.write:
        print("%d HARs written to %s" % (len(chosen), folder))
        return 0
    if not os.listdir(folder):
        os.rmdir(folder)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
