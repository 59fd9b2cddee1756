// Text to copy: a block in a fixed width, and a button.

import { h } from "./dom.js";

/** A block of text under a name, which a button copies. */
export function copied(name, text) {
  const button = h("button", {
    type: "button",
    "aria-label": `Copy ${name}`,
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(block); // where the page may not: one key away
        button.textContent = "Press Ctrl+C";
      }
    },
  }, "Copy");
  const block = h("pre", { tabindex: 0, "aria-label": name }, text);
  return h("div", { class: "copied" }, button, block);
}
