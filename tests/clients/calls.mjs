// Calls $URL once with `https` and once with `fetch`, set up by the environment alone.
import https from "node:https";

const url = process.env.URL;
await new Promise((resolve, reject) => {
  const got = (answer) => answer.resume().on("end", resolve) && console.log(answer.statusCode);
  https.get(`${url}-nodehttps`, got).on("error", reject);
});
console.log((await fetch(`${url}-nodefetch`)).status);
