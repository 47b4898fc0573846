// Keeps the page live and swaps parts of it in place. All of it works without: as plain links.
"use strict";

const say = (text) => { document.getElementById("announce").textContent = text; };

// Parts of a page by name; what they are is decided by the server, and only there.
const live = (root) => new Map([...root.querySelectorAll("[data-live]")].map((one) => [one.dataset.live, one]));

// Where the reader is: an element is found again by its id, or by where it leads.
function place() {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  if (at.id) return () => document.getElementById(at.id);
  const href = at.getAttribute("href");
  const part = at.closest("[data-live]")?.dataset.live;
  if (!href && !at.textContent) return null;
  return () => {
    const within = live(document).get(part) || document;
    return [...within.querySelectorAll(at.tagName)].find((one) =>
      href ? one.getAttribute("href") === href : one.textContent === at.textContent)
      || (at.hasAttribute("data-swap") && [...within.querySelectorAll("[data-swap]")].find((one) => one.textContent === at.textContent));
  };
}

// What the server last sent of each part: what readers opened since, or what was marked, is no change.
const sent = new Map([...live(document)].map(([name, part]) => [name, part.outerHTML]));

// Replaces the parts that differ; what is open stays open, and nothing that is typed is touched.
function swap(text, only) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const open = new Map([...document.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  const back = place();
  const scrolled = [...document.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
  let changed = 0;
  const old = live(document);
  for (const [name, part] of live(fresh)) {
    const here = old.get(name);
    if (!here || (only && name !== only) || sent.get(name) === part.outerHTML) continue;
    sent.set(name, part.outerHTML);
    const same = here.textContent === part.textContent;
    const put = document.importNode(part, true);
    for (const one of put.querySelectorAll("details[id]")) if (open.has(one.id)) one.open = open.get(one.id);
    here.replaceWith(put);
    if (!same && name !== "as-of") { put.classList.add("fresh"); changed += 1; }
  }
  document.querySelectorAll(".scroll").forEach((one, at) => { one.scrollLeft = scrolled[at] || 0; });
  const again = back && back();
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
  document.body.dataset.version = fresh.body.dataset.version;
  return { fresh, changed };
}

async function fetched(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.text();
}

// One refresh at a time, and after a pause one more if something changed meanwhile.
let busy = false;
let again = false;
async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const before = [...live(document).keys()].join();
    const { fresh, changed } = swap(await fetched(location.href));
    if ([...live(fresh).keys()].join() !== before && document.querySelector("[data-live]")) rebuild(fresh);
    if (changed) say("The page has changed.");
  } catch { /* the next change tries again */ }
  setTimeout(() => {
    busy = false;
    if (again) { again = false; refresh(); }
  }, 300);
}

// Parts that came or went: all but forms is taken as it is now, in its order.
function rebuild(fresh) {
  const main = document.getElementById("content");
  if (main.querySelector("form.event")) return;
  main.replaceChildren(...document.importNode(fresh.getElementById("content"), true).childNodes);
  for (const [name, part] of live(fresh)) sent.set(name, part.outerHTML);
}

if (document.querySelector("[data-live]") || document.querySelector("h1")) {
  const changes = new EventSource("/changes");
  changes.addEventListener("version", (event) => {
    if (event.data !== document.body.dataset.version) refresh();
  });
  addEventListener("pagehide", () => changes.close());
}

// Zoom and pan without leaving the place; the address is that of what is shown.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  const inTimeline = link.closest("#timeline") && new URL(link.href.baseVal || link.href, location.href).pathname === location.pathname;
  if (!link.hasAttribute("data-swap") && !inTimeline) return;
  event.preventDefault();
  const url = new URL(link.href.baseVal || link.href, location.href);
  try {
    swap(await fetched(url), "timeline");
    history.pushState(null, "", url);
    say(document.querySelector("#timeline .note").textContent);
  } catch { location.assign(url); }
});
addEventListener("popstate", () => refresh());

// Arrow keys walk along the marks of the picture that has the focus.
document.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const mark = document.activeElement?.closest?.("svg.chart a");
  if (!step || !mark) return;
  const marks = [...mark.closest("svg").querySelectorAll("a")];
  const next = marks[marks.indexOf(mark) + step];
  if (next) { event.preventDefault(); next.focus(); }
});

// The form: says what it would change while it is filled in, and keeps the token in this tab only.
const form = document.querySelector("form.event");
if (form) {
  const token = form.elements.token;
  token.value = sessionStorage.getItem("token") || "";
  token.addEventListener("change", () => sessionStorage.setItem("token", token.value));
  for (const name of ["source", "by", "by_party", "times_in"]) {
    const one = form.elements[name];
    if (!one) continue;
    one.value ||= sessionStorage.getItem(name) || "";
    one.addEventListener("change", () => sessionStorage.setItem(name, one.value));
  }
  const post = async (wants) => {
    const typed = new FormData(form);
    if (wants !== "send") typed.delete("token");
    typed.set("do", wants);
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(typed), credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
    const here = document.getElementById("preview");
    const open = here.querySelector("#raw")?.open;
    here.replaceChildren(...document.importNode(fresh, true).childNodes);
    if (open && here.querySelector("#raw")) here.querySelector("#raw").open = true;
    return here.querySelector(".outcome.taken") !== null;
  };
  let waits;
  let newest = 0;
  form.addEventListener("input", (event) => {
    if (event.target === token) return;
    clearTimeout(waits);
    const mine = ++newest;
    waits = setTimeout(() => { if (mine === newest) post("preview").catch(() => {}); }, 500);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(waits);
    newest += 1;
    const wants = event.submitter?.value || "preview";
    for (const one of form.querySelectorAll("button")) one.disabled = true;
    try {
      if (await post(wants)) {
        for (const name of ["report_id", "claim_id", "coverage_id"]) if (form.elements[name]) form.elements[name].value = "";
      }
      say(document.querySelector("#preview .outcome, #preview li, #preview p")?.textContent || "");
    } catch {
      say("The pages do not answer. Nothing that you typed is lost: try again.");
    }
    for (const one of form.querySelectorAll("button")) one.disabled = false;
  });
  const addPlace = (text) => {
    const list = form.elements.places;
    list.value = [list.value.trim(), text].filter(Boolean).join("\n");
    list.dispatchEvent(new Event("input", { bubbles: true }));
    say(`${text} is added to the places.`);
  };
  for (const one of form.querySelectorAll(".place-finder")) one.hidden = false;
  const map = form.querySelector("#place-map svg");
  map?.addEventListener("click", (event) => {
    const shown = map.getScreenCTM();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(shown.inverse());
    const { west, north, scale, squeeze, pad } = Object.fromEntries(Object.entries(map.dataset).map(([name, text]) => [name, Number(text)]));
    const lat = north - (at.y - pad) / scale;
    const lon = west + (at.x - pad) / (scale * squeeze);
    // Three pixels of the screen: nobody points better.
    addPlace([lat.toFixed(3), lon.toFixed(3), Math.max(1, Math.ceil(3 * 111.2 / scale / shown.a))].join());
  });
  const query = document.getElementById("place-query");
  const hits = document.getElementById("place-hits");
  if (query) {
    query.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    query.addEventListener("input", async () => {
      const found = await (await fetch(`/places?q=${encodeURIComponent(query.value)}`)).json();
      hits.replaceChildren(...found.map(({ code, name }) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: `${name} (${code})` });
        button.addEventListener("click", () => addPlace(code));
        return button;
      }));
    });
  }
}
