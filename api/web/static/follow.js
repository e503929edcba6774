// While a package is sealed: asks the page again and shows how far it is; loads it when it is done.
const PAUSE = 2000;
// Each turn is use of the session: it must not keep one alive that nobody sits at.
const MOST_TURNS = 150;

async function follow(turn) {
  const shown = document.querySelector("#progress[data-follow]");
  if (!shown || turn > MOST_TURNS) return;
  try {
    const answer = await fetch(location.pathname, { credentials: "same-origin", redirect: "manual" });
    // The session is over: the page itself leads to the sign-in.
    if (answer.type === "opaqueredirect") return location.assign(location.pathname);
    if (answer.ok) {
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
  setTimeout(follow, PAUSE, turn + 1);
}

setTimeout(follow, PAUSE, 1);
