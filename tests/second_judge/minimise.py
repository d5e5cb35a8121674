"""Removes exchanges from a timeline while poscert and the judge still differ on one subject."""
from compare import Broken, differences, verdicts
from judge import judge
from wire import CLIENT_ID, VERSION, har_of


def same_direction(diffs, subject, direction):
    return any(s == subject and ours.split()[:1] == direction for s, ours, _ in diffs)


def minimise(binary, har, features, subject):
    def diffs_of(candidates):
        hars = [har_of(c) for c in candidates]
        try:
            told = verdicts(binary, hars, features)
        except Broken:
            return [[] for _ in hars]
        results = []
        for candidate, verdict in zip(hars, told):
            report, exchanges = judge(candidate, features, VERSION, CLIENT_ID)
            results.append(differences(report, exchanges, verdict))
        return results
    entries = har["log"]["entries"]
    start = [d for d in diffs_of([entries])[0] if d[0] == subject]
    if not start:
        return har
    direction = start[0][1].split()[:1]
    size = max(1, len(entries) // 2)
    while size >= 1:
        candidates = [entries[:at] + entries[at + size:] for at in range(0, len(entries), size)]
        candidates = [c for c in candidates if c]
        kept = next((c for c, d in zip(candidates, diffs_of(candidates)) if same_direction(d, subject, direction)), None)
        if kept is not None:
            entries = kept
            size = min(size, max(1, len(entries) // 2))
        elif size == 1:
            break
        else:
            size //= 2
    return har_of(entries)
