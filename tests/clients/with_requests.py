"""A token, GetStores and CreatePos with `requests`, set up by its own environment variables alone."""

import json
import os

import requests

HEADERS = {
    "x-ibm-client-id": os.environ["CLIENT_ID"],
    "X-MobilePay-Client-System-Version": "2.1.1",
    "X-MobilePay-Merchant-VAT-Number": "DK90000028",
}


def main():
    session = requests.Session()
    form = {"grant_type": "client_credentials", "merchant_vat": "DK90000028"}
    client = (os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    answer = session.post(os.environ["TOKEN_URL"], data=form, auth=client, timeout=20)
    answer.raise_for_status()
    session.headers.update(HEADERS)
    session.headers["Authorization"] = "Bearer " + answer.json()["access_token"]
    base = os.environ["BASE_URL"]
    stores = session.get(base + "/stores", timeout=20)
    stores.raise_for_status()
    store_id = stores.json()["storeIds"][0]
    pos = session.post(
        base + "/pointofsales",
        json={
            "merchantPosId": os.environ["NONCE"],
            "storeId": store_id,
            "name": "Kasse ét",
            "supportedBeaconTypes": ["QR"],
        },
        headers={"X-MobilePay-Idempotency-Key": os.environ["NONCE"]},
        timeout=20,
    )
    pos.raise_for_status()
    print(json.dumps({"storeId": store_id, "posId": pos.json()["posId"]}))


main()
