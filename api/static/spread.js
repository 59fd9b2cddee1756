// Where the nodes of a graph are drawn: near what they have edges to, in the space that there is, and
// so that no label lies on another one or is cut off.

const ROUNDS = 160;
const PARTING = 80;
const GAP = 8; // pixels between labels

/**
 * The places of nodes, [{key, width, height, x, y}], where x and y may be missing, by key. `edges` are
 * pairs of keys, `room` is {width, height}. The same graph is always drawn the same.
 */
export function spread(nodes, edges, room) {
  const all = nodes.map((each) => ({ ...each }));
  const of = new Map(all.map((each) => [each.key, each]));
  begin(all, edges, of, room);
  const length = 0.75 * Math.sqrt((room.width * room.height) / Math.max(all.length, 1));
  for (let round = 0; round < ROUNDS; round += 1) {
    pullAndPush(all, edges, of, length, 0.1 * length * (1 - round / ROUNDS));
    keepInside(all, room);
  }
  return apart(all, room);
}

/** Nodes in columns, or in rows where the room is higher than wide. */
export function columns(lines, room) {
  const upright = room.height > room.width;
  const [along, across] = upright ? [room.height, room.width] : [room.width, room.height];
  return apart(lines.flatMap((line, at) => line.map((each, place) => {
    const half = (upright ? each.height : each.width) / 2;
    const far = half + 4 + ((along - 2 * half - 8) * at) / Math.max(lines.length - 1, 1);
    const side = (across * (place + 0.5)) / line.length;
    return { ...each, x: upright ? side : far, y: upright ? far : side };
  })), room);
}

/** The places by key, once nothing overlaps or sticks out any more. */
function apart(all, room) {
  keepInside(all, room);
  for (let round = 0; round < PARTING && part(all) > 0; round += 1) keepInside(all, room);
  keepInside(all, room);
  return new Map(all.map(({ key, x, y }) => [key, { x, y }]));
}

/** What is new begins around what it hangs on, the first of all in the middle. */
function begin(all, edges, of, room) {
  const near = new Map();
  for (const [one, other] of edges) {
    near.set(one, [...(near.get(one) ?? []), other]);
    near.set(other, [...(near.get(other) ?? []), one]);
  }
  all.forEach((each, at) => {
    if (each.x !== undefined) return;
    const beside = (near.get(each.key) ?? []).map((key) => of.get(key)).find(({ x }) => x !== undefined);
    const angle = 2.4 * at; // the golden angle: neighbours in all directions
    const far = beside ? Math.min(room.width, room.height) / 3 : 0;
    each.x = (beside?.x ?? room.width / 2) + far * Math.cos(angle);
    each.y = (beside?.y ?? room.height / 2) + far * Math.sin(angle);
  });
}

function pullAndPush(all, edges, of, length, most) {
  const moves = new Map(all.map(({ key }) => [key, { x: 0, y: 0 }]));
  const move = (one, other, force) => {
    const [x, y] = [other.x - one.x, other.y - one.y];
    const far = Math.hypot(x, y) || 0.01;
    const by = force(far) / far;
    moves.get(one.key).x += by * x;
    moves.get(one.key).y += by * y;
    moves.get(other.key).x -= by * x;
    moves.get(other.key).y -= by * y;
  };
  for (let at = 0; at < all.length; at += 1) {
    for (let next = at + 1; next < all.length; next += 1) move(all[at], all[next], (far) => -(length ** 2) / far);
  }
  for (const [one, other] of edges) move(of.get(one), of.get(other), (far) => far ** 2 / length);
  for (const each of all) {
    const { x, y } = moves.get(each.key);
    const far = Math.hypot(x, y) || 1;
    each.x += (x / far) * Math.min(far, most);
    each.y += (y / far) * Math.min(far, most);
  }
}

/** Move what overlaps apart, the short way; returns how many pairs did. */
function part(all) {
  let overlaps = 0;
  for (let at = 0; at < all.length; at += 1) {
    for (let next = at + 1; next < all.length; next += 1) {
      const [one, other] = [all[at], all[next]];
      const wide = (one.width + other.width) / 2 + GAP - Math.abs(one.x - other.x);
      const high = (one.height + other.height) / 2 + GAP - Math.abs(one.y - other.y);
      if (wide <= 0 || high <= 0) continue;
      overlaps += 1;
      if (wide < high) {
        const by = (one.x <= other.x ? wide : -wide) / 2;
        one.x -= by;
        other.x += by;
      } else {
        const by = (one.y <= other.y ? high : -high) / 2;
        one.y -= by;
        other.y += by;
      }
    }
  }
  return overlaps;
}

function keepInside(all, room) {
  for (const each of all) {
    each.x = Math.min(Math.max(each.x, each.width / 2 + 4), Math.max(room.width - each.width / 2 - 4, each.width / 2 + 4));
    each.y = Math.min(Math.max(each.y, each.height / 2 + 4), Math.max(room.height - each.height / 2 - 4, each.height / 2 + 4));
  }
}
