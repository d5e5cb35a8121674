"""Requirements on conflicts and look-ups: 409/1301 and others, mass cancels, check-in beside payments (PAY-07, 11 to
14).
"""
from exchange import STARTS
from state import ACTIVE


def judge_conflicts(timeline, report):
    for x in timeline.calls:
        if x.op in STARTS and x.status == 409 and x.code == "1301":
            judge_active_payment(x, timeline, report)
        if x.status == 409 and x.code != "1301":
            judge_other_conflict(x, timeline, report)
        if x.op == "CancelPayment":
            judge_listed_and_cancelled(x, timeline, report)
        if x.op == "GetCheckIn" and x.resource:
            judge_check_in(x, timeline, report)
        if x.op == "QueryPaymentIds" and x.listed is not None:
            judge_sweep(x, timeline, report)


def judge_active_payment(x, timeline, report):
    """PAY-07: find, cancel, initiate again."""
    pos = x.id_field("posId")
    after = [y for y in timeline.calls if y.start >= x.end]
    again = [y for y in after if y.op in STARTS and y.ok and y.id_field("posId") == pos]
    cancels = [y for y in after if y.op == "CancelPayment" and y.ok
               and timeline.payment(y.resource).pos in (pos, None)]
    if not again:
        if any(y.op in STARTS and y.failed and y.id_field("posId") == pos for y in after):
            lost = [u for u in timeline.lost if u.found and u.sends[-1].start >= x.end]
            if lost:
                report.open("PAY-07", [x], "A-AGAIN-WAS-LOST")
                return
        report.fail("PAY-07", [x], "1301, and no payment was initiated again")
        return
    first = again[0]
    before = [c for c in cancels if c.end <= first.start]
    if not before:
        report.open("PAY-07", [x], "A-1301-CLEARED-OTHERWISE")
        return
    if not any(timeline.named(c.resource, c.start) for c in before):
        report.open("PAY-07", [x], "A-ID-FROM-ELSEWHERE")
        return
    same = [y for y in again if y.op == x.op and any(c.end <= y.start for c in before)]
    if not same:
        report.open("PAY-07", [x], "A-AGAIN-BY-ANOTHER-OPERATION")


def judge_other_conflict(x, timeline, report):
    """PAY-13: followed by a query of its resource."""
    after = [y for y in timeline.calls if y.start >= x.end]
    if x.op in ("CapturePayment", "CancelPayment", "PaymentReady", "CaptureRefund", "CancelRefund"):
        wanted = "GetRefund" if "Refund" in x.op else "QueryPayment"
        polls = [y for y in after if y.op == wanted and y.resource == x.resource]
        if not polls:
            listed = any(x.resource in (y.listed or []) for y in after)
            (report.open("PAY-13", [x], "A-LISTED-AFTER-409") if listed else
             report.fail("PAY-13", [x], "409, and its resource was not queried"))
        elif not any(y.ok for y in polls):
            report.open("PAY-13", [x], "A-QUERY-FAILED")
    elif x.op == "CreateRefund":
        paid = x.id_field("paymentId")
        one = any(y.op == "QueryPayment" and y.resource == paid and y.ok for y in after)
        other = any(y.op == "QueryRefundIds" and y.ok and y.query_map.get("paymentId", "").lower() == paid for y in after)
        if not (one and other):
            report.open("PAY-13", [x], "A-RESOURCE-OF-A-CREATE")
    else:
        report.open("PAY-13", [x], "A-RESOURCE-OF-A-CREATE")


def judge_listed_and_cancelled(x, timeline, report):
    """PAY-11: after a create was refused or failed otherwise, no known payment is listed and cancelled."""
    lists = [y for y in timeline.calls if y.listed is not None and y.op == "QueryPaymentIds" and y.end <= x.start and x.resource in y.listed]
    if not lists:
        return
    look = lists[-1]
    payment = timeline.payment(x.resource)
    creates = [y for y in timeline.calls if y.op in STARTS and y.end <= look.start and (
        y.id_field("posId") == (payment.pos or look.query_map.get("posId", "").lower()))]
    if not creates:
        return
    last = creates[-1]
    if last.ok or (last.status == 409 and last.code == "1301"):
        if any(not c.ok and c.code != "1301" and c.call_key != last.call_key and timeline.named(x.resource, c.start)
               for c in creates[-3:-1]):
            report.open("PAY-11", [look, x], "A-OTHER-CREATES-BETWEEN")
        return
    if not timeline.named(x.resource, last.start):
        return
    same_call = [c for c in creates if c.call_key == last.call_key]
    between = [y for y in payment.acts() if last.end <= y.start < look.start]
    if any(c.code == "1301" for c in same_call) or between or look.start - last.end > 60000 or any(
            c.start < last.start for c in payment.cancels) or any(c.ok for c in same_call):
        report.open("PAY-11", [last, look, x], "A-LISTED-FOR-ANOTHER-REASON")
        return
    report.fail("PAY-11", [last, look, x], "a payment known before the failed create is listed and cancelled")


def judge_check_in(x, timeline, report):
    """PAY-14: check-in is polled only while no payment is active on that PoS."""
    for p in timeline.payments.values():
        started = p.started
        if started and started.end <= x.start and p.pos == x.resource:
            if p.last_state(x.start) in ACTIVE:
                report.fail("PAY-14", [started, x], "check-in polled while a payment is active")
        elif p.pos == x.resource and p.found_by and p.found_by.end <= x.start:
            report.open("PAY-14", [x], "A-LOST-AND-FOUND")
    for u in timeline.unnamed + timeline.lost:
        if u.sends[0].id_field("posId") == x.resource and u.sends[0].start <= x.start:
            report.open("PAY-14", [x], "A-LOST-AND-FOUND")


def judge_sweep(x, timeline, report):
    """PAY-12 depends on the operator's decision, which the traffic does not show: left open where it may apply."""
    after = [y for y in timeline.calls if y.start >= x.end and y.op in ("CancelPayment", "CapturePayment") and y.resource in x.listed]
    touched = {y.resource for y in after}
    if len(touched) > 1 or any(timeline.payment(t).first({"Reserved"}) for t in touched):
        report.open("PAY-12", [x], "A-SWEPT")
