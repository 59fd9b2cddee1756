// Elements without markup: what data say is only ever text, so a title cannot become code.

const SVG = "http://www.w3.org/2000/svg";

/** An element. Properties are attributes; those that begin with "on" are listeners. */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same in an SVG. */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/** Draw what is in `parent` anew; a button in it that has the focus hands it to its successor. */
export function redraw(parent, ...children) {
  const buttons = () => [...parent.querySelectorAll("button")];
  const focused = buttons().indexOf(document.activeElement);
  parent.replaceChildren(...children);
  if (focused >= 0) (buttons()[focused] ?? buttons().at(-1))?.focus();
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}
