import { makeCheck } from "./check.js";
import { openModeler } from "./open.js";
import { addOutline } from "./outline.js";

/** Open the diagram of the page's text field, and keep the two equal, whichever is changed. */
export async function attachModeler(root) {
  const place = root.querySelector("#modeler[data-source]");
  if (!place || place.dataset.drawn) {
    return;
  }
  place.dataset.drawn = "loading";
  const source = root.querySelector(place.dataset.source);
  const readOnly = source.readOnly || source.disabled;
  // Before the drawing and its panel, which stand side by side.
  const board = place.closest(".drawing") ?? place;
  const warn = makeSpeaker(board, "alert");
  const tell = makeSpeaker(board, "status");
  const opened = await openModeler({
    container: place,
    properties: root.querySelector(place.dataset.properties),
    house: houseOf(place, source),
    readOnly,
  });
  const read = async () => {
    try {
      warn(describe(await opened.openXML(source.value)));
      tell(explain(opened));
      place.dataset.drawn = "yes";
      return true;
    } catch (error) {
      tell("");
      warn(`这张图打不开：${error.message}。请检查文件是不是 BPMN 2.0 的流程图；源文件的内容没有改动。`);
      place.dataset.drawn = "failed";
      return false;
    }
  };
  const drawn = await read();
  if (!readOnly) {
    keepEqual(opened, source, read, drawn);
    addOutline(board, opened.modeler);
  }
  leadToElements(root, place, opened);
}

/** Take along what the page knows: the names that may be typed, and where to ask about a text. */
function houseOf(place, source) {
  return {
    known: JSON.parse(place.dataset.known ?? "{}"),
    check: place.dataset.check && makeCheck(place.dataset.check, source.form),
  };
}

/** What was typed into the field by hand is never overwritten: it is drawn, or it stays as it is. */
function keepEqual(opened, source, read, drawn) {
  let agreed = drawn ? source.value : null;
  let changed = false;
  const write = async () => {
    if (source.value !== agreed) {
      return;
    }
    const xml = await opened.saveXML();
    if (source.value === agreed) {
      source.value = xml;
      agreed = source.value;
    }
  };
  opened.onChange(() => {
    changed = true;
    write();
  });
  source.addEventListener("change", async () => {
    changed = true;
    const typed = source.value;
    if (typed !== agreed && (await read())) {
      agreed = typed;
    }
  });
  submitAfter(source.form, async () => {
    if (changed) {
      await write();
    }
    changed = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (changed) {
      event.preventDefault();
    }
  });
}

function submitAfter(form, prepare) {
  let ready = false;
  const onSubmit = async (event) => {
    if (ready) {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    await prepare();
    // A form that is still being submitted ignores another submit: come back when this event is over.
    await new Promise((resolve) => setTimeout(resolve));
    ready = true;
    form.requestSubmit(event.submitter);
    ready = false;
  };
  form?.addEventListener("submit", onSubmit, { capture: true });
}

/** A fault in a list leads to the element that has it: `<a href="#modeler" data-element="id">`. */
function leadToElements(root, place, { modeler }) {
  for (const link of root.querySelectorAll("a[data-element]")) {
    link.addEventListener("click", () => {
      const element = modeler.get("elementRegistry").get(link.dataset.element);
      if (element) {
        modeler.get("canvas").scrollToElement(element);
        modeler.get("selection", false)?.select(element);
      }
    });
  }
}

function describe(warnings) {
  const details = warnings.map(({ message }) => message.replace("unknown attribute", "不认识的属性").replace("unparsable content", "不能识别的内容")).join("；");
  return warnings.length ? `图里有 ${warnings.length} 处没有读懂，改图后保存会丢失：${details}` : "";
}

function explain(opened) {
  const undrawn = opened.listUndrawn();
  return [
    opened.isLaidOut() ? "这个文件里没有画图的位置，已自动排好；改图后保存，位置一并写进文件。" : "",
    undrawn.length ? `图里有 ${undrawn.length} 处没有位置，看不见，改图后保存也原样保留：${undrawn.join("、")}。` : "",
  ].join("");
}

function makeSpeaker(place, role) {
  const message = document.createElement("p");
  message.className = `modeler-message modeler-${role}`;
  message.setAttribute("role", role);
  message.hidden = true;
  place.before(message);
  return (text) => {
    message.textContent = text;
    message.hidden = !text;
  };
}
