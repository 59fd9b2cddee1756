// The colours of the style sheet for what is drawn on a canvas, which knows no variables.

import { h } from "./dom.js";

/** The values of variables such as "--ink", as they are now. */
export function colours(names) {
  const probe = document.body.appendChild(h("span", { hidden: true }));
  const found = names.map((name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return found;
}

/** Call `again` when they change, as long as an element is in the page. */
export function recoloured(element, again) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const watching = new MutationObserver(changed);
  function changed() {
    if (element.isConnected) again();
    else {
      watching.disconnect();
      dark.removeEventListener("change", changed);
    }
  }
  watching.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", changed);
}
