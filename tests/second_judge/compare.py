"""Runs poscert on HAR files and compares its verdicts with the judge's."""
import json
import os
import subprocess
import tempfile

from verdict import OPERATIONS_OF, OWN, SHOULDS, optional
from wire import CLIENT_ID, VERSION


class Broken(Exception):
    """poscert failed to run."""


def documents(text):
    """Every JSON document in an output: one, several in sequence, or one with several verdicts."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(text):
        while at < len(text) and text[at].isspace():
            at += 1
        if at < len(text):
            value, at = decoder.raw_decode(text, at)
            found += value["verdicts"] if "verdicts" in value else [value]
    return found


def verdicts(binary, hars, features):
    """The verdicts on several HARs with the same features, in order."""
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number, har in enumerate(hars):
            names.append(os.path.join(folder, "%d.har" % number))
            with open(names[-1], "w") as out:
                json.dump(har, out)
        done = subprocess.run([binary, "verify"] + names + ["--features", ",".join(features), "--client-version", VERSION,
                                                            "--client-id", CLIENT_ID, "--format", "json"],
                              capture_output=True, text=True)
        try:
            found = documents(done.stdout)
        except ValueError:
            raise Broken(done.stderr.strip()[-300:]) from None
        if done.returncode == 2 or len(found) != len(hars):
            raise Broken("exit %d, %d verdicts of %d: %s" % (done.returncode, len(found), len(hars), done.stderr.strip()[-300:]))
        return found


def differences(report, exchanges, verdict):
    """[(subject, the judge's result, poscert's result)]; empty if they agree."""
    found = []
    theirs = {r["id"]: r for r in verdict["requirements"]}
    broken = {i for i, r in theirs.items() if r["status"] in ("failed", "warning")}
    for i in sorted(set(report.broken) | broken):
        if i in report.broken and i not in broken:
            found.append((i, "broken: %s %s" % report.broken[i][0], theirs.get(i, {}).get("status", "absent")))
        elif i in broken and i not in report.broken and i not in report.unsure:
            finding = theirs[i]["findings"][0] if theirs[i]["findings"] else {}
            found.append((i, "held", "%s %s %s" % (theirs[i]["status"], finding.get("exchanges"), finding.get("message"))))
    for i, r in theirs.items():
        if r["status"] == "inconclusive":
            found.append((i, "conclusive", "inconclusive"))
    for wanted, numbers, reason in report.one_of:
        if not wanted & broken:
            found.append(("/".join(sorted(wanted)), "one of them broken: %s %s" % (numbers, reason), "all held"))
    for feature in verdict["features"]:
        for case in feature["cases"]:
            right, reason = report.cases[case["id"]]
            if case["status"] not in right:
                step = next((s for s in case["steps"] if s["status"] != "passed"), None)
                found.append((case["id"], "%s (%s)" % ("/".join(sorted(right)), reason),
                              "%s %s %s" % (case["status"], case["witness"], step)))
    found += sums(verdict, theirs, exchanges)
    return found


def sums(verdict, theirs, exchanges):
    """The verdicts on the features and overall, computed from poscert's own findings and cases."""
    found, chosen = [], [f["id"] for f in verdict["features"]]
    ops = {x.n: x.op for x in exchanges}
    failed = [r for r in theirs.values() if r["status"] == "failed"]
    if any(r["id"] in SHOULDS for r in failed) or any(r["status"] == "warning" and r["id"] not in SHOULDS for r in theirs.values()):
        found.append(("level", "a should fails or a must warns", ""))
    for feature in verdict["features"]:
        name = feature["id"]
        must = may = False
        for r in failed:
            own = OWN.get(r["id"][:3])
            if own:
                must, may = must or own == name, may or own == name
                continue
            for finding in r["findings"]:
                homes = [[f for f in chosen if ops.get(n) in OPERATIONS_OF[f]] or ["onboarding"] for n in finding["exchanges"]]
                must = must or bool(homes) and all(name in h for h in homes)
                may = may or any(name in h for h in homes) or name == "onboarding"
        cases = [c["status"] for c in feature["cases"] if not optional(c["id"], chosen)]
        if "failed" in cases:
            must = may = True
        if must and feature["verdict"] != "failed" or feature["verdict"] == "failed" and not may:
            found.append((name, "failed" if must else "not failed", "%s, from %s" % (feature["verdict"], [r["id"] for r in failed])))
        elif feature["verdict"] == "passed" and "not-tested" in cases:
            found.append((name, "incomplete: a mandatory case has no witness", feature["verdict"]))
        elif feature["verdict"] == "incomplete" and "not-tested" not in cases:
            found.append((name, "passed", feature["verdict"]))
    kinds = {f["verdict"] for f in verdict["features"]}
    whole = "failed" if failed or "failed" in kinds else "incomplete" if "incomplete" in kinds or not exchanges else "passed"
    if verdict["verdict"] != whole:
        found.append(("verdict", whole, verdict["verdict"]))
    return found
