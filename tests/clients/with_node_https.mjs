// A token, GetStores and CreatePos with Node's `https` module; HTTPS_PROXY by CONNECT, as agents of the time do it.
import http from "node:http";
import https from "node:https";
import tls from "node:tls";

const env = process.env;

// A connection for one request: straight, or through the proxy's tunnel.
function connection(url) {
  const without = (env.NO_PROXY ?? "").split(",").includes(url.hostname);
  if (!env.HTTPS_PROXY || without) return Promise.resolve(undefined);
  const proxy = new URL(env.HTTPS_PROXY);
  const target = `${url.hostname}:${url.port || 443}`;
  return new Promise((resolve, reject) => {
    const connect = http.request({ host: proxy.hostname, port: proxy.port, method: "CONNECT", path: target });
    connect.on("connect", (answer, socket) => {
      if (answer.statusCode !== 200) return reject(new Error(`CONNECT: ${answer.statusCode}`));
      const isName = /[a-z]/i.test(url.hostname);
      resolve(tls.connect({ socket, host: url.hostname, ...(isName ? { servername: url.hostname } : {}) }));
    });
    connect.on("error", reject);
    connect.end();
  });
}

async function call(method, address, headers, body) {
  const url = new URL(address);
  const socket = await connection(url);
  // `createConnection` counts only where there is no agent at all.
  const line = socket ? { createConnection: () => socket } : { agent: false };
  const options = { method, headers, timeout: 20_000, ...line };
  return new Promise((resolve, reject) => {
    const request = https.request(url, options, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => {
        if (answer.statusCode !== 200) return reject(new Error(`${method} ${address}: ${answer.statusCode}`));
        resolve(JSON.parse(Buffer.concat(pieces)));
      });
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", reject);
    // Without a length, Node sends the body chunked.
    if (body) request.write(body);
    request.end();
  });
}

const basic = Buffer.from(`${env.CLIENT_ID}:${env.CLIENT_SECRET}`).toString("base64");
const form = "grant_type=client_credentials&merchant_vat=DK90000028";
const { access_token: token } = await call(
  "POST",
  env.TOKEN_URL,
  { Authorization: `Basic ${basic}`, "Content-Type": "application/x-www-form-urlencoded", "Content-Length": form.length },
  form,
);
const headers = { authorization: `Bearer ${token}`, "x-mobilepay-client-system-version": "2.1.1" };
const { storeIds } = await call("GET", `${env.BASE_URL}/stores`, { ...headers, "X-Twice": ["one", "two"] });
const pos = { merchantPosId: env.NONCE, storeId: storeIds[0], name: "Kasse 4", supportedBeaconTypes: ["QR"] };
const { posId } = await call(
  "POST",
  `${env.BASE_URL}/pointofsales`,
  { ...headers, "content-type": "application/*+json", "x-mobilepay-idempotency-key": env.NONCE },
  JSON.stringify(pos),
);
console.log(JSON.stringify({ storeId: storeIds[0], posId }));
// A tunnel's outer connection would keep the process a while.
process.exit(0);
