import { initAll } from "./vendor/govuk-frontend.min.js";

initAll();

// A button that was pressed once says so: sealing and sending take a moment.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
}
