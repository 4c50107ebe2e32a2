import htmx from "htmx.org";

// The pages allow neither inline styles nor code made from text.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.selfRequestsOnly = true;
// A form that is sent waits for what is being kept, but not for ever.
htmx.config.timeout = 10_000;

window.htmx = htmx;

// What a page keeps by itself while one types (自动暂存). Files wait for the form's own buttons.
document.addEventListener("htmx:configRequest", ({ detail: { formData } }) => {
  for (const name of new Set(formData.keys())) {
    const kept = formData.getAll(name).filter((value) => !(value instanceof File));
    formData.delete(name);
    kept.forEach((value) => formData.append(name, value));
  }
});
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, ({ detail: { target, xhr } }) => {
    target.setAttribute("role", "alert");
    target.textContent = `没有自动暂存：${excuse(xhr.status)}`;
  });
}

function excuse(status) {
  if (status === 401) {
    return "登录已经结束。请先复制新写的内容，再重新登录。";
  }
  // Sent by its button, the form comes back with what is wrong.
  return status >= 400 && status < 500 ? "请点“暂存”，看是什么原因。" : "系统暂时没有答复。请稍后点“暂存”。";
}

// Five minutes before a session ends the page says so, while it can still be extended.
const EARLY = 5 * 60;
let warning = 0;
htmx.onLoad(() => {
  const place = document.getElementById("session");
  clearTimeout(warning);
  if (place && place.dataset.left > EARLY) {
    warning = setTimeout(() => {
      place.setAttribute("role", "alert");
      place.classList.add("notice", "notice-warning");
      place.prepend("登录快要结束了。");
    }, (place.dataset.left - EARLY) * 1000);
  }
});

// The two never pass each other: a form that is sent waits for what is being kept, and nothing is kept behind it.
let keeping = 0;
let waiting = false;
let sent = false;
document.addEventListener("htmx:beforeRequest", (event) => {
  if (sent) {
    event.preventDefault();
  } else {
    keeping += 1;
  }
});
document.addEventListener("htmx:afterRequest", () => {
  keeping -= 1;
});
document.addEventListener("submit", (event) => {
  if (keeping) {
    event.preventDefault();
    if (!waiting) {
      waiting = true;
      sendAfterwards(event);
    }
  } else {
    sent = true;
  }
});

function sendAfterwards({ target, submitter }) {
  const send = () => {
    waiting = false;
    target.requestSubmit(submitter);
  };
  document.addEventListener("htmx:afterRequest", send, { once: true });
}

addEventListener("pageshow", () => {
  sent = false;
});
