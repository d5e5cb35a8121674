"""Look-ups of a lost or unnamed create, and their results."""


def could_find(lookup, create):
    """Whether a query is a look-up of that create: True, False, or None if undecidable."""
    q = lookup.query_map
    if create.op == "CreatePos" and lookup.op == "GetPosWithFilter":
        wanted = {"merchantPosId": create.field("merchantPosId"), "beaconId": create.field("beaconId"),
                  "storeId": create.field("storeId")}
        if "merchantPosId" not in q and "beaconId" not in q:
            return None if "storeId" in q else False
    elif create.op in ("InitiatePayment", "PreparePayment") and lookup.op == "QueryPaymentIds":
        wanted = {"posId": create.field("posId"), "orderId": create.field("orderId")}
        if q.get("state"):
            return None
        if not ("posId" in q or "orderId" in q):
            return False
    elif create.op == "CreateRefund" and lookup.op == "QueryRefundIds":
        wanted = {"paymentId": create.field("paymentId")}
    else:
        return False
    return all(str(wanted[name]).lower() == value.lower() for name, value in q.items() if name in wanted)


def lookups_of(create, exchanges, after, before=None):
    """Successful look-ups of a create that start at or after `after`; and whether a doubtful one is among the rest."""
    good, doubtful = [], False
    for x in exchanges:
        if x.start < after or (before is not None and x.end > before):
            continue
        fits = could_find(x, create)
        if fits and x.listed is not None:
            good.append(x)
        elif fits is None or fits:
            doubtful = True
    return good, doubtful


def uses(identity, exchanges, after):
    """The exchanges after `after` with an id in path, body or query."""
    return [x for x in exchanges if x.start >= after and x.kind == "call" and (
        x.resource == identity or identity in (x.id_field("posId"), x.id_field("paymentId"))
        or any(v.lower() == identity for _, v in x.query))]


def seen_before(identity, exchanges, moment):
    """Whether a response that had ended by `moment` contained the id."""
    return any(x.end <= moment and identity in x.answer_text.lower() for x in exchanges if x.answer_text)
