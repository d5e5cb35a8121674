"""The judge's results: failed, warned, left open, or one of several; and the feature verdicts computed from them."""

from ambiguous import AMBIGUOUS

FEATURES = ["onboarding", "payment", "prepared-payment", "refund", "loyalty", "payment-restrictions"]
SHOULDS = set("ALL-07 ALL-13 ALL-15 ALL-19 ALL-24 ALL-25 ALL-27 ALL-29 ALL-30 ONB-01 ONB-03 ONB-04 PAY-09 PAY-10 "
              "PAY-12 PAY-13 PAY-14 RES-03".split())
OWN = {"ONB": "onboarding", "NOT": "onboarding", "PRE": "prepared-payment", "REF": "refund", "LOY": "loyalty",
       "RES": "payment-restrictions"}
PAYMENT = {"InitiatePayment", "QueryPayment", "QueryPaymentIds", "CapturePayment", "CancelPayment"}
PREPARED = {"PreparePayment", "PaymentReady", "QueryPayment", "QueryPaymentIds", "CapturePayment", "CancelPayment"}
REFUND = {"CreateRefund", "GetRefund", "QueryRefundIds", "CaptureRefund", "CancelRefund"}
POS = {"GetStores", "GetStore", "GetDetailedStores", "CreatePos", "GetPos", "GetPosWithFilter", "DeletePos", "GetCheckIn"}
OPERATIONS_OF = {"onboarding": POS, "payment": PAYMENT, "prepared-payment": PREPARED, "refund": REFUND | PAYMENT,
                 "loyalty": PAYMENT | PREPARED, "payment-restrictions": PAYMENT}
CASE_COUNT = {"onboarding": 4, "payment": 7, "prepared-payment": 4, "refund": 3, "loyalty": 2, "payment-restrictions": 3}


def optional(case, features):
    return case in ("onboarding/4", "payment/7") or (
        case == "payment-restrictions/3" and "prepared-payment" not in features)


class Report:
    """Collects the results of a judge's rules on one timeline."""

    def __init__(self, features):
        self.features = features
        self.broken = {}            # requirement -> [(exchange numbers, reason)]
        self.unsure = {}            # requirement -> [(exchange numbers, ambiguity)]
        self.one_of = []            # (requirements of which at least one is broken, numbers, reason)
        self.cases = {}             # case -> (set of correct statuses, reason)

    def judged(self, requirement):
        own = OWN.get(requirement[:3])
        if own:
            return own in self.features
        return requirement[:3] != "PAY" or any(f != "onboarding" for f in self.features)

    def fail(self, requirement, exchanges, reason):
        if self.judged(requirement):
            self.broken.setdefault(requirement, []).append(([x.n for x in exchanges], reason))

    def open(self, requirement, exchanges, ambiguity):
        assert ambiguity in AMBIGUOUS, ambiguity
        if self.judged(requirement):
            self.unsure.setdefault(requirement, []).append(([x.n for x in exchanges], ambiguity))

    def either(self, requirements, exchanges, reason):
        self.one_of.append((set(requirements), [x.n for x in exchanges], reason))
        for requirement in requirements:
            self.open(requirement, exchanges, reason)

    def case(self, name, statuses, reason):
        self.cases[name] = (set(statuses.split()), reason)
