// The page: puts its parts together, and follows one job at a time.

import {beginAnswer, onEvent, redraw, setJobId, spokenSummary} from "./answer.js";
import {byId, make, remember, remembered} from "./elements.js";
import {chosenLanguages, setLanguages, setUpLanguages, showChosen} from "./languages.js";
import {follow, forgetJob, getJson, health, Refused, startJob} from "./server.js";
import {setExamples, setUpSource, showExamples, showTrim, source, trimmed} from "./source.js";
import {has, INTERFACES, interfaceLanguage, number, setInterface, t} from "./words.js";

let facts = null; // {systems, speech, limits, kept}
let running = null; // {id, sending}
let state = "loading";
// How far each stage is within a part.
const STAGES = {reading: 0, face: 0.1, pauses: 0.1, decode_and_crop: 0.3, landmarks: 0.4, sign_hiera: 0.5, sign_encoder: 0.7, decoding: 0.75, pictures: 0.95, speech: 0.97};

function chosenSystems() {
  const boxes = [...byId("systems").querySelectorAll("input:checked")].map(box => box.value);
  return boxes.length ? boxes : [facts.systems[0].name];
}

function update() {
  const ready = facts !== null && state === "ready" && source() && chosenLanguages().length;
  byId("translate").disabled = !ready || running !== null;
  byId("cancel").hidden = running === null;
  const chip = byId("server-state");
  if (chip.textContent !== t(state)) chip.textContent = t(state);
  chip.classList.toggle("ready", state === "ready");
}

async function watchHealth() {
  for (;;) {
    state = await health();
    if (state === "ready" && facts === null) {
      try { await loadFacts(); } catch (error) { showError(error); }
    }
    update();
    await new Promise(resolve => setTimeout(resolve, state === "ready" ? 15_000 : 700));
  }
}

async function loadFacts() {
  const [found, languages, examples] = await Promise.all(
    ["api/systems", "api/languages", "api/examples"].map(getJson));
  facts = found;
  setLanguages(languages, facts.systems[0].caption_language);
  setExamples(examples);
  const wanted = remembered("systems", []);
  byId("systems-field").hidden = facts.systems.length < 2;
  byId("systems").replaceChildren(...facts.systems.map((one, place) => {
    const known = facts.systems.some(other => wanted.includes(other.name));
    const box = make("input", {type: "checkbox", value: one.name});
    box.checked = known ? wanted.includes(one.name) : place === 0;
    box.addEventListener("change", () => { remember("systems", chosenSystems()); showFacts(); });
    return make("label", {class: "inline"}, box, one.name);
  }));
  byId("speech-field").hidden = !facts.speech.languages?.length;
  byId("speak").checked = remembered("speak", false);
  byId("speech-options").hidden = !byId("speak").checked;
  showFacts();
}

// All that depends on the server's facts and is in words.
function showFacts() {
  if (facts === null) return;
  const {limits} = facts;
  byId("limits").textContent = t("limits", {mb: Math.round(limits.bytes / 1e6), seconds: limits.seconds, pixels: number(limits.pixels / 1e6, 0)});
  byId("privacy").textContent = t(facts.kept ? "kept" : "private");
  const used = facts.systems.filter(one => chosenSystems().includes(one.name));
  const drawn = used.filter(one => one.drawn);
  byId("warning").hidden = !drawn.length;
  byId("warning").textContent = t("drawn", {name: drawn.map(one => one.name).join(", ")});
  byId("about").replaceChildren(...used.map(aboutSystem));
  const style = byId("style"), before = style.value || remembered("style", "neutral");
  style.replaceChildren(...(facts.speech.styles ?? []).map(name => make("option", {value: name}, t(name))));
  style.value = (facts.speech.styles ?? []).includes(before) ? before : "neutral";
}

function aboutSystem(one) {
  const row = (head, words) => make("tr", {}, make("th", {scope: "row"}, head), make("td", {}, words));
  const corpora = one.trained_on?.map(corpus => t("clips", {name: corpus.name, n: corpus.clips})).join(", ");
  const value = one.test && {value: number(one.test.bleu_4), n: one.test.n_clips, corpus: one.test.corpus};
  const test = !value ? t("unknown") : one.test.low === null ? t("test_plain", value)
    : t("test_value", {...value, low: number(one.test.low), high: number(one.test.high)});
  return make("table", {}, make("caption", {class: "strong"}, one.name), make("tbody", {},
    row(t("trained_on"), corpora ?? t("unknown")), row(t("test"), test),
    row(t("confidence"), t(one.calibrated ? "calibrated" : "not_calibrated"))));
}

function showError(error) {
  byId("progress-pane").hidden = true;
  const key = `error_${error.code}`;
  const box = byId("error");
  box.replaceChildren(t(has(key) ? key : "error_other"));
  if (error.message) box.append(make("span", {class: "detail", lang: "en"}, error.message));
  box.hidden = false;
}

function showStage(words, share) {
  byId("progress-pane").hidden = false;
  if (byId("progress-text").textContent !== words) byId("progress-text").textContent = words;
  if (share === null) byId("progress").removeAttribute("value"); else byId("progress").value = share;
}

function form(chosen) {
  const made = new FormData();
  for (const code of chosenLanguages()) made.append("language", code);
  for (const name of chosenSystems()) made.append("system", name);
  const part = trimmed();
  if (part) { made.append("start_s", part.start.toFixed(3)); made.append("end_s", part.end.toFixed(3)); }
  if (byId("speak").checked && !byId("speech-field").hidden) {
    made.append("speak", "true");
    made.append("style", byId("style").value);
    made.append("intensity", byId("intensity").value);
    made.append("dub", String(byId("dub").checked));
  }
  if (chosen.example) made.append("example", chosen.example);
  else made.append("video", chosen.blob, "video");
  return made;
}

async function translate() {
  const chosen = source();
  if (!chosen || running) return;
  if (facts.limits.bytes < chosen.blob.size) return showError(new Refused("too_large", ""));
  const sending = new AbortController();
  running = {id: null, sending};
  beginAnswer(chosenSystems(), [...chosenLanguages()], chosen);
  showStage(t("stage_upload"), null);
  // On a phone the answer is below.
  if (byId("result").getBoundingClientRect().top > innerHeight / 2) byId("result").scrollIntoView();
  update();
  try {
    const job = await startJob(form(chosen), sending.signal);
    running.id = job.id;
    setJobId(job.id);
    for await (const event of follow(job.id)) onJobEvent(event);
  } catch (error) {
    if (error.name === "AbortError") announce(t("cancelled")); else showError(error);
  }
  byId("progress-pane").hidden = true;
  if (byId("answer").hidden && byId("error").hidden) byId("empty").hidden = false;
  running = null;
  update();
}

function onJobEvent(event) {
  if (event.event === "queued") showStage(t("stage_queued", {place: event.place}), null);
  else if (event.event === "stage") {
    const name = t(`stage_${event.stage}`);
    const words = event.n_parts > 1 && STAGES[event.stage] > 0 && STAGES[event.stage] < 0.9
      ? t("stage_part", {stage: name, part: event.part + 1, n: event.n_parts}) : name;
    showStage(words, STAGES[event.stage] > 0.9 ? STAGES[event.stage] : (event.part + (STAGES[event.stage] ?? 0)) / event.n_parts);
  } else if (event.event === "failed") showError(new Refused(event.code, event.sentence));
  else if (event.event === "cancelled") announce(t("cancelled"));
  onEvent(event);
  if (event.event === "done") announce(t("done", {text: spokenSummary()}));
}

function announce(words) { byId("announcement").textContent = words; }

function cancel() {
  if (running?.id) forgetJob(running.id);
  else running?.sending.abort();
}

function changeInterface(language) {
  setInterface(language);
  byId("interface").value = interfaceLanguage();
  showFacts();
  showChosen();
  showExamples();
  if (source()) showTrim();
  redraw();
  update();
}

setUpSource(update);
setUpLanguages(update);
byId("translate").addEventListener("click", translate);
byId("cancel").addEventListener("click", cancel);
byId("interface").addEventListener("change", event => {
  remember("interface", event.target.value);
  changeInterface(event.target.value);
});
byId("speak").addEventListener("change", () => {
  remember("speak", byId("speak").checked);
  byId("speech-options").hidden = !byId("speak").checked;
});
byId("style").addEventListener("change", () => remember("style", byId("style").value));
window.addEventListener("pagehide", () => { if (running?.id) forgetJob(running.id); });
const preferred = navigator.languages.map(one => one.slice(0, 2)).find(one => INTERFACES.includes(one));
changeInterface(remembered("interface", preferred ?? "en"));
watchHealth();
