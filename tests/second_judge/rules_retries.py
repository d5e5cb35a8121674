"""Requirements on retries: same key and body, how often, how soon, and what follows a lost call (ALL-09 to 14, 27)."""
from exchange import CREATES, POLLS
from lookups import could_find, lookups_of, seen_before, uses

FINAL = {"Captured", "CancelledByUser", "CancelledByClient", "CancelledByMobilePay", "ExpiredAndCancelled",
         "ExpiredAndCaptured", "RejectedByMobilePayDueToAgeRestrictions"}


def judge_retries(exchanges, report):
    calls = [x for x in exchanges if x.kind == "call"]          # undocumented ones, too: ALL rules hold for every call
    moved = judge_keys(calls, report)
    judge_losses(calls, report, moved)
    judge_counts(calls, report)
    judge_repeats(calls, report)


def judge_keys(calls, report):
    """ALL-09 and ALL-10. Returns the attempts whose call was continued with another key."""
    creates = [x for x in calls if x.op in CREATES]
    moved, groups, mixed = set(), {}, set()
    for x in creates:
        if x.key is None:
            if any(y.failed and y.op == x.op and y.same_body(x) for y in creates if y.n < x.n):
                report.open("ALL-09", [x], "A-RETRY-WITHOUT-KEY")
                report.open("ALL-11", [x], "A-RETRY-WITHOUT-KEY")
            continue
        prior = groups.setdefault(x.key, [])
        if prior:
            judge_one_key(x, prior, mixed, report)
        for key, others in groups.items():
            if key == x.key or not others:
                continue
            y = others[-1]
            if y.op == x.op and y.same_body(x) and y.failed:
                if x.start < y.end or any(z.ok for z in others):
                    report.open("ALL-09", [y, x], "A-OVERLAP")
                    report.open("ALL-11", [y, x], "A-OVERLAP")
                    continue
                good, doubtful = lookups_of(y, calls, y.end, x.start)
                doubtful = doubtful or any(z.key is None and z.op == y.op and z.same_body(y) and y.n < z.n < x.n for z in creates)
                if good:
                    continue
                if doubtful or 59000 <= x.start - y.end <= 61000:
                    report.open("ALL-09", [y, x], "A-LOOKUP-FAILED")
                    report.open("ALL-11", [y, x], "A-LOOKUP-FAILED")
                elif x.start - y.end < 60000:
                    report.fail("ALL-09", [y, x], "the retry carries another key")
                    moved.update((y.n, -x.n))
                    if key in mixed or prior:
                        report.open("ALL-10", [y, x], "A-KEY-MIXED")
        prior.append(x)
    return moved


def judge_one_key(x, prior, mixed, report):
    answered = [y for y in prior if 0 < y.status < 500 and y.end <= x.start]
    last = prior[-1]
    same_as_last = last.op == x.op and last.same_body(x)
    differs = [y for y in answered if y.op != x.op or not y.same_body(x)]
    if x.key in mixed:
        if not same_as_last:
            report.open("ALL-09", [x], "A-KEY-MIXED")
            report.open("ALL-10", [x], "A-KEY-MIXED")
        elif differs:
            report.open("ALL-10", [x], "A-KEY-MIXED")
        return
    if same_as_last and not differs:
        return
    mixed.add(x.key)
    if last.failed and not answered:
        report.fail("ALL-09", [last, x], "another body after a failed send of its call")
        report.open("ALL-11", [last, x], "A-KEY-MIXED")
    elif last.failed and differs:
        report.either(["ALL-09", "ALL-10"], [last, x], "A-ANSWERED-THEN-FAILED-THEN-OTHER-BODY")
    elif differs:
        report.fail("ALL-10", [differs[0], x], "the key was answered and now carries another create")


def judge_losses(calls, report, moved):
    """ALL-11 and ALL-27: a failed call is retried, or looked up and the result used."""
    for x in calls:
        if not x.failed or x.n in moved:
            continue
        rule = "ALL-11" if x.status in (0, 500) else "ALL-27"
        later = [y for y in calls if y.start >= x.end and y.call_key == x.call_key and y is not x]
        earlier = [y for y in calls if y.end <= x.start and y.call_key == x.call_key]
        if earlier and earlier[-1].failed:
            continue                                # this is the retry; what must follow it is not checked here
        if later:
            if x.op not in CREATES | POLLS and not any(y.same_body(x) for y in later):
                report.open(rule, [x], "A-SENT-AGAIN-WITH-OTHER-BODY")
            continue
        if any(y.n > x.n and y.call_key == x.call_key for y in calls):
            report.open(rule, [x], "A-OVERLAP")
            continue
        if x.op in CREATES and x.key is None and any(y.op == x.op and y.same_body(x) and y.n > x.n for y in calls):
            report.open(rule, [x], "A-RETRY-WITHOUT-KEY")
            continue
        answer = made_good(x, calls)
        if answer == "fail" and -x.n in moved:
            answer = "A-LOST-UNDER-THE-WRONG-KEY"
        if answer == "ok" and rule == "ALL-27":
            answer = "A-RETRIED-TOO"
        if answer == "fail":
            report.fail(rule, [x], "failed, and neither sent again nor looked up and used")
        elif answer != "ok":
            report.open(rule, [x], answer)


def made_good(x, calls):
    """`ok`, `fail` or the ambiguity, for a failed attempt whose call was not retried."""
    if any(y.ok and y.end <= x.start and y.call_key == x.call_key and y.same_body(x) for y in calls):
        return "A-REPEATED-POLL" if x.op in POLLS or x.method == "GET" else "ok"
    after = [y for y in calls if y.start >= x.end]
    if x.op in CREATES:
        good, doubtful = lookups_of(x, calls, x.end)
        if not good:
            return "A-LOOKUP-FAILED" if doubtful else "fail"
        if x.status not in (0, 500):
            return "A-LOOKED-UP-502"
        found = [(one, look) for look in good for one in look.listed]
        named = {y.created for y in calls if y.created}
        new = [(one, look) for one, look in found if one not in named and not seen_before(one, calls, x.start)]
        if not new:
            return "A-FOUND-ONLY-WHAT-WAS-KNOWN" if found else "ok"
        unused = [one for one, look in new if not uses(one, calls, look.end)]
        if len(unused) == len(new):
            return "fail"
        if unused:
            return "A-FOUND-SEVERAL"
        if x.op != "CreatePos":
            acts = [y for one, look in new for y in uses(one, calls, look.end) if y.op not in ("QueryPayment", "GetRefund")]
            return "ok" if acts else "A-READING-IS-USE"
        return "ok"
    if x.method == "GET":
        if x.op in POLLS and any(y.resource == x.resource or y.id_field("posId") == x.resource for y in after):
            return "A-POLL-THEN-ACT"
        if x.op in ("QueryPaymentIds", "GetPosWithFilter", "QueryRefundIds") and any(y.op == x.op for y in after):
            return "A-OTHER-FILTER"
        return "fail"
    if x.op in ("CapturePayment", "CancelPayment", "CaptureRefund", "CancelRefund", "PaymentReady"):
        if any(y.resource == x.resource for y in after):
            return "A-LOOKED-UP-ACT"
        return "fail"
    if x.op == "DeletePos" and any(y.op in ("GetPos", "GetPosWithFilter") for y in after):
        return "A-LOOKED-UP-ACT"
    return "fail"


def judge_counts(calls, report):
    """ALL-12 (6 attempts in a burst) and ALL-13 (a delay between them)."""
    groups = {}
    for x in calls:
        if x.op not in POLLS:
            key = x.call_key if x.op in CREATES else (x.method, x.full_path.lower())
            groups.setdefault(key, []).append(x)
    for sends in groups.values():
        failing, any_kind, previous = 0, 0, None
        for x in sends:
            gap = x.start - previous.end if previous else 0
            if previous is None or gap >= 30000:
                if 29000 <= gap <= 31000:
                    report.open("ALL-12", [x], "A-HALF-A-MINUTE")
                failing = any_kind = 0
            elif not previous.failed:
                failing = 0
                if previous.ok:
                    any_kind = any_kind if any_kind < 6 else 6
            failing, any_kind = failing + 1, any_kind + 1
            if failing == 7 and len({y.url for y in sends if y.n <= x.n}) > 1 and x.method == "GET":
                report.open("ALL-12", [x], "A-OTHER-QUERY-IS-ANOTHER-CALL")
            elif failing == 7:
                report.fail("ALL-12", [x], "the seventh send of a failing call")
            elif any_kind >= 7 and any(y.status >= 400 or y.status == 0 for y in sends):
                report.open("ALL-12", [x], "A-FAILING-BY-4XX")
            previous = x
    judge_delays(calls, report)


def judge_delays(calls, report):
    last = {}
    for x in calls:
        key = (x.call_key, x.op)
        y = last.get(key)
        if y is None and x.method == "GET" and any(z.op == x.op and z.full_path == x.full_path and z.failed and 0 <= x.start - z.end < 100
                                                   for z in calls if z.n < x.n):
            report.open("ALL-13", [x], "A-OTHER-QUERY-IS-ANOTHER-CALL")
        if y is not None and y.failed and x.start - y.end < 100:
            if x.op in POLLS or x.start < y.end:
                report.open("ALL-13", [y, x], "A-POLL-IS-A-RETRY")
            elif y.status == 0 and y.took < 400:
                if x.start - y.end > 50:
                    report.open("ALL-13", [y, x], "A-RESET")
            else:
                report.fail("ALL-13", [y, x], "retried after %d ms" % (x.start - y.end))
        if y is None and x.op in CREATES and any(z.failed and z.op == x.op and z.same_body(x) and 0 <= x.start - z.end < 100
                                                 for z in calls if z.n < x.n):
            report.open("ALL-13", [x], "A-RETRY-UNDER-OTHER-KEY")
        last[key] = x


def judge_repeats(calls, report):
    """ALL-14: a request refused with 4xx is not repeated unchanged more than once."""
    done = set()
    for first in calls:
        if first.n in done or not first.refused:
            continue
        same = [y for y in calls if y.n >= first.n and y.same_request(first)]
        done.update(y.n for y in same)
        judge_one_repeat(same, calls, report)
        if first.op in CREATES:
            rekeyed = [y for y in calls if y.n > first.n and y.op == first.op and y.same_body(first) and y.key != first.key]
            if len(rekeyed) + len(same) >= 3:
                report.open("ALL-14", rekeyed[:1] + same[:1], "A-REPEATED-UNDER-OTHER-KEY")


def judge_one_repeat(same, calls, report):
    idle, total, doubtful, gaps = 0, 0, False, []
    for x, y in zip(same, same[1:]):
        if not x.refused or x.status == 401:
            idle = 0
            gaps = []
            continue
        gap = y.start - x.end
        if y.token != x.token:
            idle = 0
            continue
        between = [z for z in calls if z.start >= x.end and z.end <= y.start and z is not x and z is not y]
        acts = [z for z in between if about(z, x)]
        if x.status == 429:
            patient = patience(x, gap, gaps)
            gaps.append(gap)
            if patient is None:
                doubtful = True
            if patient:
                continue
        if any(z.ok for z in acts):
            idle = 0
            continue
        if acts or any(z.op and (z.method == "GET" or "Cancel" in z.op or z.op == "DeletePos") for z in between):
            doubtful = True
        idle, total = idle + 1, total + 1
        if idle >= 2 and not doubtful:
            report.fail("ALL-14", [x, y], "refused, and repeated unchanged again")
            return
    if total >= 2:
        report.open("ALL-14", same[:2], "A-REPEATED-WITH-ACTS-BETWEEN")


def patience(x, gap, gaps):
    wanted = x.answer_headers.get("retry-after")
    if wanted is not None and wanted.isdigit():
        if gap >= int(wanted) * 1000:
            return True
        if gap >= int(wanted) * 1000 - 60:
            return None
    if gaps:
        return gap > gaps[-1]
    return None if wanted is None else False


def about(z, x):
    """Whether z is a query or a cancel that handles the refusal of request x."""
    if z.op is None or not (z.method == "GET" or z.op in ("CancelPayment", "CancelRefund", "DeletePos")):
        return False
    if z.same_request(x):
        return False
    if x.op in CREATES and (could_find(z, x) or z.op in ("CancelPayment", "CancelRefund")):
        return True
    mine = {x.resource, x.id_field("posId"), x.id_field("paymentId")} - {None}
    return z.resource in mine or any(v.lower() in mine for _, v in z.query) or (
        x.op == "CreatePos" and z.op in ("GetPosWithFilter", "GetPos", "DeletePos"))
