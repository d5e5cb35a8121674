"""Requirements of Onboarding, Loyalty and Payment Restrictions (ONB-01 to 05, LOY-01, RES-01)."""
from exchange import GUID
from state import ACTIVE


def judge_onboarding(timeline, report):
    for x in timeline.calls:
        if x.op == "CreatePos":
            judge_create(x, timeline, report)
        if x.op == "DeletePos" and x.resource:
            judge_delete(x, timeline, report)
        if x.op in ("InitiatePayment", "PreparePayment"):
            deletes = [d for d in timeline.calls if d.op == "DeletePos" and d.resource == x.id_field("posId") and d.start < x.start]
            if any(d.ok and d.end <= x.start for d in deletes):
                report.fail("ONB-05", [x], "a payment on a PoS that was deleted")
            elif deletes:
                report.open("ONB-05", [x], "A-DELETE-OUTCOME-UNKNOWN")


def judge_create(x, timeline, report):
    before = [y for y in timeline.calls if y.n < x.n]
    last = [y.n for y in before if y.op == "CreatePos" and y.call_key != x.call_key]
    if not any(y.op == "GetPosWithFilter" and y.ok and y.n > (last or [0])[-1] for y in before):
        report.open("ONB-01", [x], "A-RESTART")
    if x.status == 409 and x.code in ("1200", "1202"):
        after = [y for y in timeline.calls if y.start >= x.end]
        looked = [y for y in after if y.op == "GetPosWithFilter" or y.op == "DeletePos"]
        if not looked:
            other = any(y.op in ("GetPos", "GetStores") for y in after)
            if other:
                report.open("ONB-02", [x], "A-OTHER-QUERY")
            else:
                report.fail("ONB-02", [x], "%s, and the other PoS was neither looked up nor deleted" % x.code)
        else:
            hammered = [y for y in after if y.op == "CreatePos" and y.same_body(x) and y.end <= looked[0].start]
            if hammered or not any(y.ok for y in looked):
                report.open("ONB-02", [x], "A-HAMMERED-FIRST")
    if x.ok and x.created and x.field("beaconId") is None:
        first = next(y for y in timeline.calls if y.created == x.created)
        reads = [y for y in timeline.calls if y.op == "GetPos" and y.resource == x.created and y.start >= first.end]
        deleted = any(y.op == "DeletePos" and y.resource == x.created for y in timeline.calls)
        if not any(y.ok for y in reads):
            if deleted or any(y.op == "GetPos" and y.resource == x.created for y in timeline.calls):
                report.open("ONB-03", [x], "A-DELETED-UNREAD")
            else:
                report.fail("ONB-03", [x], "the generated beaconId is never read")


def judge_delete(x, timeline, report):
    for p in timeline.payments.values():
        if p.pos != x.resource:
            continue
        if p.started and p.started.end <= x.start:
            state = p.last_state(x.start)
            if state in ACTIVE or state == "Reserved":
                report.fail("ONB-04", [p.started, x], "deleted while a payment on it is %s" % state)
        elif p.found_by:
            report.open("ONB-04", [x], "A-LOST-AND-FOUND")
    for u in timeline.unnamed + timeline.lost:
        if u.sends[0].id_field("posId") == x.resource and u.sends[0].start <= x.start:
            report.open("ONB-04", [x], "A-LOST-AND-FOUND")


def judge_loyalty(timeline, report):
    for p in timeline.payments.values():
        for x in p.readies:
            paired = p.first({"Paired"}, x.start)
            if paired is None:
                continue
            holders = [y for y in p.polls if y.state and y.end <= x.start and isinstance(y.answer, dict) and "loyaltyIds" in y.answer]
            if not holders:
                report.fail("LOY-01", [paired, x], "readied before an answer held loyaltyIds")
            elif all(y.told("loyaltyIds") is None for y in holders):
                report.open("LOY-01", [x], "A-LOYALTY-NULL")
    for x in timeline.calls:
        if x.op == "InitiatePayment":
            judge_initiate_after_check_in(x, timeline, report)


def judge_initiate_after_check_in(x, timeline, report):
    pos = x.id_field("posId")
    looks = [y for y in timeline.calls if y.op == "GetCheckIn" and y.resource == pos and y.ok and y.end <= x.start]
    if not looks:
        return
    earlier = [y for y in timeline.calls if y.op in ("InitiatePayment", "PreparePayment") and y.id_field("posId") == pos
               and y.start < x.start and y.call_key != x.call_key]
    sends = [y for y in timeline.calls if y.call_key == x.call_key and y.op == x.op]
    recent = [y for y in looks if not earlier or y.start >= earlier[-1].end]
    if sends[0] is not x and not any(y.end <= sends[0].start for y in recent):
        report.open("LOY-01", [x], "A-CHECK-IN-DURING-RETRIES")
        return
    if not recent:
        report.open("LOY-01", [x], "A-CHECK-IN-BEFORE-ANOTHER-PAYMENT")
        return
    if any(isinstance(y.answer, dict) and y.told("loyaltyIds") is not None for y in recent):
        return
    if earlier and any(y.told("loyaltyIds") is not None for y in looks):
        report.open("LOY-01", [x], "A-CHECK-IN-BEFORE-ANOTHER-PAYMENT")
    elif any(y.told("isUserCheckedIn") is True for y in recent):
        report.fail("LOY-01", [recent[-1], x], "initiated after a check-in answer, before one held loyaltyIds")
    else:
        report.open("LOY-01", [x], "A-NOT-CHECKED-IN")


def judge_restrictions(timeline, report):
    """RES-01: the payment shows the restriction that was sent."""
    for p in timeline.payments.values():
        sender = p.restricted
        if sender is None or not sender.ok or sender.op == "QueryPayment":
            continue
        sent = {k: v for k, v in sender.field("restrictions").items() if v is not None}
        for x in p.polls:
            if x.state and x.start >= sender.end:
                shown = x.told("restrictions")
                shown = {k: v for k, v in shown.items() if v is not None} if isinstance(shown, dict) else {}
                if {k: v for k, v in shown.items() if v} != {k: v for k, v in sent.items() if v}:
                    report.open("RES-01", [sender, x], "A-SHOWN-OTHERWISE")
