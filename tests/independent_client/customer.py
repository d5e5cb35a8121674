"""The simulated customers: their accounts and their actions."""

import threading
import time
import uuid

from checks import Refused

# phone number -> (card, loyalty ids, partial capture possible)
PEOPLE = {}
for _prefix in ("+4520031", "+358200318"):
    _last = "80{}" if _prefix == "+4520031" else "00{}"
    PEOPLE[_prefix + _last.format(1)] = ("credit", [], False)
    PEOPLE[_prefix + _last.format(2)] = ("debit", [], False)
    PEOPLE[_prefix + _last.format(3)] = ("credit", [], False)
    PEOPLE[_prefix + _last.format(4)] = ("credit", ["LOYAL-4711"], False)
    PEOPLE[_prefix + _last.format(5)] = ("credit", [], True)


class Customers:
    def __init__(self, backend_state):
        self.backend_state = backend_state

    def _pos(self, body):
        beacon = body.get("beaconId")
        for pos in self.backend_state.standing():
            if isinstance(beacon, str) and pos["beaconId"].lower() == beacon.lower():
                return pos
        raise Refused(404, None, "no such beacon")

    def _person(self, body):
        phone = body.get("phoneNumber")
        if phone not in PEOPLE:
            raise Refused(400, "1099", "no such customer")
        return phone

    def check_in(self, body):
        pos, phone = self._pos(body), self._person(body)
        payment = self.backend_state.active_on(pos["posId"])
        if pos["requirePaymentBeforeCheckin"] and payment is None:
            raise Refused(409, None, "no check-in before there is a payment")
        if payment is not None and payment["guest"] is not None and payment["guest"]["phone"] != phone:
            raise Refused(409, None, "another customer is about to pay here")
        pos["guest"] = {"phone": phone, "asked": 0, "loyaltyIds": PEOPLE[phone][1], "token": uuid.uuid4().hex}
        if payment is not None and payment["guest"] is None:
            payment["guest"] = pos["guest"]
            self.backend_state.move(payment, {"Prepared": "Paired", "Initiated": "IssuedToUser"}.get(
                payment["status"], payment["status"]))

    def accept(self, body):
        pos, phone = self._pos(body), self._person(body)
        payment = self.backend_state.active_on(pos["posId"])
        if payment is None or payment["status"] != "IssuedToUser" or payment["guest"]["phone"] != phone:
            raise Refused(409, None, "no payment waits for this customer")
        card, _, partial = PEOPLE[phone]
        refused = (payment["restrictions"] or {}).get(f"{card}CardDisallowed", False)
        payment["partial"] = partial
        self.backend_state.move(payment, "CancelledByMobilePay" if refused else "Reserved")

    def cancel(self, body):
        payment = self.backend_state.active_on(self._pos(body)["posId"])
        if payment is None or payment["status"] not in ("Paired", "IssuedToUser"):
            raise Refused(409, None, "no payment that the customer could cancel")
        self.backend_state.move(payment, "CancelledByUser")

    def come_by_themselves(self, phone, pause, what):
        """A customer who checks in to any waiting payment by itself, and accepts or cancels it."""
        def live():
            while True:
                time.sleep(pause)
                with self.backend_state.lock:
                    for pos in self.backend_state.standing() if what == "early" else ():
                        if pos["guest"] is None and self.backend_state.active_on(pos["posId"]) is None:
                            self.check_in({"beaconId": pos["beaconId"], "phoneNumber": phone})
                    for payment in list(self.backend_state.payments.values()):
                        beacon = {"beaconId": self.backend_state.poses[payment["posId"]]["beaconId"], "phoneNumber": phone}
                        if time.monotonic() - payment["touched"] < pause:
                            continue
                        if payment["status"] in ("Prepared", "Initiated"):
                            self.check_in(beacon)
                        elif payment["status"] == "IssuedToUser":
                            (self.cancel if what == "cancel" else self.accept)(beacon)
        if what != "none":
            threading.Thread(target=live, daemon=True).start()
