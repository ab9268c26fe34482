// What the plugin @tencent-weixin/openclaw-weixin needs of OpenClaw, as small as it can be: in place of the
// package "openclaw", and as the runtime that its gateway hands to it.

import fs from "node:fs";
import path from "node:path";

const folder = process.env.OPENCLAW_STATE_DIR;

export const buildChannelConfigSchema = (schema) => schema;
export const normalizeAccountId = (id) => id.toLowerCase().replace(/[^a-z0-9_-]/g, "-");
export const resolvePreferredOpenClawTmpDir = () => folder;
export const withFileLock = (file, options, act) => act();
export const loadConfig = () => ({});
export const writeConfigFile = async () => {};
export const fireAndForgetHook = () => {};
export const buildCanonicalSentMessageHookContext = (context) => context;
export const toPluginMessageContext = (context) => context;
export const toPluginMessageSentEvent = (context) => context;
export const getGlobalHookRunner = () => undefined;
export const createTypingCallbacks = (callbacks) => callbacks;
export const resolveDirectDmAuthorizationOutcome = () => "allowed";
export const resolveSenderCommandAuthorizationWithRuntime = async () => ({
  senderAllowedForCommands: true,
  commandAuthorized: true,
});

// The runtime: `answer` gets the context of each message and returns the reply, {text, mediaUrl}.
export const runtime = (answer) => ({
  commands: {},
  media: { saveMediaBuffer: async (bytes, type, subfolder, limit, name) => save(bytes, type, name) },
  routing: { resolveAgentRoute: () => ({ agentId: "main", sessionKey: "main", mainSessionKey: "main" }) },
  session: { resolveStorePath: () => folder, recordInboundSession: async () => {} },
  reply: {
    finalizeInboundContext: (context) => context,
    resolveHumanDelayConfig: () => undefined,
    createReplyDispatcherWithTyping: (options) => ({
      dispatcher: options,
      replyOptions: {},
      markDispatchIdle: () => {},
    }),
    withReplyDispatcher: ({ run }) => run(),
    dispatchReplyFromConfig: async ({ ctx, dispatcher }) => {
      await dispatcher.typingCallbacks.start();
      try {
        await dispatcher.deliver(answer(ctx));
      } catch (error) {
        dispatcher.onError(error, { kind: "final" });
      }
      await dispatcher.typingCallbacks.stop();
    },
  },
});

const endings = { "video/mp4": ".mp4", "audio/silk": ".silk" };

function save(bytes, type, name) {
  const file = path.join(folder, name ?? `media${endings[type] ?? ".png"}`);
  fs.writeFileSync(file, bytes);
  return { path: file };
}
