"""A client that openapi-python-client has generated: every operation of its description once, with nothing added but ids.

PYTHONPATH holds the generated package `pos_client`; BASE_URL ends in /pos/v10. Names of modules and parameters are the
generator's, so the package of another description of this API runs here too.
"""

import builtins
import importlib
import inspect
import os
import pkgutil
import ssl
import time
import typing
import uuid

import pos_client.api
import pos_client.types
from pos_client import AuthenticatedClient, Client

ORIGIN = os.environ["BASE_URL"].removesuffix("/pos/v10")
CONTEXT = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
PHONE = "+4520031801"
done = []


# The generator forgets to import this where a body is optional.
builtins.Unset = pos_client.types.Unset


def modules():
    found = {}
    for package in pkgutil.iter_modules(pos_client.api.__path__, "pos_client.api."):
        inner = importlib.import_module(package.name)
        for module in pkgutil.iter_modules(inner.__path__, package.name + "."):
            found[module.name.rsplit(".", 1)[1]] = importlib.import_module(module.name)
    return found


MODULES = modules()


def call(operation, *path, body=None, token=None, expected=200, **query):
    """Calls an operation; its answer as the generated class, checked for its status."""
    module = MODULES[operation]
    given = dict(query)
    parameters = inspect.signature(module.sync_detailed).parameters
    for name in parameters:
        if name == "authorization":
            given[name] = f"Bearer {token}"
        elif "vat_number" in name:
            given[name] = "DK90000028"
        elif "system_version" in name:
            given[name] = "2.1.0"
        elif "idempotency_key" in name:
            given[name] = str(uuid.uuid4())
        elif name == "body" and body is not None:
            hint = typing.get_type_hints(module.sync_detailed)["body"]
            kinds = [kind for kind in typing.get_args(hint) or [hint] if hasattr(kind, "from_dict")]
            given[name] = kinds[0].from_dict(body)
    common = {"base_url": ORIGIN, "verify_ssl": CONTEXT, "raise_on_unexpected_status": True, "timeout": 20}
    client = AuthenticatedClient(token=token, **common) if token else Client(**common)
    ids = [value if isinstance(value, uuid.UUID) else uuid.UUID(str(value)) for value in path]
    answer = module.sync_detailed(*ids, client=client, **given)
    assert answer.status_code == expected, (operation, answer.status_code, answer.content)
    done.append(operation)
    return answer.parsed


def fetch_token():
    form = {"grant_type": "client_credentials", "client_id": os.environ["CLIENT_ID"], "client_secret": os.environ["CLIENT_SECRET"]}
    if "get_token" in MODULES:
        return call("get_token", body=form).access_token
    import httpx  # A description of the API alone leaves the token endpoint out.

    answer = httpx.post(f"{ORIGIN}/integrator-authentication/connect/token", data=form, verify=CONTEXT)
    return answer.raise_for_status().json()["access_token"]


def main():
    token = fetch_token()
    api = lambda operation, *path, **more: call(operation, *path, token=token, **more)
    stores = api("get_stores", merchant_brand_id="MPPOSCERT1", merchant_location_id="00001").store_ids
    api("get_detailed_stores")
    api("get_store", stores[0])
    pos = {"merchantPosId": "generated", "storeId": str(stores[0]), "name": "Kasse 7", "supportedBeaconTypes": ["QR"]}
    pos_id = api("create_pos", body=pos).pos_id
    assert api("get_pos_with_filter", merchant_pos_id="generated").pos_ids == [pos_id]
    beacon = str(api("get_pos", pos_id).beacon_id)
    simulate = lambda act, body: call(f"user_simulation_{act}", body=body, token=token)
    money = {"currencyCode": "DKK", "plannedCaptureDelay": "None"}

    def order(amount=None):
        return {"posId": str(pos_id), "orderId": str(uuid.uuid4())} | ({"amount": amount, **money} if amount else {})

    # A payment that the customer accepts.
    simulate("checkin", {"beaconId": beacon, "phoneNumber": PHONE})
    api("get_check_in", pos_id)
    payment = api("initiate_payment", body=order(12.5)).payment_id
    assert api("query_payment_ids", pos_id=pos_id).payment_ids == [payment]
    simulate("accept_payment", {"beaconId": beacon, "phoneNumber": PHONE})
    seen = api("query_payment", payment)
    assert seen.status == "Reserved" and seen.amount == 12.5, seen
    api("capture_payment", payment, body={"amount": 12.5})
    # One that is prepared, made ready and cancelled, and one that the customer cancels.
    prepared = api("prepare_payment", body=order()).payment_id
    api("payment_ready", prepared, body={"amount": 7, **money})
    api("cancel_payment", prepared)
    cancelled = api("initiate_payment", body=order(3)).payment_id
    simulate("checkin", {"beaconId": beacon, "phoneNumber": PHONE})
    simulate("cancel_payment", {"beaconId": beacon})
    assert api("query_payment", cancelled).status == "CancelledByUser"
    # Two refunds: one carried out, one cancelled.
    refunds = []
    for _ in range(2):
        body = {"paymentId": str(payment), "refundOrderId": str(uuid.uuid4()), "amount": 2.25, "currencyCode": "DKK"}
        refunds.append(api("create_refund", body=body).refund_id)
    while api("get_refund", refunds[0]).status != "Reserved":
        time.sleep(0.15)
    assert api("query_refund_ids", payment_id=payment).refund_ids == refunds
    api("capture_refund", refunds[0])
    api("cancel_refund", refunds[1])
    api("delete_pos", pos_id)
    never = set(MODULES) - set(done)
    assert not never, f"never called: {never}"
    print(len(done), "calls of", len(set(done)), "operations")


main()
