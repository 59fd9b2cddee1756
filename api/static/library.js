// Libraries that are kept beside this file: each is loaded when it is first needed.

import { address } from "./api.js";
import { h } from "./dom.js";

const loading = new Map();

/** What the script of a file defines under a name. */
export function library(file, name) {
  if (!loading.has(file)) {
    loading.set(file, new Promise((resolve, reject) => {
      document.head.append(h("script", {
        src: address(`static/${file}`),
        onload: () => resolve(globalThis[name]),
        onerror: () => reject(new Error(`${file} cannot be loaded`)),
      }));
    }));
  }
  return loading.get(file);
}
