"""Requirements on refunds (REF-01 to 04)."""
FINAL_REFUND = {"Captured", "CancelledByClient", "CancelledByMobilePay", "ExpiredAndCaptured"}


def judge_refunds(timeline, report):
    for x in timeline.calls:
        if x.op == "CreateRefund":
            judge_create(x, timeline, report)
    for r in timeline.refunds.values():
        judge_acts(r, report)
        judge_end(r, report)


def judge_create(x, timeline, report):
    paid = x.id_field("paymentId")
    if paid is None:
        return
    p = timeline.payments.get(paid)
    if p is None or not (p.started or p.found_by or p.states(x.start)):
        return                  # a payment of an earlier session is not judged
    capture = p.captured_ok(x.start)
    seen = p.first({"Captured"}, x.start)
    if capture is None and seen is None:
        if any(c.failed for c in p.captures if c.start < x.start):
            report.open("REF-01", [x], "A-CAPTURE-OUTCOME-UNKNOWN")
        else:
            report.fail("REF-01", [x], "refunds what was not captured")
        return
    currency = p.field("currencyCode") or next((c.text_field("currencyCode") for c in p.readies if c.ok), None)
    if currency and x.text_field("currencyCode") in ("DKK", "EUR") and x.text_field("currencyCode") != currency:
        report.fail("REF-01", [x], "refunds in another currency")
    judge_sum(x, p, capture, timeline, report)


def judge_sum(x, p, capture, timeline, report):
    taken = {c.amount for c in p.captures if c.ok and c.end <= x.start and c.amount is not None}
    if not taken:
        taken = {c.amount for c in p.captures if c.failed and c.end <= x.start and c.amount is not None}
    if len(taken) != 1 or x.amount is None:
        if taken or x.amount is not None:
            report.open("REF-01", [x], "A-CAPTURED-AMOUNT-UNKNOWN")
        return
    taken = taken.pop()
    sure, unsure, keys = x.amount, 0, {x.call_key}
    for y in timeline.calls:
        if y.op != "CreateRefund" or y.id_field("paymentId") != p.id or y.start >= x.start or y.call_key in keys:
            continue
        keys.add(y.call_key)
        sends = [z for z in timeline.calls if z.call_key == y.call_key and z.op == y.op and z.start < x.start]
        created = next((z.created for z in sends if z.created), None)
        amount = y.amount or 0
        told = timeline.refunds[created].told("amount", x.start) if created else None
        if told is not None and told != amount:
            report.open("REF-01", [y, x], "A-TWO-AMOUNTS")
        if created:
            r = timeline.refunds[created]
            gone = r.cancelled_ok(x.start) or r.first({"CancelledByClient", "CancelledByMobilePay"}, x.start)
            if gone:
                continue
            if any(c.failed for c in r.cancels if c.start < x.start):
                unsure += amount
            else:
                sure += amount
        elif any(z.ok or z.failed for z in sends):
            unsure += amount
    if sure > taken:
        report.fail("REF-01", [x], "refunds %s in sum, %s was captured" % (sure, taken))
    elif sure + unsure > taken:
        report.open("REF-01", [x], "A-REFUND-OUTCOME-UNKNOWN")


def judge_acts(r, report):
    known = r.started or r.found_by
    for x in r.captures:
        if r.first({"Reserved"}, x.start) is None:
            if not known:
                report.open("REF-02", [x], "A-EARLIER-SESSION")
            elif any(y.start < x.start < y.end for y in r.polls):
                report.open("REF-02", [x], "A-OVERLAP")
            else:
                report.fail("REF-02", [x], "captured before Reserved was seen")
        if r.cancelled_ok(x.start):
            report.fail("REF-04", [x], "a refund captured after a cancel answered 200")
        earlier = [y for y in r.captures if y.n < x.n]
        final = r.first(FINAL_REFUND, x.start)
        if final and not (final.state == "Captured" and earlier):
            if final.state == "Captured":
                report.open("REF-04", [x], "A-CAPTURED-ELSEWHERE")
            else:
                report.fail("REF-04", [x], "a refund captured after %s" % final.state)
        done = [y for y in earlier if y.ok and y.end <= x.start]
        if done and x.amount != done[0].amount:
            if x.amount is not None and done[0].amount is not None:
                report.fail("REF-04", [done[0], x], "a refund captured again with another amount")
            else:
                report.open("REF-04", [done[0], x], "A-AMOUNT-IN-ONE-CAPTURE-ONLY")
    for x in r.cancels:
        if r.captured_ok(x.start):
            report.fail("REF-04", [x], "a refund cancelled after a capture answered 200")
            continue
        final = r.first(FINAL_REFUND, x.start)
        earlier = [y for y in r.cancels if y.n < x.n]
        if final and not (final.state == "CancelledByClient" and earlier):
            if final.state == "CancelledByClient":
                report.open("REF-04", [x], "A-CAPTURED-ELSEWHERE")
            else:
                report.fail("REF-04", [x], "a refund cancelled after %s" % final.state)


def judge_end(r, report):
    if r.captured_ok() or r.cancelled_ok() or r.first(FINAL_REFUND):
        return
    if r.started:
        report.fail("REF-03", [r.started], "a refund that comes to no end")
    elif r.found_by:
        if r.lost_create.ok:
            report.fail("REF-03", [r.lost_create, r.found_by], "a refund that was looked up and comes to no end")
        else:
            report.open("REF-03", [r.found_by], "A-LOST-AND-FOUND")
