import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

import { DrawingModule } from "../drawing/index.js";
import suixu from "../suixu.json";

const WORDS = { done: "已办完", now: "正在办" };
const STEP = 60;

/** Draw every diagram below `root` that has not been drawn yet. */
export function drawDiagrams(root) {
  const places = [...root.querySelectorAll("div.diagram[data-xml-url]:not([data-drawn])")];
  if (root.matches?.("div.diagram[data-xml-url]:not([data-drawn])")) {
    places.push(root);
  }
  return Promise.all(places.map(drawDiagram));
}

async function drawDiagram(place) {
  place.dataset.drawn = "loading";
  try {
    const container = makeCanvas(place);
    const viewer = new NavigatedViewer({ container, moddleExtensions: { suixu }, additionalModules: [DrawingModule] });
    await viewer.importXML(await fetchXML(place.dataset.xmlUrl));
    mark(viewer, JSON.parse(place.dataset.marks || "{}"));
    fit(viewer);
    fitPaper(container);
    addControls(place, viewer);
    place.dataset.drawn = "yes";
  } catch (error) {
    place.dataset.drawn = "failed";
    showFailure(place, error);
  }
}

async function fetchXML(url) {
  const response = await fetch(url, { headers: { Accept: "application/xml" }, credentials: "same-origin" });
  if (!response.ok) {
    throw new Error(`HTTP ${response.status}`);
  }
  return response.text();
}

function makeCanvas(place) {
  place.setAttribute("role", "group");
  if (!place.hasAttribute("aria-label") && !place.hasAttribute("aria-labelledby")) {
    place.setAttribute("aria-label", "流程图");
  }
  const canvas = document.createElement("div");
  canvas.className = "diagram-canvas";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "流程图画面：方向键移动，加号、减号缩放，0 显示全图；同样的内容另有文字说明");
  place.append(canvas);
  return canvas;
}

function mark(viewer, marks) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  for (const [id, state] of Object.entries(marks)) {
    const element = registry.get(id);
    if (element) {
      canvas.addMarker(id, `mark-${state}`);
      describe(registry.getGraphics(id), element, state);
    }
  }
}

function describe(graphics, element, state) {
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.textContent = [element.businessObject.name, WORDS[state]].filter(Boolean).join("：");
  graphics.prepend(title);
}

function fit(viewer) {
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() > 1) {
    canvas.zoom(1, "auto");
  }
}

function addControls(place, viewer) {
  const canvas = viewer.get("canvas");
  const acts = {
    zoomIn: () => viewer.get("zoomScroll").stepZoom(1),
    zoomOut: () => viewer.get("zoomScroll").stepZoom(-1),
    whole: () => fit(viewer),
  };
  const bar = document.createElement("div");
  bar.className = "diagram-controls";
  bar.append(makeButton("放大", acts.zoomIn), makeButton("缩小", acts.zoomOut), makeButton("全图", acts.whole));
  place.append(bar);
  const keys = {
    "+": acts.zoomIn,
    "=": acts.zoomIn,
    "-": acts.zoomOut,
    0: acts.whole,
    ArrowLeft: () => canvas.scroll({ dx: STEP, dy: 0 }),
    ArrowRight: () => canvas.scroll({ dx: -STEP, dy: 0 }),
    ArrowUp: () => canvas.scroll({ dx: 0, dy: STEP }),
    ArrowDown: () => canvas.scroll({ dx: 0, dy: -STEP }),
  };
  place.querySelector(".diagram-canvas").addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      act();
    }
  });
}

/** On paper the canvas is narrower than on the screen: what was seen is printed whole, and smaller. */
function fitPaper(container) {
  const svg = container.querySelector(".djs-container > svg");
  addEventListener("beforeprint", () => {
    svg.setAttribute("viewBox", `0 0 ${container.clientWidth} ${container.clientHeight}`);
  });
  addEventListener("afterprint", () => svg.removeAttribute("viewBox"));
}

function makeButton(text, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-quiet";
  button.textContent = text;
  button.addEventListener("click", act);
  return button;
}

function showFailure(place, error) {
  const message = document.createElement("p");
  message.setAttribute("role", "alert");
  message.textContent = `流程图没有画出来（${error.message}）。请刷新页面再试；流程的内容见文字说明。`;
  place.replaceChildren(message);
}
