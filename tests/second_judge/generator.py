"""Seeded random timelines: features, mistakes, one till or two, and mutations."""
import copy
import json
import random

import episodes as e
import episodes_more as m
from mutations import bend_entries, request_hooks
from till import Till
from verdict import FEATURES
from wire import Wire, run

RETRIES = ["no-retry", "new-key", "other-body", "at-once", "seven-sends", "hang", "hammer-4xx", "impatient", "old-token"]
CAPTURES = ["capture-unreserved", "capture-more", "capture-less", "three-decimals", "forget", "give-up-capture", "second-other",
            "second-same", "cancel-after-capture", "capture-after-cancel", "capture-seen", "capture-refused", "abandon",
            "sales-cancelled", "hanging", "forget-hanging", "partial", "no-query-409"]
CREATES = ["nameless", "lost-create", "refused-create", "clean-any-error", "found-unused"]
CONFLICTS = ["ignore-1301", "hammer-1301", "not-again"]
POLLING = ["early-poll", "poll-at-once", "flat-backoff", "poll-on-final"]
PREPARED = ["ready-too-soon", "two-amounts", "ready-initiated"]
REFUNDS = ["refund-uncaptured", "refund-sum", "refund-currency", "refused-refund", "refund-capture-after-cancel", "refund-unreserved",
           "refund-forget", "refund-second", "refund-cancel-after"]
OTHER = ["initiate-too-soon", "check-in-beside", "check-in-late", "check-in-active", "restrictions-both", "restrictions-form",
         "delete-active", "pay-on-deleted", "hammer-1200", "ignore-1200", "odd-requests"]
MISTAKES = RETRIES + CAPTURES + CREATES * 3 + CONFLICTS * 2 + POLLING + PREPARED + REFUNDS + OTHER


def episodes_for(features, dice):
    """The episodes that are possible with these features."""
    found = [m.twin_pos, m.move_pos]
    if len(features) == 1:
        return found
    if set(features) & {"payment", "refund", "loyalty", "payment-restrictions"}:
        found += [e.sale] * 4 + [lambda c: e.left_active(c, "/payments"), m.old_payment, m.hanging]
    if set(features) & {"prepared-payment", "loyalty"}:
        found += [e.prepared_sale] * 3 + [lambda c: e.left_active(c, "/payments/prepare")]
    if "refund" in features:
        found += [m.refund] * 2
    if "loyalty" in features:
        found += [lambda c: m.checked_in_sale(c, ["L-2"], dice.choice([0, 1, 2])), lambda c: m.checked_in_sale(c, [], dice.choice([0, 1]))]
        found += [m.ready_not_prepared]
    if "payment-restrictions" in features:
        found += [m.restricted_sale] * 2
    if set(features) & {"payment", "refund", "loyalty", "payment-restrictions"}:
        found += [m.check_in_during_payment]
    return found


def one_till(c, dice, features, whole):
    yield from c.sleep(0)
    yield from c.get_token()
    yield from c.call("GET", "/stores", query={"merchantBrandId": "MPPOSCERT1", "merchantLocationId": "00001"})
    if whole:
        yield from m.certification(c, features)
    else:
        yield from c.find_pos()
        yield from c.create_pos([dice.choice(["t", "5"])] if dice.random() < 0.3 else ())
        if c.pos:
            yield from c.call("GET", "/pointofsales/" + c.pos)
    possible = episodes_for(features, dice)
    for _ in range(dice.choice([1, 2, 3, 4]) if not whole else dice.choice([0, 1, 2, 3])):
        if c.pos is None:
            return
        yield from c.sleep(dice.choice([1100, 1500, 3000, 8000]))
        yield from dice.choice(possible)(c)


def timeline(seed):
    """(har, features, description) of one seed."""
    dice = random.Random(seed)
    features = list(FEATURES) if dice.random() < 0.6 else ["onboarding"] + [f for f in FEATURES[1:] if dice.random() < 0.5]
    count = dice.choice([0, 1, 1, 1, 2, 2, 3, 5])
    mistakes = sorted(set(dice.sample(MISTAKES, count)))
    wire = Wire()
    wire.backend.delays = dice.choice([[1000], [1000], [1000, 2500], [500, 1000], [2000, 1500, 1000]])
    wire.backend.refund_delay = dice.choice([100, 200, 1000])
    whole = dice.random() < 0.3
    tills = []
    for number in range(1 if whole or dice.random() < 0.7 else 2):
        c = Till(wire, dice, "Till %d" % (number + 1), mistakes, number * dice.choice([0, 40, 700]), features)
        if "odd-requests" in mistakes:
            c.hooks = request_hooks(dice)
        tills.append(one_till(c, dice, features, whole))
    run(tills)
    har = json.loads(json.dumps(wire.har()))
    bent = []
    if dice.random() < 0.25:
        har, bent = bend_entries(copy.deepcopy(har), dice)
    return har, features, mistakes + bent
