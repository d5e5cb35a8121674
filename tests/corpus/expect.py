"""What a scenario declares before it runs, and the sums that certification.md makes of it.

A scenario names the musts it breaks, the shoulds it trips and the operations it hits; feature verdicts, whole
verdict and exit code follow by the page's section "Verdict", worked out here once and independently.
"""
from client import FEATURES, Client

PAYMENT = {"InitiatePayment", "QueryPayment", "QueryPaymentIds", "CapturePayment", "CancelPayment"}
PREPARED = {"PreparePayment", "PaymentReady", "QueryPayment", "QueryPaymentIds", "CapturePayment", "CancelPayment"}
REFUND = {"CreateRefund", "GetRefund", "QueryRefundIds", "CaptureRefund", "CancelRefund"}
POS = {"GetStores", "GetStore", "GetDetailedStores", "CreatePos", "GetPos", "GetPosWithFilter", "DeletePos", "GetCheckIn"}
OPERATIONS_OF = {
    "onboarding": POS, "payment": PAYMENT, "prepared-payment": PREPARED, "refund": REFUND | PAYMENT,
    "loyalty": PAYMENT | PREPARED, "payment-restrictions": PAYMENT,
}
OWN = {"ONB": "onboarding", "NOT": "onboarding", "PRE": "prepared-payment", "REF": "refund", "LOY": "loyalty",
       "RES": "payment-restrictions"}
CASES = {"onboarding": 4, "payment": 7, "prepared-payment": 4, "refund": 3, "loyalty": 2, "payment-restrictions": 3}
OPTIONAL = {"onboarding/4", "payment/7"}
SHOULDS = set("ALL-07 ALL-13 ALL-15 ALL-19 ALL-24 ALL-25 ALL-27 ALL-29 ALL-30 ONB-01 ONB-03 ONB-04 PAY-09 PAY-10 "
              "PAY-12 PAY-13 PAY-14 RES-03".split())
PASSED, FAILED, NOT_TESTED = "passed", "failed", "not-tested"
ANY = "any"                          # the page leaves it open: not asserted
SIX = tuple(FEATURES)
SCENARIOS = []


class Scenario:
    def __init__(self, name, make, about, musts, shoulds, hits, cases, why, features, args, free, verdicts, exit, open):
        self.name, self.make, self.about, self.why = name, make, about.split(), why
        self.musts, self.shoulds, self.free = set(musts.split()), set(shoulds.split()), set(free.split())
        self.args, self.cases, self.open = args, cases or {}, open
        self.features = features
        self.hits = set(hits.split())
        self.forced, self.forced_exit = verdicts or {}, exit
        assert not self.musts & SHOULDS, name
        assert self.shoulds <= SHOULDS, name
        assert self.musts <= {m for m in self.musts if m[:3] in "ALL ONB PAY PRE REF LOY RES NOT".split()}, name

    def case_statuses(self):
        chosen = {"%s/%d" % (f, n): PASSED for f in self.features for n in range(1, CASES[f] + 1)}
        if "prepared-payment" not in self.features and "payment-restrictions" in self.features:
            chosen["payment-restrictions/3"] = NOT_TESTED
        chosen.update(self.cases)
        return chosen

    def optional(self, case):
        return case in OPTIONAL or (case == "payment-restrictions/3" and "prepared-payment" not in self.features)

    def feature_verdicts(self):
        """ANY where a case's status or what a must hits is left open."""
        found = {}
        for feature in self.features:
            mine = [s for c, s in self.case_statuses().items() if c.startswith(feature + "/") and not self.optional(c)]
            if feature in self.forced:
                found[feature] = self.forced[feature]
            elif self.broken_for(feature) or FAILED in mine:
                found[feature] = FAILED
            elif ANY in mine or any(f not in SHOULDS for f in self.free):
                found[feature] = ANY
            else:
                found[feature] = "incomplete" if NOT_TESTED in mine else PASSED
        return found

    def broken_for(self, feature):
        for must in self.musts:
            own = OWN.get(must[:3])
            if own == feature:
                return True
            if own is None:
                homes = [f for f in self.features if self.hits & OPERATIONS_OF[f]]
                if must.startswith("PAY") and not self.hits:
                    homes = [f for f in self.features if f != "onboarding"]
                if feature in homes or (feature == "onboarding" and self.hits - self.chosen_operations()):
                    return True
        return False

    def chosen_operations(self):
        return set().union(*(OPERATIONS_OF[f] for f in self.features))

    def exit_code(self):
        """0, 1, 3, or None where open."""
        if self.forced_exit is not None:
            return self.forced_exit
        verdicts = set(self.feature_verdicts().values())
        if self.musts or FAILED in verdicts:
            return 1
        if ANY in verdicts:
            return None
        return 3 if "incomplete" in verdicts else 0

    def verdict(self):
        return {0: PASSED, 1: FAILED, 2: ANY, 3: "incomplete", None: ANY}[self.exit_code()]


def scenario(name, about, why, musts="", shoulds="", hits="", cases=None, features=("onboarding", "payment"), args=(),
             free="", verdicts=None, exit=None, open=None):
    """Registers a function that returns a HAR (or a Client whose traffic makes one).

    about: the requirements (or CASE, VERDICT) it is about; musts/shoulds: exactly those that fail/warn; hits: the
    operations that what fails is seen on (a name unknown to the API stands for what belongs to no feature); cases:
    statuses other than `passed`; free: ids not asserted; why: the words of certification.md it rests on; open:
    where the page has two readings, both of them (then nothing is asserted, only shown).
    """
    features = [f for f in FEATURES if f in features]

    def register(make):
        assert all(s.name != name for s in SCENARIOS), name
        SCENARIOS.append(Scenario(name, make, about, musts, shoulds, hits, cases, why, features, list(args), free,
                                  verdicts, exit, open))
        return make
    return register


def then(name, about, why, **more):
    """A scenario whose function gets the client after a complete right certification: it adds acts."""
    def register(act):
        def make():
            c = Client(features=more.get("features", ("onboarding", "payment")))
            c.walk()
            c.sleep(1500)
            act(c)
            return c
        return scenario(name, about, why, **more)(make)
    return register


def bent(name, about, why, **more):
    """A scenario whose function bends the client's habits; then it walks. It may return arguments of the walk."""
    def register(act):
        def make():
            c = Client(features=more.get("features", ("onboarding", "payment")))
            return c.walk(**(act(c) or {}))
        return scenario(name, about, why, **more)(make)
    return register


def on(op, change, only=None):
    """An on_request hook: bends the sends of the operations named (None: all); `only`: the first so many, or one's number in a list."""
    seen = [0]
    names = op.split() if op else None

    def hook(req):
        if names is None or req["op"] in names:
            seen[0] += 1
            if only is None or (isinstance(only, int) and seen[0] <= only) or (isinstance(only, list) and seen[0] in only):
                change(req)
    return hook


def set_header(name, value):
    """A change for `on`: one header set (None: taken away)."""
    def change(req):
        req["headers"] = [h for h in req["headers"] if h[0].lower() != name.lower()]
        if value is not None:
            req["headers"].append((name, value))
    return change


def add_header(name, value=None):
    """A change for `on`: one header more; without a value, the one that is there a second time."""
    def change(req):
        same = [v for n, v in req["headers"] if n.lower() == name.lower()]
        req["headers"].append((name, value if value is not None else same[0]))
    return change
