// A field that finds as you type: the combobox of the ARIA practices, with a list in groups.

import { ApiError } from "./api.js";
import { h } from "./dom.js";

const PAUSE = 120; // milliseconds without a key before it searches

let made = 0;

/**
 * A search field. `find(query)` gives groups, `{label, options: [{name, note, value}]}`, or throws
 * an ApiError; `pick(value)` is called with the choice.
 */
export function combobox({ label, placeholder, find, pick }) {
  const id = `combobox-${++made}`;
  let options = []; // of all groups, as drawn: [{element, value}]
  let active = -1;
  let timer;
  let searches = 0;

  const list = h("div", { id, class: "options", role: "listbox", "aria-label": label, hidden: true });
  const status = h("p", { class: "status", role: "status" });
  const input = h("input", {
    type: "search",
    role: "combobox",
    "aria-label": label,
    "aria-autocomplete": "list",
    "aria-controls": id,
    "aria-expanded": "false",
    autocomplete: "off",
    spellcheck: "false",
    placeholder,
    oninput: () => {
      searches++; // what is in the list, or on its way there, is out of date
      activate(-1);
      clearTimeout(timer);
      timer = setTimeout(show, PAUSE);
    },
    onfocus: () => show(),
    onblur: () => close(),
    onkeydown: (event) => press(event),
  });
  // A press on the list, or on its scroll bar, leaves the field in focus.
  list.addEventListener("pointerdown", (event) => event.preventDefault());

  async function show() {
    clearTimeout(timer);
    const mine = ++searches;
    const query = input.value.trim();
    let groups = [];
    let message = "";
    try {
      groups = (await find(query)).filter((group) => group.options.length);
      if (!groups.length) message = `No match for “${query}”.`;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      message = error.message;
    }
    if (mine !== searches || document.activeElement !== input) return;
    options = [];
    list.replaceChildren(...groups.map(drawGroup));
    status.textContent = message;
    list.hidden = !groups.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    activate(query && options.length ? 0 : -1);
  }

  function drawGroup(group) {
    return h("div", { role: "group", "aria-label": group.label },
      h("p", { class: "group", "aria-hidden": "true" }, group.label),
      group.options.map(drawOption));
  }

  function drawOption({ name, note, value }) {
    const element = h("div",
      { role: "option", id: `${id}-${options.length}`, "aria-selected": "false", onclick: () => choose(value) },
      h("span", {}, name), h("small", {}, note));
    options.push({ element, value });
    return element;
  }

  function activate(next) {
    options[active]?.element.setAttribute("aria-selected", "false");
    active = next;
    const now = options[active]?.element;
    now?.setAttribute("aria-selected", "true");
    now?.scrollIntoView({ block: "nearest" });
    if (now) input.setAttribute("aria-activedescendant", now.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function close() {
    searches++; // what is on its way comes too late
    clearTimeout(timer);
    activate(-1);
    list.hidden = true;
    status.textContent = "";
    input.setAttribute("aria-expanded", "false");
  }

  function choose(value) {
    input.value = "";
    close();
    pick(value);
  }

  async function press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (list.hidden) show();
      else activate((active + step + options.length) % options.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!options[active]) await show(); // faster than the service: the first that it finds
      if (options[active]) choose(options[active].value);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      if (list.hidden) input.value = "";
      close();
    }
  }

  return h("div", { class: "combobox" }, input, list, status);
}
