import { openModeler } from "./open.js";

/** Open the diagram of the page's text field, and keep the field equal to what is drawn. */
export async function attachModeler(root) {
  const place = root.querySelector("#modeler[data-source]");
  if (!place || place.dataset.drawn) {
    return;
  }
  place.dataset.drawn = "loading";
  const source = root.querySelector(place.dataset.source);
  const readOnly = source.readOnly || source.disabled;
  try {
    const opened = await openModeler({
      container: place,
      properties: root.querySelector(place.dataset.properties),
      xml: source.value,
      readOnly,
    });
    if (!readOnly) {
      keepEqual(opened, source);
    }
    showWarnings(place, opened.warnings);
    place.dataset.drawn = "yes";
  } catch (error) {
    place.dataset.drawn = "failed";
    say(place, `这张图打不开：${error.message}。请检查文件是不是 BPMN 2.0 的流程图；文本框里的内容没有改动。`);
  }
}

function keepEqual(opened, source) {
  let changed = false;
  const write = async () => {
    const xml = await opened.saveXML();
    if (source.value !== xml) {
      source.value = xml;
      source.dispatchEvent(new Event("change", { bubbles: true }));
    }
  };
  opened.onChange(() => {
    changed = true;
    write();
  });
  submitAfter(source.form, async () => {
    await write();
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

function showWarnings(place, warnings) {
  if (warnings.length) {
    const details = warnings.map((warning) => warning.message).join("；");
    say(place, `图里有 ${warnings.length} 处没有读懂，保存后会丢失：${details}`);
  }
}

function say(place, text) {
  const message = document.createElement("p");
  message.className = "modeler-message";
  message.setAttribute("role", "alert");
  message.textContent = text;
  place.before(message);
}
