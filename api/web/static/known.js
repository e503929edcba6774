// Asks whether a file is known here, by its digest: the file itself never leaves the computer.

const drop = document.getElementById("drop");
const file = document.getElementById("file");
const progress = document.getElementById("progress");
const said = document.getElementById("said");
const ask = document.getElementById("ask");
const worker = new Worker(drop.dataset.worker, { type: "module" });

let asked = 0; // each file gives up the one before

function look(chosen) {
  asked += 1;
  progress.value = 0;
  progress.hidden = false;
  said.textContent = `Computing the digest of ${chosen.name}`;
  worker.postMessage({ id: asked, file: chosen });
}

worker.addEventListener("message", ({ data }) => {
  if (data.id !== asked) return;
  if (data.kind === "progress") {
    progress.value = data.total ? data.done / data.total : 1;
  } else if (data.kind === "digest") {
    said.textContent = "Looking it up";
    ask.elements.sha256.value = data.sha256;
    ask.submit();
  } else {
    progress.hidden = true;
    said.textContent = "The file could not be read. It may have been moved: choose it again.";
  }
});

worker.addEventListener("error", () => {
  progress.hidden = true;
  said.textContent = "Your browser cannot compute the digest. Compute it with another program, and enter it below.";
});

file.addEventListener("change", () => {
  if (file.files.length) look(file.files[0]);
});

for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("custos-drop--over");
  });
}
drop.addEventListener("dragleave", (event) => {
  if (!drop.contains(event.relatedTarget)) drop.classList.remove("custos-drop--over");
});
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("custos-drop--over");
  if (event.dataTransfer.files.length) look(event.dataTransfer.files[0]);
});
