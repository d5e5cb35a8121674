"""The backend's state: stores, points of sale and payments, and their transitions."""

import threading
import time
import uuid
from decimal import Decimal

import checks
from checks import Refused

STORES = {
    "9d0a9c45-1793-4e82-9410-b0ee6779ab60": ("DK90000028", "00001", "Certification store", "DK"),
    "5b1f7a3e-2c64-4c0d-8d1b-7f0e5a9c2d11": ("FI90000040", "00001", "Sertifiointikauppa", "FI")}
ACTIVE = ("Prepared", "Paired", "Initiated", "IssuedToUser")
INACTIVE_AFTER, RESERVED_FOR = 600.0, 7 * 86400.0


def new_id():
    return str(uuid.uuid4())


class BackendState:
    def __init__(self, poll_delay, partial=False):
        self.lock = threading.RLock()
        self.poll_delay, self.partial = poll_delay, partial
        self.poses, self.payments, self.refunds, self.keys = {}, {}, {}, {}
        self.low_balance = False

    # --- access control ---------------------------------------------------------------------------

    @staticmethod
    def own(thing, who, integrator_code, merchant_code):
        if thing["client"] != who["client"]:
            raise Refused(403, integrator_code, "made by another integrator")
        if thing["vat"] != who["vat"]:
            raise Refused(403, merchant_code, "of another merchant")

    def once(self, who, key, operation, body, act):
        """A known key with the same request returns the first response again; with another request: 1306."""
        known = self.keys.get((who["client"], key))
        if known is not None:
            if known[:2] == (operation, body):
                return known[2]
            raise Refused(409, "1306", "the key was used for another request")
        answer = act()
        self.keys[(who["client"], key)] = (operation, body, answer)
        return answer

    # --- stores -----------------------------------------------------------------------------------

    def stores(self, who, query):
        brand, location = query.get("merchantBrandId"), query.get("merchantLocationId")
        if brand is not None and not checks.BRAND.match(brand):
            raise Refused(400, "1119", "merchantBrandId is not valid")
        if location is not None and not checks.LOCATION.match(location):
            raise Refused(400, "1120", "merchantLocationId is not valid")
        if (brand is None) != (location is None):
            raise Refused(400, "1122", "both filters or none")
        return [i for i, (vat, place, *_) in STORES.items() if vat == who["vat"]
                and (brand is None or (brand, location) == ("MPPOSCERT1", place))]

    def store(self, who, store_id):
        store = STORES.get(store_id)
        if store is None or store[0] != who["vat"]:
            raise Refused(404)
        _, location, name, _ = store
        return {"storeId": store_id, "storeName": name, "storeStreet": "Vestergade 1",
                "storeZipCode": "1456", "storeCity": "Copenhagen", "brandName": "Certification",
                "merchantBrandId": "MPPOSCERT1", "merchantLocationId": location}

    # --- points of sale ---------------------------------------------------------------------------

    def standing(self):
        return [p for p in self.poses.values() if not p["deleted"]]

    def create_pos(self, who, fields):
        store = STORES.get(fields["storeId"])
        if store is None:
            raise Refused(409, "1002", "no such store")
        if store[0] != who["vat"]:
            raise Refused(403, "1403", "a store of another merchant")
        beacon = fields["beaconId"] or new_id()
        own = [p for p in self.standing() if (p["client"], p["vat"]) == (who["client"], who["vat"])]
        if any(p["merchantPosId"] == fields["merchantPosId"] for p in own):
            raise Refused(409, "1200", "merchantPosId is taken")
        if any(p["beaconId"].lower() == beacon.lower() for p in self.standing()):
            raise Refused(409, "1202", "beaconId is taken")
        pos = {**fields, **who, "beaconId": beacon, "posId": new_id(), "deleted": False, "guest": None}
        self.poses[pos["posId"]] = pos
        return {"posId": pos["posId"]}

    def pos(self, who, pos_id, merchant_code="1410"):
        pos = self.poses.get(pos_id)
        if pos is not None:
            self.own(pos, who, "1400", merchant_code)
        if pos is None or pos["deleted"]:
            raise Refused(404)
        return pos

    def find_poses(self, who, query):
        if not any(query.get(n) for n in ("storeId", "beaconId", "merchantPosId")):
            raise Refused(400, "1121", "at least one filter is needed")
        if query.get("storeId") and not checks.is_guid(query["storeId"]):
            raise Refused(400, "1099", "storeId is not a GUID")
        return [p["posId"] for p in self.standing()
                if (p["client"], p["vat"]) == (who["client"], who["vat"])
                and all(not query.get(n) or p[n].lower() == query[n].lower() for n in ("storeId", "beaconId"))
                and (not query.get("merchantPosId") or p["merchantPosId"] == query["merchantPosId"])]

    def delete_pos(self, who, pos_id):
        pos = self.poses.get(pos_id)
        if pos is None:
            raise Refused(404)
        self.own(pos, who, "1400", "1409")
        pos["deleted"] = True

    def loyalty(self, guest):
        """The look-up is delayed: the first response after the check-in lacks it."""
        if guest is None:
            return None
        guest["asked"] += 1
        return guest["loyaltyIds"] if guest["asked"] > 1 else None

    # --- payments ---------------------------------------------------------------------------------

    def age(self, payment):
        """Applies the timeouts of a payment."""
        idle = time.monotonic() - payment["touched"]
        if payment["status"] in ("Prepared", "Initiated", "IssuedToUser") and idle > INACTIVE_AFTER:
            self.move(payment, "CancelledByMobilePay")
        elif payment["status"] == "Reserved" and idle > RESERVED_FOR:
            self.move(payment, "ExpiredAndCancelled")
        return payment

    def move(self, payment, status):
        was, payment["status"], payment["touched"] = payment["status"], status, time.monotonic()
        if was in ACTIVE and status not in ACTIVE:
            self.poses[payment["posId"]]["guest"] = None

    def active_on(self, pos_id):
        return next((p for p in self.payments.values()
                     if p["posId"] == pos_id and self.age(p)["status"] in ACTIVE), None)

    def start_payment(self, who, fields, prepared):
        pos = self.poses.get(fields["posId"])
        if pos is not None:
            self.own(pos, who, "1400", "1400")
        if pos is None or pos["deleted"]:
            raise Refused(409, "1000", "no such PoS")
        if self.active_on(pos["posId"]) is not None:
            raise Refused(409, "1301", "a payment is active on this PoS")
        here = pos["guest"] is not None
        status = ("Paired" if here else "Prepared") if prepared else ("IssuedToUser" if here else "Initiated")
        payment = {**fields, **who, "paymentId": new_id(), "status": status, "prepared": prepared,
                   "terms": None, "captured": None, "captured_at": None, "partial": False,
                   "guest": pos["guest"], "touched": time.monotonic()}
        self.payments[payment["paymentId"]] = payment
        return {"paymentId": payment["paymentId"]}

    def payment(self, who, payment_id, merchant_code):
        payment = self.payments.get(payment_id)
        if payment is None:
            raise Refused(404)
        self.own(payment, who, "1401", merchant_code)
        return self.age(payment)

    def show_payment(self, payment):
        shown = {n: payment[n] for n in ("paymentId", "posId", "orderId", "status")}
        for name in ("amount", "currencyCode", "plannedCaptureDelay", "merchantPaymentLabel", "restrictions"):
            if payment.get(name) is not None:
                shown[name] = payment[name]
        loyalty = self.loyalty(payment["guest"])
        if loyalty is not None:
            shown["loyaltyIds"] = loyalty
            shown["customerToken"], shown["customerReceiptToken"] = payment["guest"]["token"], ""
        if payment["status"] == "Reserved":
            shown["partialCapturePossible"] = payment["partial"]
        return {**shown, "pollDelayInMs": self.poll_delay}

    def find_payments(self, who, query):
        pos_id, order, state = query.get("posId"), query.get("orderId"), query.get("state")
        if state not in (None, "Captured"):
            raise Refused(400, "1099", "state may only be Captured")
        if not pos_id and not order:
            raise Refused(400, "1109", "posId or orderId is needed")
        if pos_id and not checks.is_guid(pos_id):
            raise Refused(400, "1099", "posId is not a GUID")
        wanted = ("Captured",) if state else (*ACTIVE, "Reserved")
        return [p["paymentId"] for p in self.payments.values()
                if (p["client"], p["vat"]) == (who["client"], who["vat"])
                and self.age(p)["status"] in wanted
                and (not pos_id or p["posId"] == pos_id.lower()) and (not order or p["orderId"] == order)]

    def ready(self, payment, terms):
        if payment["prepared"] and payment["terms"] == terms and not payment["status"].startswith("Cancelled"):
            return
        if payment["status"] not in ("Prepared", "Paired"):
            raise Refused(409, "1303", "the payment is not prepared")
        payment.update(terms, terms=terms)
        self.move(payment, "Initiated" if payment["status"] == "Prepared" else "IssuedToUser")

    def capture(self, payment, amount):
        if payment["status"] == "Captured":
            if payment["captured"] != amount:
                raise Refused(409, "1307", "captured with another amount")
            return
        if payment["status"] != "Reserved":
            raise Refused(409, "1304", "not reserved")
        if amount > payment["amount"]:
            raise Refused(409, "1305", "more than is reserved")
        if amount < payment["amount"] and not payment["partial"]:
            raise Refused(409, "1308", "partial capture is not possible")
        payment["captured"], payment["captured_at"] = amount, time.monotonic()
        self.move(payment, "Captured")

    def cancel(self, payment):
        if payment["status"] == "CancelledByClient":
            return
        if payment["status"] not in (*ACTIVE, "Reserved"):
            raise Refused(409, "1300", "not cancellable now")
        self.move(payment, "CancelledByClient")


def total(amounts):
    return sum(amounts, Decimal(0))
