"""Requirements on captures, cancels and ends of payments (PAY-01 to 06, 08, 10, PRE-01, RES-02)."""
from rules_retries import FINAL


def judge_payments(timeline, report):
    for p in timeline.payments.values():
        for x in p.captures:
            judge_capture(p, x, timeline, report)
        for x in p.cancels:
            judge_cancel(p, x, report)
        judge_end(p, timeline, report)
        judge_tried_until_done(p, report)
        judge_ready(p, timeline, report)
        judge_refused(p, report)
    judge_unnamed(timeline, report)
    judge_orders(timeline, report)


def known_here(p):
    return p.started or p.found_by


def judge_capture(p, x, timeline, report):
    reserved = p.first({"Reserved"}, x.start)
    if reserved is None:
        if p.first({"Reserved"}) and any(y.start < x.start < y.end for y in p.polls):
            report.open("PAY-01", [x], "A-OVERLAP")
        elif not known_here(p) or p.by_pos_only:
            report.open("PAY-01", [x], "A-EARLIER-SESSION")
        else:
            report.fail("PAY-01", [x], "captured before Reserved was seen")
    amounts = p.amounts(x.start)
    if x.amount is not None and len(amounts) == 1:
        whole = amounts.pop()
        if x.amount > whole:
            report.fail("PAY-02", [x], "captures %s of %s" % (x.amount, whole))
        elif x.amount < whole:
            flag = p.told("partialCapturePossible", x.start)
            if flag is False:
                report.fail("PAY-03", [x], "captures %s of %s, partial capture not possible" % (x.amount, whole))
            elif flag is not True:
                report.open("PAY-03", [x], "A-NO-FLAG")
    elif x.amount is not None and len(amounts) > 1:
        report.open("PAY-02", [x], "A-TWO-AMOUNTS")
        report.open("PAY-03", [x], "A-TWO-AMOUNTS")
    judge_capture_order(p, x, report)


def judge_capture_order(p, x, report):
    cancel = p.cancelled_ok(x.start)
    if cancel:
        report.fail("PAY-04", [cancel, x], "a capture after a cancel answered 200")
    earlier = [y for y in p.captures if y.n < x.n and y.end <= x.start]
    done = [y for y in earlier if y.ok]
    if done:
        if x.amount is None or done[0].amount is None:
            if x.text != done[0].text:
                report.open("PAY-04", [done[0], x], "A-UNREADABLE-AMOUNT")
        elif any(y.amount != x.amount for y in done):
            report.fail("PAY-04", [done[0], x], "a capture of another amount after one answered 200")
    final = next((y for y, s in p.states(x.start) if s in FINAL), None)
    if final is None:
        return
    if final.state != "Captured":
        report.fail("PAY-04", [final, x], "a capture after %s" % final.state)
    elif not earlier:
        report.open("PAY-04", [final, x], "A-CAPTURED-ELSEWHERE")
    elif not any(y.amount == x.amount and y.start < final.end for y in earlier):
        report.fail("PAY-04", [final, x], "a capture of another amount after Captured was seen")
    elif len({y.amount for y in earlier}) > 1:
        report.open("PAY-04", [final, x], "A-TWO-CAPTURES-ONE-SEEN")


def judge_cancel(p, x, report):
    capture = p.captured_ok(x.start)
    if capture:
        report.fail("PAY-04", [capture, x], "a cancel after a capture answered 200")
    elif p.first({"Captured"}, x.start):
        report.open("PAY-04", [x], "A-CANCEL-AFTER-CAPTURED-SEEN")


def judge_end(p, timeline, report):
    reserved = p.first({"Reserved"})
    if reserved:
        if p.captured_ok() or p.cancelled_ok() or p.first({"Captured", "CancelledByClient"}):
            return
        report.fail("PAY-05", [reserved], "reserved, and neither captured nor cancelled")
        return
    if p.ended():
        return
    if p.started:
        report.fail("PAY-06", [p.started], "started, and no end of it is known")
    elif p.found_by:
        named = any(x.ok for x in [p.lost_create])
        if named:
            report.fail("PAY-06", [p.lost_create, p.found_by], "looked up, and no end of it is known")
        else:
            report.open("PAY-06", [p.found_by], "A-LOST-AND-FOUND")


def judge_tried_until_done(p, report):
    """PAY-08: a failed capture or cancel is retried until 200, or a final state is seen."""
    for x in p.captures:
        if not x.failed:
            continue
        if any(y.ok and (y.amount == x.amount if x.amount is not None else y.text == x.text) for y in p.captures):
            continue
        final = [y for y, s in p.states() if s in FINAL]
        if x.amount is None:
            report.open("PAY-08", [x], "A-UNREADABLE-AMOUNT")
            continue
        if any(y.ok for y in p.cancels) or any(y.start >= x.end for y in final):
            if any(y.amount != x.amount and y.start >= x.end for y in p.captures):
                report.open("PAY-08", [x], "A-OTHER-AMOUNT-THEN-ENDED")
            continue
        if final or p.captured_ok(x.start):
            report.open("PAY-08", [x], "A-FINAL-SEEN-BEFORE")
        else:
            report.fail("PAY-08", [x], "a failed capture that was never brought through")
    for x in p.cancels:
        if not x.failed or any(y.ok for y in p.cancels):
            continue
        final = [y for y, s in p.states() if s in FINAL]
        if any(y.start >= x.end for y in final):
            continue
        if final or any(y.ok for y in p.captures):
            report.open("PAY-08", [x], "A-FINAL-SEEN-BEFORE")
        else:
            report.fail("PAY-08", [x], "a failed cancel that was never brought through")


def judge_ready(p, timeline, report):
    for x in p.readies:
        if p.op == "InitiatePayment" and not p.by_pos_only:
            report.fail("PRE-01", [x], "ready for a payment that was not prepared")
        elif p.op is None or p.by_pos_only:
            report.open("PRE-01", [x], "A-EARLIER-SESSION")
    amounts = {x.amount for x in p.readies if x.amount is not None}
    if len(amounts) > 1:
        report.fail("PRE-01", p.readies[:1] + p.readies[-1:], "two amounts for one payment")


def judge_refused(p, report):
    """RES-02: a refused payment is neither captured nor polled further."""
    if not p.restricted:
        return
    final = p.first({"CancelledByMobilePay", "CancelledByUser"})
    if final is None:
        return
    late = [x for x in p.captures if x.start >= final.end]
    if late:
        report.fail("RES-02", [final] + late, "a refused payment is captured")
    if any(x.start < final.end for x in p.captures):
        report.open("RES-02", [final], "A-CAPTURED-BEFORE-REFUSAL")
    more = [x for x in p.polls if x.start >= final.end]
    if len(more) > 1:
        report.fail("RES-02", [final] + more, "a refused payment is polled on")


def judge_unnamed(timeline, report):
    for u in timeline.unnamed:
        op = u.sends[0].op
        rule = {"CreateRefund": "REF-03", "CreatePos": "ALL-11"}.get(op, "PAY-06")
        if u.found:
            continue                    # the payment or refund that was found is judged separately
        if u.lookups:
            report.open(rule, u.sends, "A-LOOKED-UP-FOUND-NOTHING")
        elif u.doubtful:
            report.open(rule, u.sends, "A-LOOKUP-FAILED")
        else:
            report.fail(rule, u.sends, "answered 2xx with no id, and neither looked up nor named by a retry")


def judge_orders(timeline, report):
    """PAY-10: an orderId is used for one payment."""
    groups = {}
    for x in timeline.calls:
        if x.op in ("InitiatePayment", "PreparePayment") and x.text_field("orderId"):
            groups.setdefault(x.text_field("orderId"), {}).setdefault((x.call_key, x.op), []).append(x)
    for order, calls in groups.items():
        started = [sends for sends in calls.values() if any(x.ok for x in sends)]
        ids = {x.created for sends in started for x in sends if x.created}
        if len(ids) > 1:
            report.fail("PAY-10", [s[0] for s in started], "orderId %s for two payments" % order)
        elif len(calls) > 1 and (len(started) > 1 or any(all(x.failed for x in s) for s in calls.values())):
            report.open("PAY-10", [s[0] for s in calls.values()], "A-ORDER-OF-A-LOST-CREATE")
        bodies = {s[0].text for s in calls.values() if any(x.status != 409 for x in s)}
        if len(bodies) > 1 and len(ids) <= 1:
            report.open("PAY-10", [s[0] for s in calls.values()], "A-ORDER-OF-A-REFUSED-CREATE")
