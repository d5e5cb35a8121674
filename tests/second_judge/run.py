"""Compares poscert with the second judge on generated timelines and hand-made scenarios; see README.md."""
import argparse
import collections
import json
import os
import re
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios_captures  # noqa: E402,F401
import scenarios_creates  # noqa: E402,F401
from compare import Broken, differences, sums, verdicts  # noqa: E402
from generator import timeline  # noqa: E402
from hand import SCENARIOS, har_of_scenario  # noqa: E402
from judge import judge  # noqa: E402
from minimise import minimise  # noqa: E402
from wire import CLIENT_ID, VERSION  # noqa: E402

BATCH = 24


def batch(binary, seeds):
    """[(seed, features, mistakes, differences)] for those seeds whose verdicts differ."""
    made, found = [], []
    for seed in seeds:
        har, features, mistakes = timeline(seed)
        report, exchanges = judge(har, features, VERSION, CLIENT_ID)
        made.append((seed, har, features, mistakes, report, exchanges))
    groups = collections.defaultdict(list)
    for one in made:
        groups[tuple(one[2])].append(one)
    for features, ones in groups.items():
        try:
            told = verdicts(binary, [one[1] for one in ones], features)
        except Broken as problem:
            found.append((ones[0][0], list(features), ["%d timelines" % len(ones)], [("exit", "", str(problem))]))
            continue
        for (seed, _, _, mistakes, report, exchanges), verdict in zip(ones, told):
            diff = differences(report, exchanges, verdict)
            if diff:
                found.append((seed, list(features), mistakes, diff))
    return found


def guarded(binary, seeds):
    try:
        return batch(binary, seeds)
    except Exception:
        return [(seeds[0], [], [], [("judge", "", traceback.format_exc())])]


def compare_all(binary, first, count, jobs):
    parts = [range(n, min(n + BATCH, first + count)) for n in range(first, first + count, BATCH)]
    with ProcessPoolExecutor(jobs) as pool:
        for found in pool.map(guarded, [binary] * len(parts), parts):
            yield from found


def scenarios(binary, show):
    """The hand-made scenarios: expectation, judge and poscert compared. Returns how many differ."""
    wrong, told_of = 0, {}
    for features in sorted({tuple(one.features) for one in SCENARIOS}):
        ones = [one for one in SCENARIOS if tuple(one.features) == features]
        told_of.update(zip([one.name for one in ones], verdicts(binary, [har_of_scenario(one) for one in ones], features)))
    for one in SCENARIOS:
        har = har_of_scenario(one)
        report, exchanges = judge(har, one.features, VERSION, CLIENT_ID)
        lines = []
        surely = set(report.broken) - set(report.unsure)
        if (surely ^ (one.must | one.warn)) - one.free - set(report.unsure):
            lines.append("judge:   %s" % {i: report.broken[i][0] for i in sorted(surely)})
        lines += ["judge:   %s %s" % (c, report.cases[c]) for c, s in one.cases.items() if s not in report.cases[c][0]]
        verdict = told_of[one.name]
        told = {r["id"]: r for r in verdict["requirements"] if r["status"] in ("failed", "warning")}
        for i in sorted((set(told) ^ (one.must | one.warn)) - one.free):
            lines.append("poscert: %s %s" % (i, told[i]["findings"][0]["message"] if i in told else "is not found"))
        cases = {c["id"]: c["status"] for f in verdict["features"] for c in f["cases"]}
        lines += ["poscert: %s is %s, not %s" % (c, cases.get(c), s) for c, s in one.cases.items() if cases.get(c) != s]
        lines += ["poscert: %s: %s, %s" % d for d in sums(verdict, {r["id"]: r for r in verdict["requirements"]}, exchanges)]
        if lines:
            wrong += 1
            print("%s (%s)\n  expected: %s\n  %s" % (one.name, one.why, " ".join(sorted(one.must | one.warn)), "\n  ".join(lines)))
            if show:
                with open(os.path.join(show, re.sub(r"[^A-Za-z0-9]+", "-", one.name).strip("-") + ".har"), "w") as out:
                    json.dump(har, out)
    print("%d scenarios, %d differ" % (len(SCENARIOS), wrong))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--poscert", required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--scenarios", action="store_true", help="the hand-made scenarios even with --only")
    parser.add_argument("--only", help="only differences of this requirement or case")
    parser.add_argument("--minimise", metavar="DIR", help="write the smallest differing HAR of each kind here")
    parser.add_argument("--show", type=int, default=3, help="how many differences of one kind are shown")
    args = parser.parse_args()
    if args.minimise:
        os.makedirs(args.minimise, exist_ok=True)
    wrong = scenarios(args.poscert, args.minimise) if args.scenarios or not args.only else 0
    kinds = collections.Counter()
    for seed, features, mistakes, diff in compare_all(args.poscert, args.seed, args.count, args.jobs):
        for subject, ours, theirs in diff:
            if args.only not in (None, subject):
                continue
            kind = (subject, " ".join(ours.split()[:1]))
            kinds[kind] += 1
            if kinds[kind] <= args.show:
                print("%s: seed %s %s\n  judge:   %s\n  poscert: %s" % (subject, seed, ",".join(mistakes), ours, theirs), flush=True)
            if args.minimise and features and kinds[kind] == 1:
                har = minimise(args.poscert, timeline(seed)[0], features, subject)
                name = os.path.join(args.minimise, "%s-%d.har" % (subject.replace("/", "_"), seed))
                with open(name, "w") as out:
                    json.dump(har, out)
                print("  smallest: %s (%d exchanges)" % (name, len(har["log"]["entries"])), flush=True)
    for (subject, ours), count in sorted(kinds.items()):
        print("%s: %d timelines (judge: %s)" % (subject, count, ours))
    print("%d timelines, %d kinds of differences" % (args.count, len(kinds)))
    return 1 if kinds or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
