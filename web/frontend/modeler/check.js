import { useEffect, useState } from "@bpmn-io/properties-panel/preact/hooks";

const PAUSE = 500;

/**
 * Ask the house what is wrong with a text, in the drawing that `form` holds; whoever cannot be reached says nothing.
 *
 * Only what was right is remembered: what is wrong may be right once the drawing has changed elsewhere.
 */
export function makeCheck(url, form) {
  const right = new Set();
  const name = (kind, text) => `${kind} ${text}`;
  return {
    isRight: (kind, text) => right.has(name(kind, text)),
    ask: async (kind, text, signal) => {
      try {
        const body = new FormData(form);
        body.delete("table");
        body.set("kind", kind);
        body.set("text", text);
        const response = await fetch(url, { method: "POST", body, signal, redirect: "error" });
        const { fault } = response.ok ? await response.json() : {};
        if (fault === "") {
          right.add(name(kind, text));
        }
        return fault ?? "";
      } catch {
        // Nobody answers: the person goes on typing, and publishing checks all of it again.
      }
      return "";
    },
  };
}

/** Give what is wrong with a text once nobody has typed for a moment, "" while nothing is known. */
export function useFault(check, kind, text) {
  const [fault, setFault] = useState("");
  useEffect(() => {
    if (!kind || !check || !text.trim() || check.isRight(kind, text)) {
      setFault("");
      return undefined;
    }
    const control = new AbortController();
    const timer = setTimeout(async () => {
      const found = await check.ask(kind, text, control.signal);
      if (!control.signal.aborted) {
        setFault(found);
      }
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [check, kind, text]);
  return fault;
}
