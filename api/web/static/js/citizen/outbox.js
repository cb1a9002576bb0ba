// Reports on their way: kept until they are answered, tried again and again, one after the other.
// Each has one Idempotency-Key for its whole life, so trying again makes no second report.
import { deliver } from "./delivery.js";
import { forgetDraft, keepDraft, listDrafts, whenStoreComesLate } from "./keeping.js";

const FIRST_PAUSE_S = 2;
const LONGEST_PAUSE_S = 60;

/**
 * @typedef {object} Entry
 * @property {object} draft
 * @property {"waiting"|"sending"|"pausing"|"refused"} state
 * @property {number} share Of its bytes, while it is sent.
 * @property {number} tries That failed.
 * @property {number} until When the pause ends, ms.
 * @property {number} notBefore The service asked for that; 0: it did not.
 * @property {boolean} kept It outlives the page.
 */

export class Outbox {
  /**
   * @param {object} told Functions: changed(entries), accepted(draft, answer), refused(entry).
   */
  constructor(told) {
    this.told = told;
    this.entries = [];
    this.busy = false;
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.hurry(); });
    window.addEventListener("pageshow", () => this.hurry());
    whenStoreComesLate(() => this.open());
  }

  /** Take up what an earlier visit could not send. */
  async open() {
    const unkept = this.entries.filter((one) => !one.kept);
    for (const draft of await listDrafts()) {
      if (!this.entries.some((one) => one.draft.key === draft.key)) this.entries.push(entryOf(draft, true));
    }
    this.work();
    for (const entry of unkept) await this.keep(entry);
  }

  async keep(entry) {
    entry.kept = await keepDraft(entry.draft);
    if (!this.entries.includes(entry)) await forgetDraft(entry.draft.key); // Answered meanwhile
    this.told.changed(this.entries);
  }

  /** Whether leaving the page would lose a report. */
  holdsUnkept() {
    return this.entries.some((one) => !one.kept);
  }

  /** Take a new report. */
  async add(draft) {
    const entry = entryOf(draft, false);
    this.entries.push(entry);
    this.told.changed(this.entries);
    await this.keep(entry);
    this.work();
  }

  /** End all pauses but those that the service asked for: the network is back, or somebody looks. */
  hurry() {
    for (const entry of this.entries) if (entry.state === "pausing") entry.until = entry.notBefore;
    this.work();
  }

  /** Throw one away. */
  async remove(key) {
    this.entries = this.entries.filter((one) => one.draft.key !== key);
    this.told.changed(this.entries);
    await forgetDraft(key);
  }

  async work() {
    this.told.changed(this.entries);
    if (this.busy) return;
    const entry = this.entries.find((one) => one.state === "waiting" || (one.state === "pausing" && one.until <= Date.now()));
    if (!entry) { this.wait(); return; }
    this.busy = true;
    Object.assign(entry, { state: "sending", share: 0 });
    this.told.changed(this.entries);
    const result = await deliver(entry.draft, (share) => {
      entry.share = share;
      this.told.changed(this.entries);
    }).catch(() => ({ outcome: "later", after_s: null })); // No memory for it just now
    this.busy = false;
    await this.settle(entry, result);
    this.work();
  }

  async settle(entry, result) {
    if (result.outcome === "accepted") {
      // Told first, so that its link is kept before the draft is gone.
      this.told.accepted(entry.draft, result.answer);
      await this.remove(entry.draft.key);
    } else if (result.outcome === "refused") {
      entry.draft.refused = result.words;
      Object.assign(entry, { state: "refused" });
      await keepDraft(entry.draft);
      this.told.refused(entry, result.field);
    } else {
      entry.tries += 1;
      const pause_s = Math.min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (entry.tries - 1)) * (0.75 + Math.random() / 2);
      const notBefore = result.after_s ? Date.now() + 1000 * result.after_s : 0;
      Object.assign(entry, { state: "pausing", notBefore, until: Math.max(notBefore, Date.now() + 1000 * pause_s) });
    }
  }

  wait() {
    window.clearTimeout(this.timer);
    const ends = this.entries.filter((one) => one.state === "pausing").map((one) => one.until);
    if (ends.length) this.timer = window.setTimeout(() => this.work(), Math.max(50, Math.min(...ends) - Date.now()));
  }
}

function entryOf(draft, kept) {
  return { draft, state: draft.refused ? "refused" : "waiting", share: 0, tries: 0, until: 0, notBefore: 0, kept };
}
