"""The cases of the certification page: for each, the correct statuses on one timeline.

A case function returns (passes, broke, reason); each of the first two is True, False or None where the page leaves it
open. With a pass the status is `passed`; without one, and with a failed attempt, `failed`; else `not-tested`.
"""
from cases_more import MORE
from exchange import STARTS
from rules_retries import FINAL
from verdict import CASE_COUNT


def judge_cases(timeline, report):
    for feature in report.features:
        for number in range(1, CASE_COUNT[feature] + 1):
            name = "%s/%d" % (feature, number)
            if name == "payment-restrictions/3" and "prepared-payment" not in report.features:
                report.case(name, "passed failed not-tested", "optional")
                continue
            passes, broke, reason = CASES[name](timeline)
            if passes:
                report.case(name, "passed", reason)
            elif passes is None:
                report.case(name, "passed failed not-tested", reason)
            else:
                report.case(name, {True: "failed", False: "not-tested", None: "failed not-tested"}[broke], reason)


def any_of(results):
    """One pass is enough; a doubtful one leaves the case open."""
    results = list(results)
    return True if True in results else None if None in results else False


def all_of(*results):
    return False if False in results else None if None in results else True


def goes(sends):
    """The attempts of one call, split where it paused for half a minute. None marks a pause too close to decide."""
    parts = []
    for x in sends:
        if parts and x.start - parts[-1][-1].end < 30000:
            parts[-1].append(x)
        else:
            parts.append([x])
    return parts


def marked(sends):
    """Whether a call met (t) and (5) and then succeeded. None: in doubt."""
    results = []
    for go in goes(sends):
        done = next((n for n, x in enumerate(go) if x.ok), None)
        if done is None:
            results.append(False)
            continue
        before = go[:done]
        both = any(x.timed_out for x in before) and any(x.status == 500 for x in before)
        if both and any(x.refused for x in before):
            both = None
        if both is False and any(x.timed_out or x.status == 500 for x in go[done:]):
            both = None                                       # faults on a repeat after success
        if both is False and len(goes(sends)) > 1:
            both = None if any(x.timed_out for x in sends) and any(x.status == 500 for x in sends) else False
        results.append(both)
    return any_of(results)


def gave_up(sends):
    """Whether a marked call met a fault and did not succeed."""
    if any(x.ok for x in sends) or not any(x.timed_out or x.status == 500 for x in sends):
        return False if not any(x.failed for x in sends) or any(x.ok for x in sends) else None
    return True if sends[-1].failed else None


def create_calls(timeline, ops):
    groups = {}
    for x in timeline.calls:
        if x.op in ops:
            groups.setdefault((x.call_key, x.op), []).append(x)
    return list(groups.values())


def lost_creates(timeline, ops):
    """Whether a create of these operations met a fault and was given up: True, False, None (looked up or in doubt)."""
    results = []
    for sends in create_calls(timeline, ops):
        gone = gave_up(sends)
        if gone and any(u.sends is sends or u.sends[0] is sends[0] for u in timeline.lost) and any(
                u.sends[0] is sends[0] and (u.lookups or u.doubtful) for u in timeline.lost):
            gone = None
        if gone and any(y.op == sends[0].op and y.same_body(sends[0]) and y.call_key != sends[0].call_key for y in timeline.calls):
            gone = None
        if gone and sends[0].op == "CreatePos" and any(y.op == "GetPosWithFilter" and y.start >= sends[-1].end for y in timeline.calls):
            gone = None
        results.append(gone)
    return any_of(results)


def group_of(timeline, p):
    return next((s for s in create_calls(timeline, {p.started.op}) if p.started in s), [p.started])


def onboarding_1(timeline):
    results = []
    for sends in create_calls(timeline, {"CreatePos"}):
        result = marked(sends)
        if result and not any(x.created for x in sends):
            result = None
        results.append(result)
    return any_of(results), lost_creates(timeline, {"CreatePos"}), "CreatePos (t)(5), then 200"


def first_poses(timeline):
    return {x.created for sends in create_calls(timeline, {"CreatePos"}) if marked(sends) for x in sends if x.created}


def deletes(timeline):
    groups = {}
    for x in timeline.calls:
        if x.op == "DeletePos" and x.resource:
            groups.setdefault(x.resource, []).append(x)
    return groups


def onboarding_2(timeline):
    results, broke = [], []
    for pos, sends in deletes(timeline).items():
        result = marked(sends)
        results.append(result if result is not True or pos in first_poses(timeline) else None)
        looked = any(y.op in ("GetPosWithFilter", "GetPos") and y.start >= sends[-1].end for y in timeline.calls)
        broke.append(gave_up(sends) if pos in first_poses(timeline) and not looked else (gave_up(sends) and None))
    return any_of(results), any_of(broke), "DeletePos of the first PoS (t)(5), then 200"


def onboarding_3(timeline):
    results = [False]
    for pos, sends in deletes(timeline).items():
        done = next((x for x in sends if x.ok), None)
        later = done and [x for x in timeline.calls if x.op == "CreatePos" and x.ok and x.start >= done.end]
        if later:
            whole = marked(sends) and pos in first_poses(timeline) and any(x.created for x in later)
            results.append(True if whole else None)
    broke = lost_creates(timeline, {"CreatePos"})
    return any_of(results), broke and None, "CreatePos after the first PoS was deleted"


def onboarding_4(timeline):
    results = []
    for look in timeline.calls:
        wanted = look.query_map.get("merchantPosId")
        if look.op != "GetPosWithFilter" or not wanted or not look.listed:
            continue
        created = [x for x in timeline.calls if x.op == "CreatePos" and x.created in look.listed and x.end <= look.start
                   and x.field("merchantPosId") == wanted]
        second = [x for x in timeline.calls if x.op == "CreatePos" and x.field("merchantPosId") == wanted and created
                  and x.n > created[0].n]
        results.append(True if created and not second else None)
    return any_of(results), None, "GetPosWithFilter finds the PoS"


def kind(timeline, op):
    return [p for p in timeline.payments.values() if p.op == op or p.by_pos_only]


def payment_1(timeline):
    results = []
    for p in kind(timeline, "InitiatePayment"):
        reserved = p.first({"Reserved"})
        if not p.started or not reserved:
            results.append(False if not (p.found_by and reserved) else None)
            continue
        polls = [x for x in p.polls if x.end <= reserved.start]
        seen = any(x.state in ("Initiated", "IssuedToUser") for x in polls)
        faults = any(x.timed_out for x in polls) and any(x.status == 500 for x in polls)
        late = [x for x in p.captures if x.start >= reserved.end]
        captured = marked(late)
        if len({x.amount for x in late}) > 1 or len(late) != len(p.captures):
            captured = captured and None
        results.append(all_of(marked(group_of(timeline, p)), seen and faults, captured))
    broke = any_of([lost_creates(timeline, {"InitiatePayment"})] + [gave_up(p.captures) for p in kind(timeline, "InitiatePayment") if p.captures]
                   + [None for p in kind(timeline, "InitiatePayment") if p.first({"Reserved"}) and not p.captured_ok()])
    if broke and not any(s for s in create_calls(timeline, {"InitiatePayment"}) if gave_up(s)):
        broke = None
    if broke is False and any(p.polls and p.polls[-1].failed for p in kind(timeline, "InitiatePayment")):
        broke = None                                          # a poll is a marked call, too
    if broke is False and any(p.op is None for p in timeline.payments.values()):
        broke = None                                          # payments of earlier sessions: the case is not specified
    return any_of(results), broke, "InitiatePayment (t)(5), polls (t) and (5), Reserved, CapturePayment (t)(5)"


def ends_refused(p, wanted):
    """The payment is seen in such a state, polling ends and nothing is captured."""
    final = p.first(wanted)
    if not final:
        return False
    if any(x.ok for x in p.captures):
        return False
    more = [x for x in p.polls if x.start >= final.end]
    return None if more or p.captures else True


def payment_2(timeline):
    results = [all_of(bool(p.started) or None, ends_refused(p, {"CancelledByUser"})) for p in kind(timeline, "InitiatePayment")]
    return any_of(results), None if any(p.first({"CancelledByUser"}) for p in timeline.payments.values()) else False, "CancelledByUser seen"


def cancelled(p):
    result = marked(p.cancels)
    return result and None if p.captures else result


def payment_3(timeline):
    ours = kind(timeline, "InitiatePayment")
    results = [all_of(bool(p.started) or None, cancelled(p)) for p in ours]
    broke = any_of(gave_up(p.cancels) and (None if p.captures or p.first({"Reserved"}) or p.ended() else True) for p in ours if p.cancels)
    return any_of(results), broke, "CancelPayment (t)(5), then 200"


def clean_up(op):
    def judge(timeline):
        results, broke = [], []
        for x in timeline.calls:
            if x.op != op or x.status != 409 or x.code != "1301":
                continue
            pos = x.id_field("posId")
            cancels = [c for c in timeline.calls if c.op == "CancelPayment" and c.ok and c.start >= x.end
                       and timeline.payment(c.resource).pos in (pos, None)]
            again = [y for y in timeline.calls if y.op == op and y.ok and y.start >= x.end and y.id_field("posId") == pos]
            chains = [(c, y) for c in cancels for y in again if c.end <= y.start]
            results += [chain_result(c, y, timeline) if y is again[0] else chain_result(c, y, timeline) and None
                        for c, y in chains] or [None if again else False]
            if not again:
                broke.append(True if not any(y.op in STARTS and y.start >= x.end for y in timeline.calls) else None)
            elif chains and not any(y.created and timeline.payment(y.created).ended() for _, y in chains):
                broke.append(None)
            else:
                broke.append(None)
        return any_of(results), any_of(broke), "1301, look-up, cancel, created again, brought to an end"
    return judge


def chain_result(c, y, timeline):
    if not y.created:
        return None
    p = timeline.payment(y.created)
    ended = bool(p.captured_ok() or p.cancelled_ok() or p.first(FINAL))
    named = timeline.named(c.resource, c.start) or None
    reserved = timeline.payment(c.resource).first({"Reserved"}, c.start)
    return all_of(ended, named, None if reserved else True)


def reserved_with(p, flag):
    return [x for x in p.polls if x.state == "Reserved" and x.told("partialCapturePossible") is flag]


def payment_5(timeline):
    results, broke = [], []
    for p in timeline.payments.values():
        seen = reserved_with(p, False)
        if not seen:
            continue
        whole = p.amounts(10 ** 15)
        full = [x for x in p.captures if x.ok and x.start >= seen[0].end and (None if len(whole) != 1 else x.amount in whole)]
        done = bool(full) or any(x.ok and x.start >= seen[0].end for x in p.cancels)
        if not done and (p.captured_ok() or p.cancelled_ok()):
            done = None
        results.append(done if p.op == "InitiatePayment" and p.started else done and None)
        broke.append(None if done is not False or p.op != "InitiatePayment" or p.first(FINAL) else True)
    return any_of(results), any_of(broke), "Reserved with partialCapturePossible false, captured in full or cancelled"


def payment_6(timeline):
    results, broke = [], []
    for p in timeline.payments.values():
        reserved = p.first({"Reserved"})
        if not reserved or not any(x.status == 500 for x in p.captures + p.cancels):
            continue
        parts = goes([x for x in p.captures if x.start >= reserved.end])
        result = False
        if any(29000 <= b[0].start - a[-1].end <= 31000 for a, b in zip(parts, parts[1:])):
            result = None
        for a, b in zip(parts, parts[1:]):
            if all(x.status == 500 for x in a) and len(a) > 1 and b[0].ok and len(parts) == 2 and not p.cancels:
                result = True
            elif any(x.status == 500 for x in a) and any(x.ok for x in b):
                result = result or None
        if result is False and p.cancels and any(y.start - x.end >= 29000 for x in p.captures + p.cancels if x.status == 500
                                                 for y in p.cancels if y.ok):
            result = None
        results.append(result if p.op == "InitiatePayment" else result and None)
        broke.append(None)
    return any_of(results), any_of(broke), "captures answered 500 until given up; half a minute later captured"


def payment_7(timeline):
    results, broke = [], []
    for p in timeline.payments.values():
        seen = reserved_with(p, True)
        if not seen:
            continue
        whole = p.amounts(10 ** 15)
        if len(whole) != 1:
            results.append(None)
            continue
        less = any(x.ok and x.amount is not None and x.amount < min(whole) and x.start >= seen[0].end for x in p.captures)
        results.append(less if p.op == "InitiatePayment" and p.started else less and None)
        broke.append(None)
    return any_of(results), any_of(broke), "partialCapturePossible true, captured less"


CASES = {"onboarding/1": onboarding_1, "onboarding/2": onboarding_2, "onboarding/3": onboarding_3, "onboarding/4": onboarding_4,
         "payment/1": payment_1, "payment/2": payment_2, "payment/3": payment_3, "payment/4": clean_up("InitiatePayment"),
         "payment/5": payment_5, "payment/6": payment_6, "payment/7": payment_7,
         "prepared-payment/4": clean_up("PreparePayment")}
CASES.update(MORE)
