"""Requirements on polling: the pause before the next poll, after a failed one, and the end (ALL-16, 17, 30, PAY-09)."""
from exchange import POLLS
from rules_retries import FINAL


def judge_polling(exchanges, report):
    groups = {}
    for x in exchanges:
        if x.kind == "call" and x.op in POLLS and x.resource:
            groups.setdefault((x.op, x.resource), []).append(x)
    for (op, _), polls in groups.items():
        judge_gaps(polls, report)
        if op != "GetRefund":
            judge_once_a_second(polls, report)
        if op == "QueryPayment":
            judge_end(polls, report)


def tolerance(delay):
    return max(delay * 0.05, 50)


def delay_of(x):
    value = x.told("pollDelayInMs") if x.ok else None
    return int(value) if value is not None and not isinstance(value, (bool, str)) else None


def judge_gaps(polls, report):
    known, failures = None, []       # the last known delay; the gaps after the failed polls in a row
    for x, y in zip(polls, polls[1:]):
        told = delay_of(x)
        if told is not None:
            known, failures = told, []
        gap = y.start - x.end
        if y.start < x.end:
            judge_overlap(x, y, known_before(polls, x), report)
            continue
        if not x.failed:
            failures = []
            if told is not None:
                if gap < told - tolerance(told):
                    report.fail("ALL-16", [x, y], "polled after %d ms, %d asked" % (gap, told))
            elif known is not None and gap < known - tolerance(known):
                report.open("ALL-16", [x, y], "A-ANSWER-WITHOUT-DELAY")
            continue
        judge_after_failure(x, y, gap, known, failures, report)
        failures.append(gap)


def known_before(polls, x):
    told = [delay_of(z) for z in polls if z.end <= x.start and delay_of(z) is not None]
    return told[-1] if told else None


def judge_overlap(x, y, known, report):
    """The next poll is sent while this one has no response yet."""
    if known is not None and y.start - x.start < known - tolerance(known):
        report.fail("ALL-16", [x, y], "polled %d ms after a poll that has no response yet" % (y.start - x.start))
    report.open("ALL-17", [x, y], "A-OVERLAP")


def judge_after_failure(x, y, gap, known, failures, report):
    if x.status == 0 and x.took < 400:               # the same bytes again after a reset connection need no delay
        if 50 < gap < 200:
            report.open("ALL-17", [x, y], "A-RESET")
        if gap < 200:
            return
    floor = 200 if known is None else min(200, known)
    if gap < floor:
        if gap > floor - 50:
            report.open("ALL-17", [x, y], "A-AT-ONCE-TOLERANCE")
        else:
            report.fail("ALL-17", [x, y], "polled %d ms after a failed poll" % gap)
        return
    kept = known is not None and gap >= known - tolerance(known)
    if kept or not failures:
        return
    if known is None:
        if gap <= failures[-1]:
            report.open("ALL-17", [x, y], "A-NO-DELAY-KNOWN")
        return
    if gap > failures[-1] + 20:
        return
    if gap > failures[-1] - 20 and gap != failures[-1]:
        report.open("ALL-17", [x, y], "A-GROWING-BY-LITTLE")
    elif y.start - x.start >= known - tolerance(known):
        report.open("ALL-17", [x, y], "A-DELAY-FROM-REQUEST")
    elif x.status == 0 and x.took < 400:
        report.open("ALL-17", [x, y], "A-BACK-OFF-AFTER-RESETS")
    elif failures[-1] >= known - tolerance(known):
        report.open("ALL-17", [x, y], "A-KEPT-THEN-SHORTER")
    else:
        report.fail("ALL-17", [x, y], "neither the delay kept (%d of %d) nor growing" % (gap, known))


def judge_once_a_second(polls, report):
    for x, y in zip(polls, polls[1:]):
        from_request, from_end = y.start - x.start, y.start - x.end
        if from_end >= 1000:
            continue
        if from_request < 940 and not x.failed:
            report.fail("ALL-30", [x, y], "polled again after %d ms" % from_request)
        else:
            report.open("ALL-30", [x, y], "A-ONCE-A-SECOND")


def judge_end(polls, report):
    final = next((x for x in polls if x.state in FINAL), None)
    if final is None:
        return
    more = [y for y in polls if y.start >= final.end]
    if len(more) > 1:
        report.fail("PAY-09", [final] + more, "polled on after the final state")
