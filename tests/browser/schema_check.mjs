// Checks JSON documents against a JSON Schema (draft 7): node schema_check.mjs SCHEMA DOCUMENT...
// Prints what is wrong, and exits 1 if anything is.
import Ajv from "ajv";
import { readFileSync } from "node:fs";

const read = (file) => JSON.parse(readFileSync(file));
const [schema, ...documents] = process.argv.slice(2);
// The numbers of Rust types are formats that JSON Schema does not define.
const valid = new Ajv({ allErrors: true, unknownFormats: "ignore" }).compile(read(schema));
let wrong = 0;
for (const file of documents) {
  if (valid(read(file))) continue;
  wrong += 1;
  for (const error of valid.errors.slice(0, 10)) console.log(`${file}: ${error.dataPath} ${error.message}`);
}
process.exit(wrong === 0 ? 0 : 1);
