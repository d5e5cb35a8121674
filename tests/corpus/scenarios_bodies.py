"""ALL-18 and ALL-19: bodies, on both sides of every documented line of shape, length, set and number."""
import json

from expect import then
from traffic import guid

AMOUNT_WHY = "amounts positive with at most two decimals"


def pos(title, why, ok=False, shoulds="", **fields):
    """A PoS of its own whose body is bent; None in `without` takes a field away."""
    @then(title, "ALL-19" if shoulds else "ALL-18", why, musts="" if ok or shoulds else "ALL-18", shoulds=shoulds, hits="CreatePos",
          free="ONB-03")
    def _(c):
        body = dict(c.pos_body(), merchantPosId="Till 6", beaconId="100000000000024")
        body.update(fields)
        body = {k: v for k, v in body.items() if v != "absent"}
        c.call("GET", "/pointofsales", query={"merchantPosId": str(body.get("merchantPosId"))})
        c.get_pos(c.call("POST", "/pointofsales", body, c.new_key()).get("posId"))


pos("all18-pos-without-name", "required fields", name="absent")
pos("all18-pos-without-store", "required fields", storeId="absent")
pos("all18-pos-store-not-a-guid", "types: storeId is a GUID", storeId="store-1")
pos("all18-pos-name-36", "lengths: name (<= 36)", ok=True, name="n" * 36)
pos("all18-pos-name-37", "lengths: name (<= 36)", name="n" * 37)
pos("all18-pos-merchant-id-36", "lengths: merchantPosId (<= 36)", ok=True, merchantPosId="m" * 36)
pos("all18-pos-merchant-id-37", "lengths: merchantPosId (<= 36)", merchantPosId="m" * 37)
pos("all18-pos-name-36-accented", "character set and lengths count characters, not bytes: 36 accented letters",
    ok=True, name="\u00e6\u00f8\u00e5" * 12)
pos("all18-pos-name-cyrillic", "character set", name="\u041a\u0430\u0441\u0441\u0430 1")
pos("all18-pos-alias-37", "lengths: callbackAlias (<= 36)", callbackAlias="a" * 37)
pos("all18-pos-no-beacon-types", "supportedBeaconTypes: a non-empty set", supportedBeaconTypes=[])
pos("all18-pos-old-beacon-type", "enumerations: the older BluetoothMP1..4 fail certification", supportedBeaconTypes=["QR", "BluetoothMP1"])
pos("all18-pos-all-beacon-types", "enumerations: QR, NFC, Bluetooth", ok=True, supportedBeaconTypes=["Bluetooth", "NFC", "QR"])
pos("all18-pos-same-type-twice", "supportedBeaconTypes: a set", supportedBeaconTypes=["QR", "QR"])
pos("all18-pos-beacon-10-digits", "beaconId: GUID or 15 digits", beaconId="1234567890")
pos("all18-pos-beacon-16-digits", "beaconId: GUID or 15 digits", beaconId="1234567890123456")
pos("all18-pos-flag-as-text", "types: requirePaymentBeforeCheckin is a bool", requirePaymentBeforeCheckin="false")
pos("all18-pos-flag", "types: requirePaymentBeforeCheckin is a bool", ok=True, requirePaymentBeforeCheckin=True)
pos("all19-pos-unknown-field", "no undocumented fields", shoulds="ALL-19", location="hall")


def payment(name, why, ok=False, shoulds="", amount=80, **fields):
    """A payment whose body is bent and which is cancelled afterwards. `amount` may be a text that goes out as it stands."""
    @then(name, "ALL-19" if shoulds else "ALL-18", why, musts="" if ok or shoulds else "ALL-18", shoulds=shoulds, hits="InitiatePayment")
    def _(c):
        body = dict(c.payment_body("@@"), **fields)
        body = {k: v for k, v in body.items() if v != "absent"}
        text = json.dumps(body, ensure_ascii=False).replace('"@@"', str(amount))
        c.cancel(c.initiate(body=text).get("paymentId"))


payment("all18-amount-1-decimal", AMOUNT_WHY, ok=True, amount="12.5")
payment("all18-amount-2-decimals", AMOUNT_WHY, ok=True, amount="0.01")
payment("all18-amount-3-decimals", AMOUNT_WHY, amount="12.505")
payment("all18-amount-trailing-zeros", "trailing zeros do not count", ok=True, amount="12.5000")
payment("all18-amount-float-noise", "amounts times 100 with float noise", amount="1998.9999999999998")
payment("all18-amount-exponent-of-3-decimals", AMOUNT_WHY, amount="12505e-3")
payment("all18-amount-zero", AMOUNT_WHY, amount="0.00")
payment("all18-amount-negative", AMOUNT_WHY, amount="-5")
payment("all18-amount-null", "required fields, types", amount="null")
payment("all18-amount-word", "types", amount='"ten"')
payment("all19-amount-string", "numeric strings are seen and accepted", shoulds="ALL-19", amount='"12.50"')
payment("all18-order-36", "lengths: orderId (<= 36)", ok=True, orderId="o" * 36)
payment("all18-order-37", "lengths: orderId (<= 36)", orderId="o" * 37)
payment("all18-order-number", "types: orderId is a string", orderId=4711)
payment("all18-order-missing", "required fields", orderId="absent")
payment("all18-order-chinese", "character set", orderId="\u8ba2\u5355-1")
payment("all18-order-punctuation", "character set: ASCII punctuation, Western European letters", ok=True, orderId="#1/2 (\u00fc\u00df\u00e9)")
payment("all18-label-37", "lengths: merchantPaymentLabel (<= 36)", merchantPaymentLabel="l" * 37)
payment("all18-label-36", "lengths: merchantPaymentLabel (<= 36)", ok=True, merchantPaymentLabel="l" * 36)
payment("all18-currency-sek", "enumerations: DKK, EUR", currencyCode="SEK")
payment("all18-currency-lower-case", "enumerations: DKK, EUR", currencyCode="dkk")
payment("all18-delay-unknown", "enumerations: None, LessThan24Hours, LessThan14Days", plannedCaptureDelay="Never")
payment("all18-delay-missing", "required fields", plannedCaptureDelay="absent")
payment("all18-delay-14-days", "enumerations: None, LessThan24Hours, LessThan14Days", ok=True, plannedCaptureDelay="LessThan14Days")
payment("all18-restriction-as-text", "types: debitCardDisallowed is a bool", restrictions={"debitCardDisallowed": "true"})
payment("all19-unknown-field", "no undocumented fields", shoulds="ALL-19", idempotencyKey=guid("stray"))


def raw(name, why, text):
    @then(name, "ALL-18", why, musts="ALL-18", hits="InitiatePayment", free="PAY-13 ALL-19 ALL-25")
    def _(c):
        c.call("POST", "/payments", text.replace("POS", c.pos), c.new_key())


raw("all18-no-json", "bodies are JSON objects", "posId=POS&amount=100")
raw("all18-list-instead-of-object", "bodies are JSON objects", '[{"posId": "POS"}]')
raw("all18-pos-id-null", "503 with no body taken as success and going on with null ids",
    '{"posId": null, "orderId": "n-1", "amount": 1, "currencyCode": "DKK", "plannedCaptureDelay": "None"}')


@then("all18-no-body", "ALL-18", "bodies are JSON objects of the documented shape", musts="ALL-18", hits="InitiatePayment", free="PAY-13")
def _(c):
    c.call("POST", "/payments", None, c.new_key())


@then("all18-capture-null", "ALL-18", "types (capture of amount null)", musts="ALL-18", hits="CapturePayment", free="PAY-03")
def _(c):
    pid = c.reserved(81)
    c.capture(pid, None)
    c.sleep(1200)
    c.poll(pid)
    c.capture(pid, 81)


@then("all18-capture-without-body", "ALL-18", "required fields", musts="ALL-18", hits="CapturePayment")
def _(c):
    pid = c.reserved(82)
    c.call("POST", "/payments/%s/capture" % pid)
    c.sleep(1200)
    c.poll(pid)
    c.capture(pid, 82)


@then("all19-body-on-cancel", "ALL-19", "no body where none is documented", shoulds="ALL-19")
def _(c):
    pid = c.initiate(83).get("paymentId")
    c.call("POST", "/payments/%s/cancel" % pid, {})


@then("all19-undocumented-query", "ALL-19", "no undocumented query parameters", shoulds="ALL-19")
def _(c):
    c.list_payments(posId=c.pos, limit="10")
