import { arrange } from "./arrange.js";

const TITLE = 30;

/** Draw what comes without a drawing: an engine asks for none, a person does. `layout.done` tells that it did. */
class Layout {
  constructor(eventBus, moddle) {
    this.moddle = moddle;
    this.done = false;
    eventBus.on("import.parse.complete", ({ definitions, elementsById }) => {
      this.done = Boolean(definitions) && !isDrawn(definitions);
      if (this.done) {
        this.draw(definitions, new Set(Object.keys(elementsById)));
      }
    });
  }

  draw(definitions, taken) {
    const roots = definitions.rootElements ?? [];
    const process = roots.find((one) => one.$instanceOf("bpmn:Process"));
    if (!process) {
      return;
    }
    const collaboration = roots.find((one) => one.participants?.some((pool) => pool.processRef === process));
    const found = arrange(process);
    const drawn = [];
    if (collaboration) {
      const box = { x: -TITLE, y: 0, width: found.width + TITLE, height: found.height };
      drawn.push(this.shape(collaboration.participants.find((pool) => pool.processRef === process), box));
    }
    for (const [element, box] of [...found.lanes, ...found.boxes]) {
      name(element, taken);
      drawn.push(this.shape(element, box));
    }
    for (const line of linesIn(process)) {
      const points = route(found.boxes.get(line.sourceRef), found.boxes.get(line.targetRef), line.sourceRef);
      if (points) {
        name(line, taken);
        drawn.push(this.edge(line, points));
      }
    }
    const plane = this.moddle.create("bpmndi:BPMNPlane", { bpmnElement: collaboration ?? process, planeElement: drawn });
    own(drawn, plane);
    const diagram = this.moddle.create("bpmndi:BPMNDiagram", { plane });
    own([plane], diagram);
    own([diagram], definitions);
    definitions.diagrams = [diagram];
  }

  shape(element, { x, y, width, height }) {
    const bounds = this.moddle.create("dc:Bounds", { x, y, width, height });
    const shape = this.moddle.create("bpmndi:BPMNShape", { id: `${element.id}_di`, bpmnElement: element, bounds });
    own([bounds], shape);
    if (element.$instanceOf("bpmn:SubProcess")) {
      shape.isExpanded = true;
    }
    if (element.$instanceOf("bpmn:Lane") || element.$instanceOf("bpmn:Participant")) {
      shape.isHorizontal = true;
    }
    return shape;
  }

  edge(element, points) {
    const waypoint = points.map(([x, y]) => this.moddle.create("dc:Point", { x, y }));
    const edge = this.moddle.create("bpmndi:BPMNEdge", { id: `${element.id}_di`, bpmnElement: element, waypoint });
    own(waypoint, edge);
    return edge;
  }
}

Layout.$inject = ["eventBus", "moddle"];

export const LayoutModule = { __init__: ["layout"], layout: ["type", Layout] };

/** Name what the file has and the drawing does not: it is kept, and cannot be seen. */
export function listUndrawn(definitions, registry) {
  const process = definitions.rootElements?.find((one) => one.$instanceOf("bpmn:Process"));
  const every = process ? [...nodesIn(process), ...linesIn(process)] : [];
  return every.filter((one) => !one.id || !registry.get(one.id)).map((one) => one.name || one.id || one.$type);
}

function isDrawn(definitions) {
  return definitions.diagrams?.some(({ plane }) => plane?.planeElement?.length);
}

function own(children, parent) {
  for (const child of children) {
    child.$parent = parent;
  }
}

/** What is drawn is pointed at by its id; the engine names a flow without one in the same way. */
function name(element, taken) {
  if (!element.id) {
    const wanted = `flow.${element.sourceRef?.id}.${element.targetRef?.id}`;
    let number = 1;
    do {
      element.id = number === 1 ? wanted : `${wanted}.${number}`;
      number += 1;
    } while (taken.has(element.id));
    taken.add(element.id);
  }
}

function nodesIn(scope) {
  return (scope.flowElements ?? [])
    .filter((one) => one.$instanceOf("bpmn:FlowNode"))
    .flatMap((one) => [one, ...nodesIn(one)]);
}

function linesIn(scope) {
  const content = [...(scope.flowElements ?? []), ...(scope.artifacts ?? [])];
  return content.flatMap((one) =>
    one.$instanceOf("bpmn:SequenceFlow") || one.$instanceOf("bpmn:Association") ? [one] : linesIn(one),
  );
}

/** Lead a line through the gaps between columns and rows, where nothing stands. */
function route(from, to, source) {
  if (!from || !to) {
    return null;
  }
  const [sourceY, targetY] = [from.y + from.height / 2, to.y + to.height / 2];
  const before = to.x - 20;
  if (source.attachedToRef) {
    const [x, y] = [from.x + from.width / 2, from.below + 20];
    return [[x, from.y + from.height], [x, y], [before, y], [before, targetY], [to.x, targetY]];
  }
  const right = from.x + from.width;
  if (to.column === from.column + 1) {
    const bend = sourceY === targetY ? [] : [[before, sourceY], [before, targetY]];
    return [[right, sourceY], ...bend, [to.x, targetY]];
  }
  const [after, y] = [right + 20, from.below + 20];
  return [[right, sourceY], [after, sourceY], [after, y], [before, y], [before, targetY], [to.x, targetY]];
}
