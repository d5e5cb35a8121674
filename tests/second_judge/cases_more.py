"""The cases of Prepared Payment, Refund, Loyalty and Payment Restrictions; see cases.py."""


def helpers():
    import cases
    return cases


def prepared_1(timeline):
    h = helpers()
    results, broke = [], [h.lost_creates(timeline, {"PreparePayment"})]
    for p in h.kind(timeline, "PreparePayment"):
        if p.readies:
            gone = h.gave_up(p.readies)
            broke.append(gone and (None if p.ended() else True))
        broke.append(h.gave_up(p.captures) and None if p.captures else False)
        prepared = p.first({"Prepared"})
        paired, reserved = p.first({"Paired"}), p.first({"Reserved"})
        if reserved:
            broke.append(False if p.captured_ok() else None)
        if not p.started:
            results.append(None if p.found_by and reserved else False)
            continue
        if not (prepared and paired and reserved and p.readies):
            results.append(False)
            continue
        order = prepared.end <= paired.start and any(x.ok and x.start >= paired.end and x.end <= reserved.start for x in p.readies)
        late = [x for x in p.captures if x.start >= reserved.end]
        captured = h.marked(late)
        if len(late) != len(p.captures) or len({x.amount for x in late}) > 1:
            captured = captured and None
        ready = h.marked([x for x in p.readies if x.start >= paired.end])
        if len({x.amount for x in p.readies}) > 1 or any(x.start < paired.end for x in p.readies):
            ready = ready and None
        results.append(h.all_of(h.marked(h.group_of(timeline, p)), order or None, ready, captured))
    broke = h.any_of(broke)
    if broke is False and any(p.op is None for p in timeline.payments.values()):
        broke = None
    return h.any_of(results), broke, "PreparePayment (t)(5), Prepared, Paired, PaymentReady (t)(5), Reserved, CapturePayment (t)(5)"


def prepared_2(timeline):
    h = helpers()
    results = []
    for p in h.kind(timeline, "PreparePayment"):
        result = h.ends_refused(p, {"CancelledByUser"})
        final = p.first({"CancelledByUser"})
        if result and not p.first({"Paired", "IssuedToUser"}, final.start):
            result = None
        results.append(h.all_of(bool(p.started) or None, result))
    return h.any_of(results), None if any(p.first({"CancelledByUser"}) for p in timeline.payments.values()) else False, "CancelledByUser seen"


def prepared_3(timeline):
    h = helpers()
    results, broke = [], []
    for p in h.kind(timeline, "PreparePayment"):
        if not p.cancels:
            continue
        at = p.cancels[0].start
        early = p.last_state(at) in ("Created", "Prepared", "Paired")
        readied = [x for x in p.readies if x.start < at]
        result = h.cancelled(p) if early else False
        if readied and early:
            result = result and None
        if not early and p.last_state(at) == "CancelledByClient":
            result = None
        results.append(h.all_of(bool(p.started) or None, result))
        broke.append(h.gave_up(p.cancels) and (None if not early or readied or p.ended() else True))
    return h.any_of(results), h.any_of(broke), "CancelPayment (t)(5) while Prepared or Paired"


def refund_1(timeline):
    h = helpers()
    results, broke = [], [h.lost_creates(timeline, {"CreateRefund"})]
    for r in timeline.refunds.values():
        if r.captures:
            broke.append(h.gave_up(r.captures) and (None if not r.started or r.ended() else True))
        reserved = r.first({"Reserved"})
        if reserved and not r.captured_ok():
            broke.append(None)
        if not r.started:
            results.append(None if reserved else False)
            continue
        if not reserved:
            results.append(False)
            continue
        paid = timeline.payments.get(r.started.id_field("paymentId"))
        captured_before = paid is not None and paid.captured_ok(r.started.start) is not None
        late = [x for x in r.captures if x.start >= reserved.end]
        captured = h.marked(late)
        if len(late) != len(r.captures) or r.cancels:
            captured = captured and None
        results.append(h.all_of(captured_before or None, h.marked(h.group_of(timeline, r)), captured))
    return h.any_of(results), h.any_of(broke), "CreateRefund (t)(5), Reserved, CaptureRefund (t)(5)"


def refund_2(timeline):
    h = helpers()
    results, broke = [], []
    for r in timeline.refunds.values():
        if r.cancels:
            results.append(h.all_of(bool(r.started) or None, h.cancelled(r)))
            broke.append(h.gave_up(r.cancels) and (None if not r.started or r.captures or r.ended() else True))
    return h.any_of(results), h.any_of(broke), "CancelRefund (t)(5), then 200"


def refund_3(timeline):
    h = helpers()
    results, broke = [], []
    for x in timeline.calls:
        if x.op != "CreateRefund" or x.status != 409 or x.code not in ("1367", "1368"):
            continue
        again = [y for y in timeline.calls if y.op == "CreateRefund" and y.same_body(x) and (y.n > x.n or y.n < x.n and y.refused)]
        results.append(False if any(y.key == x.key for y in again) else None if again else True)
        broke.append(None)
    return h.any_of(results), h.any_of(broke), "CreateRefund answered 1367 or 1368, not sent again"


def lacks(x):
    return x.told("loyaltyIds") is None


def captured_after(p, moment):
    """Reserved seen and then captured, after `moment`."""
    reserved = p.first({"Reserved"})
    return bool(reserved and reserved.start >= moment and any(x.ok and x.start >= reserved.end for x in p.captures))


def check_in_answers(timeline, p):
    """The check-in responses on its PoS since the last payment there was started, for an initiated payment."""
    first = helpers().group_of(timeline, p)[0]
    earlier = [y for y in timeline.calls if y.op in ("InitiatePayment", "PreparePayment") and y.id_field("posId") == p.pos
               and y.start < first.start]
    since = earlier[-1].end if earlier else 0
    looks = [y for y in timeline.calls if y.op == "GetCheckIn" and y.resource == p.pos and y.ok and y.end <= first.start]
    return [y for y in looks if y.start >= since], looks


def loyalty(timeline, enrolled):
    h = helpers()
    results = []
    for p in timeline.payments.values():
        if (p.op is None or p.by_pos_only) and p.readies and p.polls:
            results.append(None)                              # its start is not shown
        elif p.op == "PreparePayment" and p.readies:
            ready = next((x for x in p.readies if x.ok), p.readies[0])
            before = [x for x in p.polls if x.state and x.end <= p.readies[0].start]
            paired = [x for x in before if x.state == "Paired"]
            results.append(h.all_of(bool(p.started) or None, fits(before, paired, enrolled), ready.ok,
                                    captured_after(p, ready.end) or (False if enrolled else None)))
        elif p.op == "InitiatePayment" and p.started:
            recent, looks = check_in_answers(timeline, p)
            known = [x for x in recent if x.told("isUserCheckedIn") is True]
            result = fits(recent, known, enrolled)
            if looks and not recent:
                result = None
            if not enrolled and any(x.told("loyaltyIds") == [] for x in p.polls):
                result = result or None
            results.append(h.all_of(result, captured_after(p, p.started.end) or (False if enrolled else None)))
    return h.any_of(results)


def fits(answers, present, enrolled):
    """Whether the responses before the action show the look-up: first none, then an id (enrolled), or `[]` (not
    enrolled).
    """
    holding = [x for x in answers if not lacks(x)]
    if not holding:
        return False
    value = holding[0].told("loyaltyIds")
    if any(x.told("loyaltyIds") != value for x in holding):
        return None
    if not enrolled:
        return value == []
    if value == []:
        return False
    first = holding[0]
    if any(lacks(x) and x.n < first.n for x in present):
        return True
    return None if answers else False


def loyalty_1(timeline):
    return loyalty(timeline, True), None, "first no loyaltyIds, then an id, then the payment"


def loyalty_2(timeline):
    return loyalty(timeline, False), None, "loyaltyIds is [], and the payment goes on"


def restricted(timeline):
    return [p for p in timeline.payments.values() if p.restricted]


def restrictions_1(timeline):
    h = helpers()
    results = []
    for p in restricted(timeline):
        done = captured_after(p, p.restricted.end)
        results.append(done if p.op == "InitiatePayment" and p.started else done and None)
    return h.any_of(results), None, "restricted, Reserved, captured"


def restrictions_2(timeline):
    h = helpers()
    results = []
    for p in restricted(timeline):
        result = h.ends_refused(p, {"CancelledByMobilePay", "CancelledByUser"})
        results.append(result if p.op == "InitiatePayment" and p.started else result and None)
    return h.any_of(results), None, "restricted, refused, not captured"


def restrictions_3(timeline):
    results = []
    for p in timeline.payments.values():
        for x in p.readies:
            value = x.field("restrictions")
            if isinstance(value, dict) and any(v is True for v in value.values()) and x.ok:
                results.append(True if captured_after(p, x.end) and p.started else None)
    return helpers().any_of(results), None, "the restriction comes with PaymentReady"


MORE = {"prepared-payment/1": prepared_1, "prepared-payment/2": prepared_2, "prepared-payment/3": prepared_3,
        "refund/1": refund_1, "refund/2": refund_2, "refund/3": refund_3, "loyalty/1": loyalty_1, "loyalty/2": loyalty_2,
        "payment-restrictions/1": restrictions_1, "payment-restrictions/2": restrictions_2, "payment-restrictions/3": restrictions_3}
