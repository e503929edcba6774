// While a package is sealed: asks the page again and shows how far it is; loads it when it is done.
const PAUSE = 2000;

async function follow() {
  const shown = document.querySelector("#progress[data-follow]");
  if (!shown) return;
  try {
    const answer = await fetch(location.pathname, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("#progress");
      if (!fresh?.hasAttribute("data-follow")) return location.assign(location.pathname);
      const words = fresh.querySelector("[role=status]").textContent;
      const status = shown.querySelector("[role=status]");
      // Only what changed is said aloud.
      if (status.textContent !== words) status.textContent = words;
      shown.querySelector("progress").value = fresh.querySelector("progress").value;
    }
  } catch {
    // The network went away for a moment: the next turn asks again.
  }
  setTimeout(follow, PAUSE);
}

setTimeout(follow, PAUSE);
