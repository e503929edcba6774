// "Check that it arrived whole": hashes the file that the recipient chooses, and sends the digest.

for (const part of document.querySelectorAll("[data-receipt]")) {
  const form = document.getElementById(part.dataset.receipt);
  const field = form.querySelector('input[name="sha256"]');
  const chooser = part.querySelector('input[type="file"]');
  const shown = part.querySelector("[data-shown]");
  const bar = part.querySelector("progress");
  const words = part.querySelector("[data-words]");
  const worker = new Worker(part.dataset.worker, { type: "module" });
  let turn = 0;
  let said = -1;

  const say = (text) => { words.textContent = text; };
  const failed = () => {
    shown.hidden = true;
    say("This file could not be read. Wait until the download has ended, then choose it again.");
  };

  chooser.addEventListener("change", () => {
    const file = chooser.files[0];
    turn += 1;
    said = -1;
    shown.hidden = !file;
    worker.postMessage({ id: file ? turn : null, file });
    if (!file) say("");
    else if (file.size !== Number(part.dataset.size)) {
      // Not the end of it: the digest decides. But it is worth knowing before a long wait.
      say("This file is not as long as the package. It may be another file, or not all of it. Checking it anyway.");
    } else say("Checking the file.");
  });

  worker.addEventListener("error", failed);
  worker.addEventListener("message", ({ data }) => {
    if (data.id !== turn) return;
    if (data.kind === "failed") return failed();
    const share = data.total ? Math.floor((100 * (data.done ?? data.total)) / data.total) : 100;
    bar.value = share;
    if (data.kind === "progress") {
      // Screen readers hear each tenth, not each percent.
      if (Math.floor(share / 10) > Math.floor(said / 10)) say(`Checked ${share}% of the file.`);
      said = share;
      return;
    }
    say("Checked all of the file.");
    field.value = data.sha256;
    form.requestSubmit();
  });
}
