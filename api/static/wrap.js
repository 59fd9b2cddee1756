// Texts in lines, for drawings, which do not wrap by themselves.

/** The whole text in lines of about so many characters, between words where it can be. */
export function wrapped(text, length) {
  const lines = [""];
  const words = text.split(/[ \n\t]+/);
  const [before, last] = words.slice(-2);
  if (last?.length < 3 && before.length + last.length < length) {
    words.splice(-2, 2, `${before}\u00a0${last}`); // no last line of one letter
  }
  for (const word of words.flatMap((each) => each.match(new RegExp(`.{1,${length + 4}}`, "gu")) ?? [])) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length <= length || !lines.at(-1)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
