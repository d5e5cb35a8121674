"""ALL-01 to ALL-10 and ALL-20 to ALL-29: wire, headers, tokens, versions, paths.

Each requirement gets wrong clients that differ in kind (everywhere or once, absent or malformed or double),
and right ones just inside the line.
"""
from client import BASE
from expect import add_header, bent, on, set_header, then
from traffic import guid

VERSION, VAT = "x-mobilepay-client-system-version", "x-mobilepay-merchant-vat-number"
KEY = "x-mobilepay-idempotency-key"
OTHER_ID = "00000000-1111-4222-8333-444444444444"
EVERYTHING = "CreatePos InitiatePayment"


def http(version):
    return lambda req: req.update(http=version)


# -- ALL-02 ---------------------------------------------------------------------------------------------

@bent("all02-http-10-throughout", "ALL-02", "HTTP/1.1 or newer", musts="ALL-02", hits=EVERYTHING)
def _(c):
    c.traffic.http = "HTTP/1.0"


@bent("all02-http-10-on-one-poll", "ALL-02", "HTTP/1.1 or newer (must, every call)", musts="ALL-02", hits="QueryPayment")
def _(c):
    c.on_request = on("QueryPayment", http("HTTP/1.0"), [3])


# -- ALL-03 ---------------------------------------------------------------------------------------------

def authorization(name, value, why):
    @then("all03-" + name, "ALL-03", why, musts="ALL-03", hits="GetPos")
    def _(c):
        c.on_request = on("GetPos", value, 1)
        c.get_pos()


authorization("none", set_header("Authorization", None), "every call carries exactly one `Authorization: Bearer`")
authorization("basic", set_header("Authorization", "Basic Y2xpZW50OnNlY3JldA=="), "`Authorization: Bearer` with a token")
authorization("empty", set_header("Authorization", "Bearer "), "`Authorization: Bearer` with a token")
authorization("twice", add_header("Authorization"), "exactly one; sent twice is wrong even if equal")


@then("all03-none-on-initiate", "ALL-03", "every call carries exactly one `Authorization: Bearer` with a token",
      musts="ALL-03", hits="InitiatePayment")
def _(c):
    c.on_request = on("InitiatePayment", set_header("Authorization", None), 1)
    c.pay(31)


# -- ALL-04, ALL-05 -------------------------------------------------------------------------------------

def version(name, change, why, op="CapturePayment", musts="ALL-04", **more):
    @bent(name, musts or "ALL-05", why, musts=musts, hits=op, **more)
    def _(c):
        c.on_request = on(op, change, [2])


version("all04-missing-once", set_header(VERSION, None), "every call carries exactly one client system version header")
version("all04-twice-equal", add_header(VERSION), "two fail, equal or not")
version("all04-twice-different", add_header(VERSION, "9.9.9"), "two fail, equal or not", free="ALL-05")
version("all04-two-numbers", set_header(VERSION, "1.2"), "well-formed: Major.Minor.Build, three numbers", op="GetPos")
version("all04-four-numbers", set_header(VERSION, "1.2.3.4"), "well-formed: Major.Minor.Build, three numbers")
version("all04-letters", set_header(VERSION, "1.2.3-beta"), "well-formed: Major.Minor.Build, three numbers")
version("all04-leading-v", set_header(VERSION, "v1.2.3"), "well-formed: Major.Minor.Build, three numbers", op="QueryPayment")
version("all05-other-minor-once", set_header(VERSION, "1.3.3"), "has the Major.Minor being certified", musts="ALL-05")
version("all05-other-major-once", set_header(VERSION, "2.2.3"), "has the Major.Minor being certified", op="DeletePos",
        musts="ALL-05")
version("all05-other-build-once", set_header(VERSION, "1.2.4"), "another Build is reported (not failed)", musts="")


@bent("all05-not-the-version-asked", "ALL-05", "that version has the Major.Minor being certified", musts="ALL-05",
      hits=EVERYTHING, args=("--client-version", "1.3.0"))
def _(c):
    pass


@bent("all05-same-minor-as-asked", "ALL-05", "another Build is reported", args=("--client-version", "1.2.77"))
def _(c):
    pass


@bent("all05-big-numbers", "ALL-04", "well-formed: Major.Minor.Build, three numbers", args=("--client-version", "10.20.300"))
def _(c):
    c.version = "10.20.300"


@bent("all05-prefix-is-not-equal", "ALL-05", "the Major.Minor being certified: 1.2 is not 1.20", musts="ALL-05", hits=EVERYTHING,
      args=("--client-version", "1.2.0"))
def _(c):
    c.version = "1.20.0"


# -- ALL-06 ---------------------------------------------------------------------------------------------

@bent("all06-neither-throughout", "ALL-06", "the VAT number comes by header or token claim", musts="ALL-06", hits=EVERYTHING)
def _(c):
    c.vat = None


def vat(name, change, why, op, claim=None):
    @bent("all06-" + name, "ALL-06", why, musts="ALL-06", hits=op)
    def _(c):
        if claim:
            c.claims["merchant_vat"] = claim
        c.on_request = on(op, change, [1])


vat("missing-once", set_header(VAT, None), "comes by header or token claim", "CapturePayment")
vat("without-country", set_header(VAT, "90000028"), "well-formed: DK or FI and 8 digits", "InitiatePayment")
vat("country-twice", set_header(VAT, "DKDK90000028"), "well-formed: DK or FI and 8 digits", "InitiatePayment")
vat("other-country", set_header(VAT, "SE90000028"), "well-formed: DK or FI and 8 digits", "DeletePos")
vat("seven-digits", set_header(VAT, "DK9000002"), "well-formed: DK or FI and 8 digits", "QueryPayment")
vat("disagrees-with-claim", set_header(VAT, "DK90000036"), "and the two agree", "CapturePayment", "DK90000028")
vat("header-twice", add_header(VAT), "A single-valued header sent twice is wrong even if equal", "CapturePayment")


@bent("all06-malformed-claim", "ALL-06", "header or token claim, well-formed", musts="ALL-06", hits=EVERYTHING)
def _(c):
    c.vat = None
    c.claims["merchant_vat"] = "DK900000280"


@bent("all06-finnish", "ALL-06", "well-formed: DK or FI and 8 digits")
def _(c):
    c.vat, c.currency = "FI90000040", "EUR"


@bent("all06-both-agree", "ALL-06", "by header or token claim, and the two agree")
def _(c):
    c.claims["merchant_vat"] = c.vat


# -- ALL-07, ALL-28 -------------------------------------------------------------------------------------

@bent("all07-not-a-guid", "ALL-07", "a client id header is present and a GUID", shoulds="ALL-07", free="ALL-28")
def _(c):
    c.client_id = "my-till"


@bent("all07-missing-once", "ALL-07", "a client id header is present", shoulds="ALL-07")
def _(c):
    c.on_request = on("QueryPayment", set_header("x-ibm-client-id", None), [2])


@bent("all28-not-the-one-asked", "ALL-28", "a client id header that is sent is the one being certified", musts="ALL-28",
      hits=EVERYTHING, args=("--client-id", OTHER_ID))
def _(c):
    pass


@bent("all28-other-once", "ALL-28", "a client id header that is sent is the one being certified", musts="ALL-28",
      hits="CapturePayment", args=("--client-id", "5d2f1b7c-3c1e-4c5a-9a55-0f2f1f8e2a10"))
def _(c):
    c.on_request = on("CapturePayment", set_header("x-ibm-client-id", OTHER_ID), [3])


@bent("all28-asked-in-other-case", "ALL-28", "GUIDs compare without case", args=("--client-id", "5D2F1B7C-3C1E-4C5A-9A55-0F2F1F8E2A10"))
def _(c):
    pass


@bent("all28-none-sent", "ALL-28 ALL-07", "a client id header that is sent (none is: ALL-07 warns)", shoulds="ALL-07",
      args=("--client-id", OTHER_ID))
def _(c):
    c.client_id = None
    c.claims = {}


# -- ALL-08 ---------------------------------------------------------------------------------------------

def key(name, change, why, op="InitiatePayment", musts="ALL-08", **more):
    @then("all08-" + name, "ALL-08", why, musts=musts, hits=op, **more)
    def _(c):
        c.on_request = on(op, change, 1)
        if op == "CreatePos":
            c.name = "Till 7"
            c.lookup_pos(), c.create_pos(), c.get_pos()
        else:
            c.pay(32)


key("missing", set_header(KEY, None), "creating calls carry exactly one valid idempotency key")
key("missing-on-pos", set_header(KEY, None), "creating calls carry exactly one valid idempotency key", op="CreatePos")
key("empty", set_header(KEY, ""), "valid: 1 to 36 valid characters")
key("37-characters", set_header(KEY, "k" * 37), "valid: 1 to 36 valid characters")
key("36-characters", set_header(KEY, "k" * 36), "valid: 1 to 36 valid characters", musts="")
key("1-character", set_header(KEY, "7"), "valid: 1 to 36 valid characters", op="CreatePos", musts="")
key("twice-equal", add_header(KEY), "exactly one; sent twice is wrong even if equal")
key("twice-different", add_header(KEY, "another"), "exactly one", op="CreatePos")
key("foreign-letters", set_header(KEY, "\u0436\u0434\u044b-1"), "valid characters: ASCII, Nordic and Western European")


# -- ALL-20, ALL-21 -------------------------------------------------------------------------------------

def stray(name, method, path, why, musts="ALL-20", hits="unknown", about="ALL-20", body=None, **more):
    @then(name, about, why, musts=musts, hits=hits, **more)
    def _(c):
        text = path.replace("POS", c.pos)
        c.send(method, text, body)
        c.sleep(1200)


stray("all20-undocumented-operation", "GET", "/pointofsales/POS/status", "only documented operations are called")
stray("all20-undocumented-method", "PUT", "/pointofsales/POS", "only documented operations are called")
stray("all20-undocumented-root", "GET", "/merchants", "only documented operations are called")
stray("all20-id-not-a-guid", "GET", "/pointofsales/4711", "an id in a path is a GUID", hits="GetPos", free="ALL-25")
stray("all20-empty-id", "POST", "/payments//cancel", "only documented operations are called; an id in a path is a GUID",
      free="ALL-25 PAY-04", verdicts={"onboarding": "any", "payment": "any"})
stray("all20-null-id", "GET", "/pointofsales/null/checkin", "an id in a path is a GUID", hits="GetCheckIn", free="ALL-25")
stray("all21-prepare-not-chosen", "POST", "/payments/prepare", "of the documented operations, only those of the chosen features "
      "are called", musts="ALL-21 ALL-08 ALL-18", hits="PreparePayment", about="ALL-21", free="ALL-19 PAY-13", body="{}")
stray("all21-refunds-not-chosen", "GET", "/refunds?paymentId=" + guid("some payment"), "only those of the chosen features are called",
      musts="ALL-21", hits="QueryRefundIds", about="ALL-21", free="ALL-25")


@then("all21-payment-with-onboarding-only", "ALL-21", "only those of the chosen features are called", musts="ALL-21",
      hits="QueryPaymentIds", features=("onboarding",))
def _(c):
    c.list_payments()


@then("all21-checkin-is-onboarding", "ALL-21", "onboarding: stores, PoS, check-in", features=("onboarding",))
def _(c):
    c.poll(c.pos, kind="pointofsales", tail="/checkin")
    c.call("GET", "/stores/detailed", query={"merchantBrandId": "MPPOSCERT1", "merchantLocationId": "00001"})


# -- ALL-22 to ALL-25 -----------------------------------------------------------------------------------

@then("all22-token-in-query", "ALL-22", "no credential stands in a URL", musts="ALL-22", hits="GetPos", free="ALL-19")
def _(c):
    c.call("GET", "/pointofsales/" + c.pos, query={"access_token": c.token})


@then("all22-user-and-password", "ALL-22", "no credential stands in a URL", musts="ALL-22", hits="GetPos", free="ALL-29")
def _(c):
    c.base = BASE.replace("https://", "https://till:secret@")
    c.get_pos()


@then("all22-secret-at-token-endpoint", "ALL-22", "Token endpoint: outside all rules but ALL-01, 02, 22 and 24",
      musts="ALL-22", hits="token", free="ALL-24")
def _(c):
    url = "https://127.0.0.1:8443/integrator-authentication/connect/token?client_id=%s&client_secret=hush" % c.client_id
    c.sleep(3500 * 1000)
    c.t = c.traffic.exchange(c.t, "POST", url, [("Content-Type", "application/x-www-form-urlencoded")],
                           "grant_type=client_credentials").end


@then("all23-refused-token-again", "ALL-23", "once 401 was received, no call carries the refused token", musts="ALL-23", hits="GetPos")
def _(c):
    c.be.refused_tokens.add(c.token)
    c.get_pos()
    c.sleep(500)
    c.get_pos()
    c.get_token()
    c.get_pos()


@then("all23-refused-token-elsewhere", "ALL-23", "no call carries the refused token", musts="ALL-23", hits="QueryPaymentIds")
def _(c):
    c.be.refused_tokens.add(c.token)
    c.get_pos()
    c.list_payments()
    c.get_token()
    c.get_pos(), c.list_payments()


@then("all23-new-token-after-401", "ALL-23 ALL-24", "once 401 was received, no call carries the refused token: a new one does")
def _(c):
    c.be.refused_tokens.add(c.token)
    c.get_pos()
    c.get_token()
    c.get_pos()
    c.pay(33)


@then("all24-new-token-when-old-ends", "ALL-24", "a token is used until it nears its end")
def _(c):
    c.sleep(3600 * 1000)
    c.get_token()
    c.pay(34)


@bent("all24-token-per-call-of-payment", "ALL-24", "not fetched per call", shoulds="ALL-24")
def _(c):
    send = c.send

    def with_token(method, path, *args, **more):
        if path.startswith("/payments"):
            c.get_token()
        return send(method, path, *args, **more)
    c.send = with_token


@then("all25-pos-of-its-own-making", "ALL-25", "ids come from the backend's answers", shoulds="ALL-25")
def _(c):
    c.get_pos(guid("made up"))


@then("all25-payment-of-its-own-making", "ALL-25", "ids come from the backend's answers", shoulds="ALL-25")
def _(c):
    c.poll(guid("made up payment"))


@bent("all25-store-by-configuration", "ALL-25", "(or, for a store, from configuration)")
def _(c):
    c.start = c.get_token


# -- ALL-29 ---------------------------------------------------------------------------------------------

@then("all29-cancel-to-other-path", "ALL-29", "all calls go to one base path", shoulds="ALL-29")
def _(c):
    pid = c.initiate(35).get("paymentId")
    c.base = BASE.replace("/pos/v10", "/pos-self-certification-api/pos/v10")
    c.cancel(pid)


@then("all29-old-prefix", "ALL-29", "all calls go to one base path", shoulds="ALL-29")
def _(c):
    c.base = BASE.replace("/pos/v10", "/api/v10")
    c.get_pos()


@bent("all29-another-path-throughout", "ALL-29", "An operation is recognised by what follows /v10/, whatever the prefix: one base path")
def _(c):
    c.base = BASE.replace("/pos/v10", "/v10")
