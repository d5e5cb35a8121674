"""Request validation: headers, keys, fields, filters, and the error code of each refusal."""

import re
from decimal import Decimal, InvalidOperation

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
VAT = re.compile(r"(DK|FI)[0-9]{8}\Z")
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\Z")
BRAND = re.compile(r"(MPPOS|POSDK|POSFI)[0-9A-Za-z]{5}\Z")
LOCATION = re.compile(r"[0-9A-Za-z]{5}\Z")
CURRENCIES = ("DKK", "EUR")
DELAYS = ("None", "LessThan24Hours", "LessThan14Days")
BEACONS = ("QR", "NFC", "Bluetooth")
MEDIA = re.compile(r"(application/([\w.*-]+\+)?json|text/json|application/json-patch\+json)\s*(;.*)?\Z", re.I)


class Refused(Exception):
    """An error response: the status and, if documented, the error code."""

    def __init__(self, status, code=None, message="The request is refused"):
        super().__init__(f"{status}/{code}")
        self.status, self.code, self.message = status, code, message


def valid_text(text):
    """The valid characters: printable ASCII and the printable upper half of Latin-1."""
    return all(" " <= c <= "~" or "\u00a1" <= c <= "\u00ff" for c in text)


def is_guid(value):
    return isinstance(value, str) and GUID.match(value) is not None


def text(body, name, code, longest=36, required=True):
    value = body.get(name)
    if not required and value in (None, ""):
        return None
    if not isinstance(value, str) or not value or len(value) > longest or not valid_text(value):
        raise Refused(400, code, f"{name} is not valid")
    return value


def guid(body, name, code="1099"):
    value = body.get(name)
    if not is_guid(value):
        raise Refused(400, code, f"{name} is not a GUID")
    return value.lower()


def choice(body, name, among, code="1099"):
    value = body.get(name)
    if value not in among or not isinstance(value, str):
        raise Refused(400, code, f"{name} is none of {', '.join(among)}")
    return value


def amount(body):
    """An exact amount. Numeric strings are accepted, since real clients send them."""
    value = body.get("amount")
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise Refused(400, "1102", "amount is not a number")
    if isinstance(value, str) and not re.match(r"[0-9]+(\.[0-9]+)?\Z", value):
        raise Refused(400, "1102", "amount is not a number")
    try:
        value = Decimal(value)
        exact = value.quantize(Decimal("0.01"))
    except InvalidOperation:
        raise Refused(400, "1102", "amount is out of range") from None
    if value <= 0 or exact != value:
        raise Refused(400, "1102", "amount is not positive with at most two decimals")
    return exact


def flag(body, name, default=False):
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise Refused(400, "1099", f"{name} is not true or false")
    return value


def restrictions(body):
    value = body.get("restrictions")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Refused(400, "1099", "restrictions is not an object")
    return {name: flag(value, name) for name in ("debitCardDisallowed", "creditCardDisallowed")}


def terms(body):
    """The common fields of InitiatePayment and PaymentReady."""
    return {"amount": amount(body), "currencyCode": choice(body, "currencyCode", CURRENCIES),
            "plannedCaptureDelay": choice(body, "plannedCaptureDelay", DELAYS),
            "merchantPaymentLabel": text(body, "merchantPaymentLabel", "1117", required=False),
            "restrictions": restrictions(body)}


def new_pos(body):
    beacon = body.get("beaconId")
    if beacon is not None and not (is_guid(beacon) or isinstance(beacon, str)
                                   and re.match(r"[0-9]{15}\Z", beacon)):
        raise Refused(400, "1100", "beaconId is neither a GUID nor 15 digits")
    kinds = body.get("supportedBeaconTypes")
    if (not isinstance(kinds, list) or not kinds or any(k not in BEACONS for k in kinds)
            or len(set(kinds)) != len(kinds)):
        raise Refused(400, "1099", "supportedBeaconTypes is not a set of QR, NFC, Bluetooth")
    return {"merchantPosId": text(body, "merchantPosId", "1111"), "name": text(body, "name", "1112"),
            "callbackAlias": text(body, "callbackAlias", "1116", required=False),
            "storeId": guid(body, "storeId"), "beaconId": beacon, "supportedBeaconTypes": kinds,
            "requirePaymentBeforeCheckin": flag(body, "requirePaymentBeforeCheckin")}


def key(headers):
    keys = headers.get_all("x-mobilepay-idempotency-key") or []
    if not keys or not keys[0].strip() and len(keys) == 1:
        raise Refused(400, "1164", "the idempotency key is missing")
    if len(keys) > 1:
        raise Refused(400, "1163", "the idempotency key is there twice")
    if len(keys[0]) > 36 or not valid_text(keys[0]):
        raise Refused(400, "1162", "the idempotency key is not valid")
    return keys[0].lower()


def merchant(headers, claims):
    """The merchant's VAT number, from the header or the claim; both must agree."""
    vats = headers.get_all("x-mobilepay-merchant-vat-number") or []
    versions = headers.get_all("x-mobilepay-client-system-version") or []
    claimed = claims.get("merchant_vat")
    if len(vats) > 1:
        raise Refused(400, "1155", "the VAT number header is there twice")
    if len(versions) > 1:
        raise Refused(400, "1157", "the version header is there twice")
    if claimed is not None and not VAT.match(claimed):
        raise Refused(400, "1182", "the token's merchant_vat claim is not valid")
    if not vats and claimed is None:
        raise Refused(400, "1151", "the VAT number header is missing")
    if not versions:
        raise Refused(400, "1153", "the version header is missing")
    if vats and (not VAT.match(vats[0]) or claimed not in (None, vats[0])):
        raise Refused(400, "1159", "the VAT number header is not valid")
    if not VERSION.match(versions[0]):
        raise Refused(400, "1161", "the version header is not Major.Minor.Build")
    return vats[0] if vats else claimed
