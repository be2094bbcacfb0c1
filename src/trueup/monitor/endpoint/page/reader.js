// Ask for the status again and again: every two seconds while somebody looks, less often while nobody does or nobody
// answers. One question at a time, each with a time-out.

const EVERY_MS = 2000;
const HIDDEN_MS = 15000;
const BACK_OFF_MS_MAX = 15000;
const TIMEOUT_MS = 8000;
const TOKEN_KEY = "trueup-token";

export class Reader {
  // `changed` is called after every answer and every failure.
  constructor(changed) {
    this.changed = changed;
    this.document = null; // the last answer
    this.readAt = 0; // on performance.now()'s clock
    this.failure = null; // {reason, sinceMs, isReached} on the wall clock, while there is no status
    this.token = null; // null | "wanted" | "refused"
    this.failures = 0;
    this.timer = 0;
    this.isAsking = false;
    document.addEventListener("visibilitychange", () => document.hidden || this.ask());
    window.addEventListener("online", () => this.ask());
  }

  waitedSecs() {
    return (performance.now() - this.readAt) / 1000;
  }

  hasToken() {
    return sessionStorage.getItem(TOKEN_KEY) !== null;
  }

  useToken(token) {
    sessionStorage.setItem(TOKEN_KEY, token);
    this.ask();
  }

  forgetToken() {
    sessionStorage.removeItem(TOKEN_KEY);
    this.document = null;
    this.ask();
  }

  async ask() {
    if (this.isAsking) return;
    this.isAsking = true;
    clearTimeout(this.timer);
    try {
      await this.read();
    } finally {
      this.isAsking = false;
      this.changed();
      this.timer = setTimeout(() => this.ask(), this.pauseMs());
    }
  }

  pauseMs() {
    const pause = this.failure ? Math.min(EVERY_MS * 2 ** (this.failures - 1), BACK_OFF_MS_MAX) : EVERY_MS;
    return document.hidden ? Math.max(pause, HIDDEN_MS) : pause;
  }

  async read() {
    const token = sessionStorage.getItem(TOKEN_KEY);
    let isReached = false;
    try {
      const answer = await fetch("status.json", {
        cache: "no-store",
        credentials: "same-origin",
        headers: token ? { Authorization: `Bearer ${token}` } : {},
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.status === 401) {
        this.token = token ? "refused" : "wanted";
        sessionStorage.removeItem(TOKEN_KEY);
        this.document = this.failure = null;
        return;
      }
      isReached = true;
      if (!answer.ok) throw new Error((await answer.text()).split("\n")[0].slice(0, 200) || `HTTP ${answer.status}`);
      this.document = await answer.json();
      this.readAt = performance.now();
      this.token = this.failure = null;
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      this.failure = { reason: reasonOf(error), sinceMs: this.failure?.sinceMs ?? Date.now(), isReached };
    }
  }
}

function reasonOf(error) {
  if (error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1000} s`;
  if (error instanceof SyntaxError) return "the answer cannot be read";
  return error instanceof TypeError ? "no connection" : error.message;
}
