// A token, GetStores and CreatePos with Node's `fetch`, which knows no proxy by itself: the base URL alone.
const env = process.env;

async function call(address, options) {
  const answer = await fetch(address, { signal: AbortSignal.timeout(20_000), ...options });
  if (answer.status !== 200) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

const basic = Buffer.from(`${env.CLIENT_ID}:${env.CLIENT_SECRET}`).toString("base64");
const { access_token: token } = await call(env.TOKEN_URL, {
  method: "POST",
  headers: { Authorization: `Basic ${basic}` },
  body: new URLSearchParams({ grant_type: "client_credentials", merchant_vat: "DK90000028" }),
});
const headers = { Authorization: `Bearer ${token}`, "X-MobilePay-Client-System-Version": "2.1.1" };
const { storeIds } = await call(`${env.BASE_URL}/stores`, { headers });
const { posId } = await call(`${env.BASE_URL}/pointofsales`, {
  method: "POST",
  headers: { ...headers, "Content-Type": "application/json", "X-MobilePay-Idempotency-Key": env.NONCE },
  body: JSON.stringify({
    merchantPosId: env.NONCE,
    storeId: storeIds[0],
    name: "Kasse 5",
    supportedBeaconTypes: ["QR"],
  }),
});
console.log(JSON.stringify({ storeId: storeIds[0], posId }));
