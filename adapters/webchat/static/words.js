// What the page says, in English and Chinese.

const WORDS = {
  en: {
    answer: "Answer",
    bot: "Assistant",
    closeList: "Close the list",
    conversations: "Conversations",
    copied: "Copied",
    copy: "Copy",
    copyCode: "Copy code",
    dark: "Dark",
    delete: "Delete",
    deleteSure: "Delete this conversation?",
    down: "To the newest message",
    hint: "Enter sends, Shift + Enter begins a new line, Esc stops an answer.",
    light: "Light",
    logout: "Log out",
    message: "Message",
    messages: "Messages",
    new: "New conversation",
    note: "Answers may be wrong. Check what matters.",
    offline: "No connection. What you write is sent when it is back.",
    online: "Connected again.",
    person: "You",
    retry: "Try again",
    send: "Send",
    skip: "Skip to the message box",
    stop: "Stop",
    stopped: "Stopped",
    tooLong: "This message is too long.",
    unread: "new answer",
    waiting: "Not sent yet",
    welcome: "What would you like to know?",
    write: "Write a message",
    writing: "Writing …",
    cookies: "This page needs cookies to know which conversations are yours.",
  },
  zh: {
    answer: "回答",
    bot: "助手",
    closeList: "关闭列表",
    conversations: "对话列表",
    copied: "已复制",
    copy: "复制",
    copyCode: "复制代码",
    dark: "深色",
    delete: "删除",
    deleteSure: "删除这个对话？",
    down: "跳到最新消息",
    hint: "Enter 发送，Shift + Enter 换行，Esc 停止回答。",
    light: "浅色",
    logout: "退出登录",
    message: "消息",
    messages: "消息记录",
    new: "新对话",
    note: "回答可能有误，重要信息请核实。",
    offline: "连接已断开，您写的内容会在恢复后发送。",
    online: "已重新连接。",
    person: "您",
    retry: "重新回答",
    send: "发送",
    skip: "跳到输入框",
    stop: "停止",
    stopped: "已停止",
    tooLong: "这条消息太长了。",
    unread: "有新回答",
    waiting: "尚未发送",
    welcome: "想了解些什么？",
    write: "写点什么",
    writing: "正在回答……",
    cookies: "此页面需要 Cookie 才能知道哪些对话是您的。",
  },
};

export let language = chosen() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

function chosen() {
  try {
    const kept = localStorage.getItem("language");
    return kept in WORDS ? kept : null;
  } catch {
    return null;
  }
}

/** The word or sentence called *name*. */
export function say(name) {
  return WORDS[language][name];
}

/** Speak the other language from now on. */
export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  try {
    localStorage.setItem("language", language);
  } catch {
    // not kept, then
  }
}

/** Put the words into everything below *root* that names them: data-say (text), data-label, data-hint. */
export function translate(root = document) {
  for (const element of root.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
    if (element.matches("button")) element.title = say(element.dataset.label);
  }
  for (const element of root.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}
