import htmx from "htmx.org";

// The pages allow neither inline styles nor code made from text.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.selfRequestsOnly = true;

window.htmx = htmx;
