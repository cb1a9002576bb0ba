// A report as its reporter follows it: asked for again and again, ever less often, and not at all
// while nobody looks.
import { showCases } from "./case_cards.js";
import { fetchWithin } from "./asking.js";
import { refill, say, the } from "./elements.js";
import { showSeen } from "./seen.js";
import { showTime, t } from "./words.js";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60000;
const GROWTH = 1.5;

/** An answer that is no success. */
export class Refused extends Error {
  constructor(status, content) {
    super(`HTTP ${status}`);
    Object.assign(this, { status, content });
  }
}

export class Following {
  /**
   * @param {string} id Of the report.
   * @param {string} token That opens it.
   * @param {object} [told] Functions: found(report), gone().
   */
  constructor(id, token, told = {}) {
    Object.assign(this, { id, token, told, pause: FIRST_PAUSE_MS, last: "", report: null, timer: 0, looking: null, stopped: false });
    this.onSight = () => { if (!document.hidden) this.askSoon(); };
    document.addEventListener("visibilitychange", this.onSight);
    window.addEventListener("online", this.onSight);
    the("copy-link").onclick = () => this.copyLink();
    the("follow-link").value = this.link();
    refill(the("cases"));
    refill(the("findings"));
    refill(the("follow-figure"));
    for (const place of ["word-said", "case-said", "copied"]) say(the(place), "");
    for (const part of ["follow-figure", "findings-part", "cases-part", "follow-trouble"]) the(part).hidden = true;
  }

  /** The address for people; what stands behind # is never sent to a server. */
  link() {
    return `${window.location.origin}/r/${this.id}#${this.token}`;
  }

  /** Ask the service about the report. @throws {Refused} */
  async ask(path = "", options = {}) {
    const headers = { "X-Follow-Token": this.token };
    if (options.body) headers["Content-Type"] = "application/json";
    const answer = await fetchWithin(`/v1/reports/${encodeURIComponent(this.id)}${path}`, { ...options, headers });
    if (answer.ok) return answer;
    throw new Refused(answer.status, await answer.json().catch(() => ({})));
  }

  /** Begin, with what is known already or with a question. */
  start(report = null) {
    if (report) this.show(report);
    if (report) this.plan();
    else this.askSoon();
  }

  stop() {
    this.stopped = true;
    window.clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onSight);
    window.removeEventListener("online", this.onSight);
  }

  /** Look now, and often again: something was done. */
  askSoon() {
    this.pause = FIRST_PAUSE_MS;
    return this.look();
  }

  plan() {
    window.clearTimeout(this.timer);
    if (this.stopped || document.hidden) return;
    this.timer = window.setTimeout(() => this.look(), this.pause);
    this.pause = Math.min(LONGEST_PAUSE_MS, this.pause * GROWTH);
  }

  /** Where it was reported, as {lat, lng}, or null; the first answer is waited for if it is under way. */
  async position() {
    if (!this.report) await this.looking;
    const at = this.report && this.report.position;
    return at ? { lat: at.lat, lng: at.lng } : null;
  }

  /** Look once; a look under way is not doubled. */
  look() {
    if (!this.looking && !this.stopped) this.looking = this.lookOnce().finally(() => { this.looking = null; });
    return this.looking;
  }

  async lookOnce() {
    try {
      const report = await (await this.ask()).json();
      if (!this.stopped) this.show(report);
    } catch (error) {
      if (this.stopped) return;
      if (error.status === 404 || error.status === 410 || error.status === 422) {
        this.stop();
        if (this.told.gone) this.told.gone(error.status);
        say(the("follow-trouble"), t("这次上报已经查不到了。", "This report is not there any more."), "warn");
        return;
      }
      say(the("follow-trouble"), t("暂时连不上，会自动再试。", "There is no connection now; it is tried again by itself."), "warn");
    }
    this.plan();
  }

  show(report) {
    const text = JSON.stringify(report);
    say(the("follow-trouble"), "");
    if (text !== this.last && this.last) this.pause = FIRST_PAUSE_MS;
    this.last = text;
    this.report = report;
    the("follow").hidden = false;
    say(the("follow-message"), t(report.message_zh, report.message_en));
    the("follow").classList.toggle("waiting", report.state === "waiting");
    the("follow-received").textContent = showTime(report.received_at);
    showSeen(this, report);
    showCases(this, report);
    if (this.told.found) this.told.found(report);
  }

  async copyLink() {
    const field = the("follow-link");
    let done = false;
    try {
      await navigator.clipboard.writeText(field.value);
      done = true;
    } catch (error) { // On http, and in old web views.
      field.focus();
      field.setSelectionRange(0, field.value.length);
      try { done = document.execCommand("copy"); } catch (refused) { done = false; }
    }
    say(the("copied"), done ? t("已复制", "Copied") : t("请长按上面的链接来复制。", "Press the link above for a while to copy it."));
  }
}
