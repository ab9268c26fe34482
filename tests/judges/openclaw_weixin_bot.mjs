// A bot made with the official plugin @tencent-weixin/openclaw-weixin: run by the tests as a program of its own.
// node openclaw_weixin_bot.mjs <folder of the package> <root> <cdn> <what to do: login, run>…
// It echoes texts with the message's id and what they quote, and files; a voice message as the text that came
// with it.

import path from "node:path";
import { register } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, root, cdn, ...acts] = process.argv.slice(2);
const host = new URL("./openclaw_host.mjs", import.meta.url).href;
const hooks = `
  export const resolve = (name, context, next) =>
    name.startsWith("openclaw/") ? { url: ${JSON.stringify(host)}, shortCircuit: true } : next(name, context);
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const fetched = globalThis.fetch;
globalThis.fetch = (address, options) =>
  fetched(
    String(address)
      .replace("https://ilinkai.weixin.qq.com", root)
      .replace("https://novac2c.cdn.weixin.qq.com/c2c", cdn)
      .replace("https://127.0.0.1:", "http://127.0.0.1:"), // where a login is redirected to
    options,
  );

const { runtime, normalizeAccountId } = await import(host);
const { weixinPlugin } = await import(pathToFileURL(path.join(folder, "dist/src/channel.js")));
const { gateway, config } = weixinPlugin;
const say = (what) => process.stdout.write(`@${JSON.stringify(what)}\n`);

let account;

async function login() {
  const { qrDataUrl, sessionKey } = await gateway.loginWithQrStart({});
  say({ code: qrDataUrl });
  const result = await gateway.loginWithQrWait({ sessionKey });
  say({ login: result });
  account = result.accountId ? normalizeAccountId(result.accountId) : account;
}

const answer = (context) => ({
  text: [context.Body, ...said(context)].join("\n"),
  mediaUrl: context.MediaPath,
});

const said = ({ MediaPath, MessageSidFull, ReplyToId, ReplyToBody }) =>
  MediaPath ? [] : [MessageSidFull, ReplyToId, ReplyToBody].filter(Boolean);

async function run() {
  const stopped = new AbortController();
  const cfg = {};
  const given = { cfg, account: config.resolveAccount(cfg, account), abortSignal: stopped.signal };
  process.once("SIGTERM", () => stopped.abort());
  const log = (line) => process.stderr.write(`${line}\n`);
  try {
    await gateway.startAccount({ ...given, runtime: { log, error: log }, channelRuntime: runtime(answer) });
  } finally {
    await gateway.stopAccount(given);
  }
}

for (const act of acts) await { login, run }[act]();
