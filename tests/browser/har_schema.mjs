// Checks HAR files against the JSON Schema of HAR 1.2 (package har-schema). Prints what is wrong, and exits 1 if anything is.
import Ajv from "ajv";
import { readFileSync } from "node:fs";
import schemas from "har-schema";

const ajv = new Ajv({ allErrors: true, schemaId: "auto" });
ajv.addMetaSchema(JSON.parse(readFileSync(new URL("node_modules/ajv/lib/refs/json-schema-draft-06.json", import.meta.url))));
const valid = ajv.addSchema(Object.values(schemas)).getSchema("har.json#") ?? ajv.getSchema("har.json");
let wrong = 0;
for (const file of process.argv.slice(2)) {
  const har = JSON.parse(readFileSync(file));
  if (valid(har)) {
    console.log(`${file}: ${har.log.entries.length} entries`);
    continue;
  }
  wrong += 1;
  for (const error of valid.errors.slice(0, 10)) console.log(`${file}: ${error.dataPath} ${error.message}`);
}
process.exit(wrong === 0 ? 0 : 1);
