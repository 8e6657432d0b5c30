// One age operation of the official TypeScript implementation, stdin to stdout.
//
//   node age.mjs MODULE seal|open key|passphrase VALUE < in > out
//
// MODULE is the path of the package's entry file.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [module, action, kind, value] = process.argv.slice(2);
const age = await import(pathToFileURL(module).href);
const input = new Uint8Array(readFileSync(0));

async function seal() {
  const encrypter = new age.Encrypter();
  if (kind === "key") encrypter.addRecipient(value);
  else encrypter.setPassphrase(value);
  return encrypter.encrypt(input);
}

async function open() {
  const decrypter = new age.Decrypter();
  if (kind === "key") decrypter.addIdentity(value);
  else decrypter.addPassphrase(value);
  return decrypter.decrypt(input);
}

writeFileSync(1, action === "seal" ? await seal() : await open());
