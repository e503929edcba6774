// Computes the SHA-256 of a file in the background. The file never leaves the computer.
//
// A module worker:  const worker = new Worker(address, { type: "module" });
// It is told:       { id, file }     hash this File or Blob; the one before, if any, is given up
//                   { id: null }     give up
// It tells:         { id, kind: "progress", done, total }   bytes so far, a few times a second
//                   { id, kind: "digest", sha256, total }   64 digits in lower case: the end
//                   { id, kind: "failed", words }           it could not be read: the end
// `id` is whatever the page sent. Memory stays at a few MB, however large the file is.

import { sha256 } from "./vendor/sha256.js";

const PIECE = 4 * 1024 * 1024;
const PAUSE = 200; // milliseconds between two words of progress

let turns = 0; // each order gives up the one before

async function digest(id, file, turn) {
  const hash = sha256.create();
  let told = 0;
  for (let at = 0; at < file.size; at += PIECE) {
    const piece = await file.slice(at, at + PIECE).arrayBuffer();
    if (turn !== turns) return;
    hash.update(new Uint8Array(piece));
    const now = performance.now();
    if (now - told > PAUSE) {
      told = now;
      postMessage({ id, kind: "progress", done: Math.min(at + PIECE, file.size), total: file.size });
    }
  }
  const hex = Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  postMessage({ id, kind: "digest", sha256: hex, total: file.size });
}

addEventListener("message", ({ data: { id, file } }) => {
  const turn = (turns += 1);
  if (!file) return;
  digest(id, file, turn).catch((error) => {
    // A file that was moved, or is still being written.
    if (turn === turns) postMessage({ id, kind: "failed", words: error.name });
  });
});
