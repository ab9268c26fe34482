// The cryptography of wechat-crypto and @wecom/crypto, run by the tests as a program of its own.
// node wechat_crypto.cjs <folder of the package> <token> <key> <app id>
// It reads lines of JSON and answers each with one: a signature, what it encrypted, what it could read.

const { createInterface } = require("node:readline");

const [folder, token, key, appId] = process.argv.slice(2);
const library = require(folder);

// One package is a class, the other a set of functions.
const old = typeof library === "function" ? new library(token, key, appId) : null;
const judge = old ?? {
  getSignature: (timestamp, nonce, encrypt) => library.getSignature(token, timestamp, nonce, encrypt),
  encrypt: (text) => library.encrypt(key, text, appId),
  decrypt: (sealed) => library.decrypt(key, sealed),
};

const acts = {
  sign: ({ timestamp, nonce, sealed }) => judge.getSignature(timestamp, nonce, sealed),
  encrypt: ({ text }) => judge.encrypt(text),
  decrypt: ({ sealed }) => judge.decrypt(sealed),
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const asked = JSON.parse(line);
  console.log(`@${JSON.stringify({ answer: acts[asked.act](asked) })}`);
});
