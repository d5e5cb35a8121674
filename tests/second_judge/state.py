"""Payments, refunds and points of sale of one timeline, reconstructed from requests and responses."""
from exchange import STARTS, money
from lookups import lookups_of, seen_before
from rules_retries import FINAL


class Resource:
    """A payment or a refund: its creates, polls and actions in order."""

    def __init__(self, identity):
        self.id = identity
        self.creates, self.polls, self.captures, self.cancels, self.readies = [], [], [], [], []
        self.found_by, self.lost_create = None, None

    def acts(self):
        return sorted(self.creates + self.polls + self.captures + self.cancels + self.readies, key=lambda x: x.n)

    @property
    def by_pos_only(self):
        """Whether it is known only from look-ups by posId, so that it may belong to an earlier session."""
        return self.found_by is not None and not self.creates and "orderId" not in self.found_by.query_map

    @property
    def started(self):
        """The create that returned 2xx with this id."""
        return self.creates[0] if self.creates else None

    @property
    def op(self):
        source = self.started or self.lost_create
        return source.op if source else None

    def states(self, before=None):
        return [(x, x.state) for x in self.polls if x.state and (before is None or x.end <= before)]

    def first(self, wanted, before=None):
        return next((x for x, state in self.states(before) if state in wanted), None)

    def last_state(self, before=None):
        """The last known state, including successful actions; `Created` if only the create is known."""
        if self.captured_ok(before) or self.cancelled_ok(before):
            return "Captured" if self.captured_ok(before) else "CancelledByClient"
        told = [(x.end, state) for x, state in self.states(before)]
        if any(state in FINAL for _, state in told):
            return next(state for _, state in told if state in FINAL)
        told += [(x.end, "Readied") for x in self.readies if x.ok and (before is None or x.end <= before)]
        return max(told, key=lambda pair: pair[0])[1] if told else "Created"

    def captured_ok(self, before=None):
        return next((x for x in self.captures if x.ok and (before is None or x.end <= before)), None)

    def cancelled_ok(self, before=None):
        return next((x for x in self.cancels if x.ok and (before is None or x.end <= before)), None)

    def ended(self):
        return self.captured_ok() or self.cancelled_ok() or self.first(FINAL)

    def told(self, name, before=None):
        """The last value of a field in a successful poll."""
        values = [x.told(name) for x in self.polls if x.state and (before is None or x.end <= before) and x.told(name) is not None]
        return values[-1] if values else None

    def amounts(self, before):
        """Every amount that the capture shows for it before a moment; one is expected."""
        told = money(self.told("amount", before))
        if told is not None:
            return {told}
        sent = [x.amount for x in self.creates + self.readies if x.ok and x.end <= before]
        return {a for a in sent if a is not None}

    def field(self, name):
        """A text from the create or from a poll."""
        source = self.started or self.lost_create
        return (source.text_field(name) if source else None) or self.told(name)

    @property
    def pos(self):
        value = self.field("posId")
        return value.lower() if isinstance(value, str) else None

    @property
    def restricted(self):
        for x in self.creates + self.readies:
            value = x.field("restrictions")
            if isinstance(value, dict) and any(v is True for v in value.values()):
                return x
        for x in self.polls:
            value = x.told("restrictions") if x.state else None
            if isinstance(value, dict) and any(v is True for v in value.values()):
                return x
        return None


class Unnamed:
    """A create that returned 2xx without a readable id, and whose id is not in a later attempt of its call."""

    def __init__(self, sends, lookups, found, doubtful):
        self.sends, self.lookups, self.found, self.doubtful = sends, lookups, found, doubtful


class Timeline:
    def __init__(self, exchanges):
        self.exchanges = exchanges
        self.calls = [x for x in exchanges if x.kind == "call" and x.op]
        self.payments, self.refunds = {}, {}
        self.unnamed = []
        self.lost = []                      # groups of creates without a response below 500
        self.collect()

    def payment(self, identity):
        return self.payments.setdefault(identity, Resource(identity))

    def refund(self, identity):
        return self.refunds.setdefault(identity, Resource(identity))

    def collect(self):
        for x in self.calls:
            if x.op in STARTS and x.created:
                self.payment(x.created).creates.append(x)
            elif x.op == "CreateRefund" and x.created:
                self.refund(x.created).creates.append(x)
            for ops, place, name in PLACES:
                if x.op in ops and x.resource:
                    getattr(getattr(self, place)(x.resource), name).append(x)
        groups = {}
        for x in self.calls:
            if x.op in STARTS | {"CreateRefund", "CreatePos"}:
                groups.setdefault((x.call_key, x.op), []).append(x)
        for sends in groups.values():
            answered = [x for x in sends if x.ok]
            if answered and not any(x.created for x in answered):
                self.unnamed.append(self.follow(sends, answered[0].end))
            elif sends[0].op in STARTS | {"CreateRefund"} and all(x.failed for x in sends):
                self.lost.append(self.follow(sends, sends[0].end))

    def follow(self, sends, after):
        lookups, doubtful = lookups_of(sends[-1], self.calls, after)
        named = {x.created for x in self.calls if x.created}
        found = []
        for look in lookups:
            for one in look.listed:
                if one not in found and one not in named and not seen_before(one, self.calls, sends[0].start):
                    found.append(one)
        table = self.refunds if sends[0].op == "CreateRefund" else self.payments
        for one in found:
            resource = table.setdefault(one, Resource(one)) if sends[0].op != "CreatePos" else None
            if resource and not resource.creates and not resource.lost_create:
                resource.lost_create = sends[-1]
                resource.found_by = next(look for look in lookups if one in look.listed)
        return Unnamed(sends, lookups, found, doubtful)

    def named(self, identity, before):
        """Whether a response before that moment contained the id."""
        return seen_before(identity, [x for x in self.calls if x.op not in ("QueryPayment", "GetRefund")], before)

    def payments_on(self, pos):
        return [p for p in self.payments.values() if p.pos == pos]


PLACES = [({"QueryPayment"}, "payment", "polls"), ({"CapturePayment"}, "payment", "captures"),
          ({"CancelPayment"}, "payment", "cancels"), ({"PaymentReady"}, "payment", "readies"),
          ({"GetRefund"}, "refund", "polls"), ({"CaptureRefund"}, "refund", "captures"),
          ({"CancelRefund"}, "refund", "cancels")]
ACTIVE = {"Created", "Prepared", "Paired", "Initiated", "IssuedToUser", "Readied"}
