/** Say where the nodes of a scope stand: columns by the order of the flows, rows by lane, what is inside inside. */

export const GAP = { x: 60, y: 50 };
const MARGIN = 40;
const TITLE = 30;
const SIZES = [
  ["bpmn:Event", 36, 36],
  ["bpmn:Gateway", 50, 50],
  ["bpmn:Activity", 100, 80],
];
const ASIDE = [
  ["bpmn:DataObjectReference", 36, 50],
  ["bpmn:DataStoreReference", 50, 50],
  ["bpmn:TextAnnotation", 140, 50],
];

/** Give `{width, height, boxes, lanes}`: a Map from element to `{x, y, width, height}`, the same for lanes. */
export function arrange(scope) {
  const content = scope.flowElements ?? [];
  const nodes = content.filter((one) => one.$instanceOf("bpmn:FlowNode") && !one.attachedToRef);
  const inner = new Map();
  for (const node of nodes) {
    if (node.$instanceOf("bpmn:SubProcess")) {
      inner.set(node, arrange(node));
    }
  }
  const bands = listLanes(scope.laneSets ?? []);
  const cells = seat(nodes, rank(nodes, content), bands);
  const grid = measure(cells, inner, bands);
  const boxes = new Map();
  for (const { node, column, row, width, height } of cells) {
    const [x, y] = [grid.columns[column], grid.rows[row]];
    boxes.set(node, { column, x: x.at, y: y.at + (y.size - height) / 2, width, height, below: y.at + y.size });
  }
  for (const [node, found] of inner) {
    place(found, boxes.get(node), boxes);
  }
  attach(content, boxes);
  const height = setAside([...content, ...(scope.artifacts ?? [])], grid.height, boxes);
  return { width: grid.width, height, boxes, lanes: spread(bands, grid) };
}

function place(found, { x, y }, boxes) {
  for (const [node, box] of found.boxes) {
    boxes.set(node, { ...box, x: box.x + x, y: box.y + y, below: box.below + y });
  }
}

function sizeOf(node, inner) {
  const found = inner.get(node);
  if (found) {
    return [Math.max(found.width, 140), Math.max(found.height, 100)];
  }
  return SIZES.find(([type]) => node.$instanceOf(type))?.slice(1) ?? [100, 80];
}

/** Count for each node how many come before it; a flow that leads back counts for nothing. */
function rank(nodes, content) {
  const next = new Map(nodes.map((node) => [node, []]));
  for (const flow of content.filter((one) => one.$instanceOf("bpmn:SequenceFlow"))) {
    const source = flow.sourceRef?.attachedToRef ?? flow.sourceRef;
    if (next.has(source) && next.has(flow.targetRef)) {
      next.get(source).push(flow.targetRef);
    }
  }
  const entered = new Set([...next.values()].flat());
  const order = [];
  const open = new Set();
  const seen = new Set();
  const forward = new Map();
  const visit = (node) => {
    seen.add(node);
    open.add(node);
    forward.set(node, next.get(node).filter((target) => !open.has(target)).reverse());
    forward.get(node).forEach(visitOnce);
    open.delete(node);
    order.unshift(node);
  };
  const visitOnce = (node) => seen.has(node) || visit(node);
  // What is visited last comes first: event sub-processes, which nothing leads to, are to come last.
  nodes.filter((node) => node.triggeredByEvent).forEach(visitOnce);
  nodes.filter((node) => !entered.has(node)).reverse().forEach(visitOnce);
  nodes.forEach(visitOnce);
  const ranks = new Map(nodes.map((node) => [node, { column: 0, before: null }]));
  for (const node of order) {
    for (const target of forward.get(node)) {
      if (ranks.get(target).column <= ranks.get(node).column) {
        ranks.set(target, { column: ranks.get(node).column + 1, before: node });
      }
    }
  }
  return { ranks, order };
}

/** A row belongs to one lane; each node takes the row of the one before it where that is free. */
function seat(nodes, { ranks, order }, bands) {
  const bandOf = new Map(bands.flatMap(({ lane }, band) => (lane.flowNodeRef ?? []).map((node) => [node, band])));
  const taken = new Set();
  const seats = new Map();
  for (const node of order) {
    const { column, before } = ranks.get(node);
    const band = bandOf.get(node) ?? bands.length;
    let row = seats.get(before)?.band === band ? seats.get(before).row : 0;
    while (taken.has(`${band} ${row} ${column}`)) {
      row += 1;
    }
    taken.add(`${band} ${row} ${column}`);
    seats.set(node, { node, column, band, row });
  }
  return [...seats.values()];
}

function measure(cells, inner, bands) {
  for (const cell of cells) {
    [cell.width, cell.height] = sizeOf(cell.node, inner);
    cell.row = `${cell.band} ${cell.row}`;
  }
  const columns = pile(cells, "column", "width", MARGIN + TITLE * Math.max(0, ...bands.map(({ depth }) => depth)), GAP.x);
  const used = new Set(cells.map(({ row }) => row));
  const empty = bands.map((_, band) => ({ row: `${band} 0`, height: 60 })).filter(({ row }) => !used.has(row));
  const rows = pile([...cells, ...empty], "row", "height", MARGIN, GAP.y);
  return { columns: columns.of, rows: rows.of, width: columns.end + MARGIN - GAP.x, height: rows.end + MARGIN - GAP.y };
}

function pile(cells, by, extent, start, gap) {
  const sizes = new Map();
  for (const cell of cells) {
    sizes.set(cell[by], Math.max(cell[extent], sizes.get(cell[by]) ?? 0));
  }
  const of = {};
  let end = start;
  for (const [key, size] of [...sizes].sort(([one], [other]) => compare(one, other))) {
    of[key] = { at: end, size };
    end += size + gap;
  }
  return { of, end: Math.max(end, start + gap) };
}

function compare(one, other) {
  const [[band, row], [otherBand, otherRow]] = [one, other].map((key) => String(key).split(" ").map(Number));
  return band - otherBand || (row ?? 0) - (otherRow ?? 0);
}

/** Events sit on the lower border of their activity, from left to right. */
function attach(content, boxes) {
  const count = new Map();
  for (const event of content.filter((one) => boxes.has(one.attachedToRef))) {
    const host = boxes.get(event.attachedToRef);
    const number = count.get(event.attachedToRef) ?? 0;
    count.set(event.attachedToRef, number + 1);
    const y = host.y + host.height - 18;
    boxes.set(event, { column: host.column, x: host.x + 10 + number * 46, y, width: 36, height: 36, below: host.below });
  }
}

function setAside(content, start, boxes) {
  let x = MARGIN;
  let height = start;
  for (const one of content) {
    const size = ASIDE.find(([type]) => one.$instanceOf(type));
    if (size) {
      boxes.set(one, { column: -1, x, y: start, width: size[1], height: size[2], below: start + size[2] });
      x += size[1] + GAP.x;
      height = start + 50 + MARGIN;
    }
  }
  return height;
}

/** List the lanes that hold no others, in order, each with the lanes around it. */
function listLanes(sets, around = []) {
  return sets.flatMap((set) =>
    (set.lanes ?? []).flatMap((lane) => {
      const path = [...around, lane];
      const children = lane.childLaneSet ? listLanes([lane.childLaneSet], path) : [];
      return children.length ? children : [{ lane, path, depth: path.length }];
    }),
  );
}

function spread(bands, { rows, width }) {
  const lanes = new Map();
  bands.forEach(({ path }, band) => {
    const own = Object.entries(rows).filter(([key]) => key.startsWith(`${band} `)).map(([, row]) => row);
    const top = Math.min(...own.map(({ at }) => at)) - GAP.y / 2;
    const bottom = Math.max(...own.map(({ at, size }) => at + size)) + GAP.y / 2;
    path.forEach((lane, level) => {
      const first = lanes.get(lane) ?? { y: top };
      lanes.set(lane, { x: level * TITLE, y: first.y, width: width - level * TITLE, height: bottom - first.y });
    });
  });
  return lanes;
}
