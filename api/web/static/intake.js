// Takes clips in: each file goes up in pieces (tus 1.0), waits out a lost connection, and goes on
// after a reload when the same file is chosen again. The server has the last word on what arrived.
// Over 300 lines, because a page loads one script: what it shows of a file is how far it got.

const CHUNK = 16 * 1024 * 1024; // one request: often enough for the session to stay alive
const AT_ONCE = 2;
const PAUSES = [0, 1000, 3000, 5000, 10000, ...Array(60).fill(20000)]; // twenty minutes in all
const ASK_AGAIN = 1000;

const drop = document.getElementById("drop");
const choose = document.getElementById("choose");
const list = document.getElementById("uploads");
const arrived = document.getElementById("arrived");
const said = document.getElementById("said");
const endpoint = drop.dataset.endpoint;
const sendings = [];

function say(words) {
  said.textContent = words;
}

function size(bytes) {
  let amount = bytes;
  for (const unit of ["bytes", "kB", "MB", "GB"]) {
    if (amount < 1000 || unit === "GB") return `${unit === "bytes" ? amount : amount.toFixed(1)} ${unit}`;
    amount /= 1000;
  }
}

function duration(seconds) {
  if (seconds < 50) return "less than a minute left";
  if (seconds < 5400) return `about ${Math.max(1, Math.round(seconds / 60))} min left`;
  return `about ${Math.round(seconds / 3600)} hours left`;
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text; // never markup: a file may be called anything
  return made;
}

function button(words, about, press) {
  const made = element("button", "govuk-button govuk-button--secondary govuk-!-margin-right-2");
  made.type = "button";
  made.append(words, element("span", "govuk-visually-hidden", ` ${about}`));
  made.addEventListener("click", press);
  return made;
}

/** One file on its way: waiting, sending, paused, failed, arrived, kept or gone. */
class Sending {
  constructor(file) {
    this.file = file;
    this.state = "waiting";
    this.since = null;
    this.item = element("li", "govuk-!-margin-bottom-6");
    const name = element("bdi");
    name.append(element("strong", "", file.name));
    this.bar = element("progress", "custos-progress");
    this.bar.max = file.size || 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", `Upload of ${file.name}`);
    this.words = element("p", "govuk-body govuk-!-margin-bottom-2", "Waiting for its turn.");
    this.pausing = button("Pause", file.name, () => this.pause());
    this.resuming = button("Resume", file.name, () => this.resume());
    this.removing = button("Remove", file.name, () => this.remove());
    this.resuming.hidden = true;
    this.item.append(name, this.bar, this.words, this.pausing, this.resuming, this.removing);
    list.append(this.item);
    this.upload = new tus.Upload(file, {
      endpoint,
      chunkSize: CHUNK,
      retryDelays: PAUSES,
      removeFingerprintOnSuccess: true,
      metadata: { filename: file.name, filetype: file.type },
      onShouldRetry: (error) => this.retries(error),
      onProgress: (sent, total) => this.progress(sent, total),
      onUploadUrlAvailable: () => this.known(),
      onSuccess: () => this.arrive(),
      onError: (error) => this.fail(error),
    });
  }

  get same() {
    return `${this.file.name}/${this.file.size}/${this.file.lastModified}`;
  }

  set(state, words) {
    this.state = state;
    this.words.textContent = words;
    this.pausing.hidden = !["waiting", "sending"].includes(state);
    this.resuming.hidden = !["paused", "failed"].includes(state);
    this.removing.hidden = ["arrived", "kept", "gone"].includes(state);
  }

  async start() {
    this.set("sending", "Starting.");
    this.since = null;
    try {
      const earlier = await this.upload.findPreviousUploads();
      if (earlier.length && !this.upload.url) this.upload.resumeFromPreviousUpload(earlier.at(-1));
    } catch {
      // A browser that keeps nothing begins at the beginning.
    }
    if (this.state === "sending") this.upload.start();
  }

  /** What the list below calls unfinished goes on here. */
  known() {
    const id = this.upload.url.split("/").pop();
    document.querySelector(`[data-resumable="${CSS.escape(id)}"]`)?.remove();
    if (!document.querySelector("[data-resumable]")) document.getElementById("unfinished")?.remove();
  }

  progress(sent, total) {
    if (this.state !== "sending") return;
    const now = performance.now();
    // The speed since the last break: an average over a lost connection would say nothing.
    if (this.since === null || sent < this.since.sent) this.since = { at: now, sent };
    const speed = (sent - this.since.sent) / Math.max(1, now - this.since.at);
    this.bar.value = sent;
    const left = speed > 0 && now - this.since.at > 2000 ? `, ${duration((total - sent) / speed / 1000)}` : "";
    const percent = total ? Math.floor((100 * sent) / total) : 100;
    this.words.textContent = `${percent} %: ${size(sent)} of ${size(total)}${left}.`;
  }

  retries(error) {
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
    if (status >= 400 && status < 500 && status !== 409 && status !== 423 && status !== 429) return false;
    if (status === 507) return false;
    this.lost();
    return true;
  }

  lost() {
    this.since = null;
    this.words.textContent = "The connection is lost. This goes on by itself when it is back.";
  }

  pause() {
    const began = this.state === "sending";
    this.set("paused", "Paused. What arrived is kept for a week.");
    if (began) this.upload.abort();
    say(`${this.file.name} is paused.`);
    this.resuming.focus();
    next();
  }

  resume() {
    this.set("waiting", "Waiting for its turn.");
    this.pausing.focus();
    next();
  }

  async remove() {
    const url = this.upload.url;
    this.set("gone", "Removing.");
    try {
      await this.upload.abort(true);
    } catch {
      if (url) say(`${this.file.name} could not be removed just now. It is under Not finished.`);
    }
    this.item.remove();
    choose.focus();
    next();
  }

  fail(error) {
    if (this.state === "gone") return;
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
    let words = "The connection was lost for too long. Press Resume to go on.";
    if (status === 401) words = "You were signed out. Sign in again in another tab, then press Resume.";
    else if (status >= 400) words = `${detail(error) || "The server refused it."} Nothing that arrived is lost.`;
    this.set("failed", words);
    say(`${this.file.name}: ${words}`);
    next();
  }

  /** All bytes are on the server's disk; it moves them into the vault and hashes them. */
  async arrive() {
    this.bar.value = this.bar.max;
    this.set("arrived", "All of it has arrived. It is being locked in the vault.");
    next();
    for (;;) {
      const found = await ask(this.upload.url);
      if (found?.state === "stored") return this.keep(found);
      if (found?.state === "failed") return this.end(`It cannot be used: ${found.words}.`);
      if (found?.status === 401) return this.end("All of it has arrived. You were signed out: sign in again, then load this page again.");
      if (found?.status === 404) return this.end("It was removed, perhaps in another tab.");
      await new Promise((done) => setTimeout(done, ASK_AGAIN));
    }
  }

  /** Nothing more happens to it on this page. */
  end(words) {
    this.set("gone", words);
    say(`${this.file.name}: ${words}`);
  }

  keep(found) {
    this.set("kept", "");
    this.item.remove();
    document.getElementById("none").hidden = true;
    const id = `file-${found.id}`;
    const item = element("div", "govuk-checkboxes__item");
    const box = element("input", "govuk-checkboxes__input");
    Object.assign(box, { id, name: "file", type: "checkbox", value: found.id, checked: true });
    box.setAttribute("aria-describedby", `${id}-hint`);
    const label = element("label", "govuk-label govuk-checkboxes__label");
    label.htmlFor = id;
    label.append(element("bdi", "", found.name));
    const hint = element("div", "govuk-hint govuk-checkboxes__hint", `${size(found.length)}. `);
    hint.id = `${id}-hint`;
    if (found.scan.startsWith("found: ")) {
      const name = found.scan.slice("found: ".length);
      hint.append(element("strong", "govuk-tag govuk-tag--red", `Malware found: ${name}`));
    } else {
      const words = found.scan === "clean" ? "No malware found" : found.scan;
      hint.append(`${words.charAt(0).toUpperCase()}${words.slice(1)}.`);
    }
    hint.append(element("br"), "SHA-256 ", element("span", "custos-digest", found.sha256));
    item.append(box, label, hint);
    arrived.append(item);
    say(`${found.name} has arrived.`);
  }
}

function detail(error) {
  try {
    const words = JSON.parse(error.originalResponse.getBody()).detail;
    return words ? `${words.charAt(0).toUpperCase()}${words.slice(1)}.` : "";
  } catch {
    return "";
  }
}

async function ask(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
    return answer.ok ? await answer.json() : { status: answer.status };
  } catch {
    return null; // asked again in a moment
  }
}

function next() {
  const busy = sendings.filter((one) => one.state === "sending").length;
  const waiting = sendings.filter((one) => one.state === "waiting");
  for (const one of waiting.slice(0, Math.max(0, AT_ONCE - busy))) one.start();
}

function add(files) {
  for (const file of files) {
    const sending = new Sending(file);
    const twin = sendings.find((one) => one.same === sending.same && one.state !== "gone");
    if (twin) {
      sending.item.remove();
      if (["paused", "failed"].includes(twin.state)) twin.resume();
    } else {
      sendings.push(sending);
    }
  }
  say(`${files.length === 1 ? "1 file" : `${files.length} files`} chosen.`);
  next();
}

choose.addEventListener("change", () => {
  add([...choose.files]);
  choose.value = ""; // the same file can be chosen again
});

for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  // A file dropped beside the box would otherwise take the place of the page.
  window.addEventListener(type, (event) => event.preventDefault());
}
for (const type of ["dragenter", "dragover"]) {
  drop.addEventListener(type, () => drop.classList.add("custos-drop--over"));
}
for (const type of ["dragleave", "drop"]) {
  drop.addEventListener(type, () => drop.classList.remove("custos-drop--over"));
}
drop.addEventListener("drop", (event) => add([...event.dataTransfer.files]));

window.addEventListener("offline", () => {
  for (const one of sendings.filter((each) => each.state === "sending")) one.lost();
});

// As soon as the connection is back, without waiting for the next try.
window.addEventListener("online", () => {
  for (const one of sendings.filter((each) => each.state === "sending")) {
    one.upload.abort().then(() => one.state === "sending" && one.upload.start());
  }
});

const moving = () => sendings.some((one) => ["waiting", "sending", "arrived"].includes(one.state));

window.addEventListener("beforeunload", (event) => {
  if (moving()) event.preventDefault();
});

document.getElementById("chosen").addEventListener("submit", (event) => {
  if (!moving()) return;
  event.preventDefault();
  const words = "Wait until every file has arrived, or pause or remove those that you do not need.";
  said.classList.remove("govuk-visually-hidden");
  said.classList.add("govuk-error-message");
  say(words);
  said.scrollIntoView({ block: "center" });
});
