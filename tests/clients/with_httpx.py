"""A token, GetStores and CreatePos with `httpx`, set up by its own environment variables alone."""

import json
import os

import httpx


def main():
    with httpx.Client(timeout=20) as client:
        answer = client.post(
            os.environ["TOKEN_URL"],
            data={"grant_type": "client_credentials", "merchant_vat": "DK90000028"},
            auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]),
        )
        answer.raise_for_status()
        headers = {
            "Authorization": "Bearer " + answer.json()["access_token"],
            "x-mobilepay-client-system-version": "2.1.1",
        }
        base = os.environ["BASE_URL"]
        stores = client.get(
            base + "/stores",
            params={"merchantBrandId": "MPPOSCERT1", "merchantLocationId": "00001"},
            headers=headers,
        )
        stores.raise_for_status()
        store_id = stores.json()["storeIds"][0]
        body = {
            "merchantPosId": os.environ["NONCE"],
            "storeId": store_id,
            "name": "Kasse 2",
            "supportedBeaconTypes": ["QR", "NFC"],
            "beaconId": None,
        }

        def pieces():
            # An iterator has no length: httpx sends it chunked.
            text = json.dumps(body).encode()
            yield text[:20]
            yield text[20:]

        pos = client.post(
            base + "/pointofsales",
            content=pieces(),
            headers={
                **headers,
                "Content-Type": "application/json",
                "X-Mobilepay-Idempotency-Key": os.environ["NONCE"],
            },
        )
        pos.raise_for_status()
        print(json.dumps({"storeId": store_id, "posId": pos.json()["posId"]}))


main()
