// A robot made with the npm package dingtalk-stream: run by the tests as a program of its own.
// node dingtalk_bot.cjs <folder of the package> <root> <client id> <client secret>
// It answers a text with the same text, through the session webhook with a token that it has asked for.

const { createRequire } = require("node:module");

const [folder, root, clientId, clientSecret] = process.argv.slice(2);
const load = createRequire(`${folder}/package.json`);
const axios = load("axios").default ?? load("axios");
const { DWClient, TOPIC_ROBOT } = load(`${folder}/dist/index.cjs`);

axios.interceptors.request.use((request) => {
  request.url = request.url.replace(/^https:\/\/o?api\.dingtalk\.com/, root);
  return request;
});

const client = new DWClient({ clientId, clientSecret, keepAlive: true });
client.registerCallbackListener(TOPIC_ROBOT, async ({ headers, data }) => {
  client.socketCallBackResponse(headers.messageId, null);
  const message = JSON.parse(data);
  await axios({
    url: message.sessionWebhook,
    method: "POST",
    headers: { "x-acs-dingtalk-access-token": await client.getAccessToken() },
    data: { msgtype: "text", text: { content: message.text.content.trim() }, at: { atUserIds: [message.senderStaffId] } },
  });
});
client.connect();
