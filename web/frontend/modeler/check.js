import { useEffect, useState } from "@bpmn-io/properties-panel/preact/hooks";

const PAUSE = 500;

/** Ask the house what is wrong with a text; whoever cannot be reached has nothing to say. */
export function makeCheck(url, token) {
  const answers = new Map();
  const name = (kind, text) => `${kind} ${text}`;
  return {
    recall: (kind, text) => answers.get(name(kind, text)),
    ask: async (kind, text, signal) => {
      try {
        const body = new URLSearchParams({ kind, text, csrf_token: token });
        const response = await fetch(url, { method: "POST", body, signal, redirect: "error" });
        if (response.ok) {
          answers.set(name(kind, text), (await response.json()).fault);
        }
      } catch {
        // Nobody answers: the person goes on typing, and publishing checks all of it again.
      }
      return answers.get(name(kind, text)) ?? "";
    },
  };
}

/** Give what is wrong with a text once nobody has typed for a moment, "" while nothing is known. */
export function useFault(check, kind, text) {
  const [fault, setFault] = useState("");
  useEffect(() => {
    const known = kind && check && text.trim() ? check.recall(kind, text) : "";
    if (known !== undefined) {
      setFault(known);
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
