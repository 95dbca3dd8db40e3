// Asks the server about the text, soon after the last key: first what is said at once, then, when
// nobody types any more, the proofs.
import { ask } from "../asking.js";

const SOON = 90;
const LATER = 350;
const BUSY = 1000;

// Tells this tab from the others of the same person: of each the server looks at the newest text.
const editor = Math.random().toString(36).slice(2);

export class Checking {
  /** `heard(told, text)` is called with what was said, `failed(error)` where nothing was. */
  constructor(heard, failed) {
    this.heard = heard;
    this.failed = failed;
    this.timer = 0;
    this.under = null;
  }

  /** The text has changed. */
  soon(text) {
    this.stop();
    this.timer = setTimeout(() => this.check(text, false), SOON);
  }

  /** What is missing of an answer. */
  later(text) {
    this.stop();
    this.timer = setTimeout(() => this.check(text, true), LATER);
  }

  stop() {
    clearTimeout(this.timer);
    this.under?.abort();
  }

  async check(text, thorough) {
    const under = new AbortController();
    this.under = under;
    try {
      const body = { text, thorough, editor };
      const told = await ask("/api/language/check", { method: "POST", body, signal: under.signal });
      this.heard(told, text);
      if (!told.is_thorough) this.later(text);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.problem?.status === 503) {
        this.timer = setTimeout(() => this.check(text, thorough), BUSY);
      }
      this.failed(error);
    }
  }
}
