import { initAll } from "./vendor/govuk-frontend.min.js";

// A module runs before DOMContentLoaded, and so before early.js has said this of the body.
document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

// A button that was pressed once says so: sealing and sending take a moment.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
}
