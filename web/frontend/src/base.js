// On every page: htmx, clocks, looks, small manners.
import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import "./clocks.js";
import "./looks.js";
import "./notices.js";

document.documentElement.dataset.ready = "";
