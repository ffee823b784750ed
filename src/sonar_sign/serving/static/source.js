// Where the video comes from: a file, the camera, or an example; and which part of it is wanted.

import {byId, make} from "./elements.js";
import {getBlob} from "./server.js";
import {number, t} from "./words.js";
import {openCamera, closeCamera, record, stopRecording} from "./camera.js";

const PANES = {camera: "camera-pane", file: "file-pane", examples: "examples-pane"};
let chosen = null; // {blob, name, example, caption, seconds, from}
let pane = "file";
let onChange = () => {};
let examples = [];

export const source = () => chosen;

export function trimmed() {
  const start = Number(byId("trim-start").value), end = Number(byId("trim-end").value);
  const whole = start < 0.05 && end > chosen.seconds - 0.1;
  return whole || !Number.isFinite(chosen.seconds) ? null : {start, end};
}

export function setUpSource(changed) {
  onChange = changed;
  for (const name of Object.keys(PANES))
    byId(`use-${name}`).addEventListener("click", () => show(name));
  byId("file").addEventListener("change", event => {
    const [file] = event.target.files;
    if (file) choose({blob: file, name: file.name, from: "file"});
    event.target.value = "";
  });
  setUpDrop();
  byId("record").addEventListener("click", recordOnce);
  byId("stop").addEventListener("click", stopRecording);
  byId("retake").addEventListener("click", () => show("camera"));
  byId("discard").addEventListener("click", () => show(pane));
  byId("play-part").addEventListener("click", playPart);
  for (const name of ["start", "end"])
    byId(`trim-${name}`).addEventListener("input", () => moveTrim(name));
  byId("preview").addEventListener("timeupdate", () => {
    if (byId("preview").dataset.stopAt && byId("preview").currentTime >= Number(byId("preview").dataset.stopAt)) {
      byId("preview").pause();
      delete byId("preview").dataset.stopAt;
    }
  });
}

function show(name) {
  pane = name;
  if (chosen) URL.revokeObjectURL(byId("preview").src);
  chosen = null;
  byId("preview").removeAttribute("src");
  byId("preview-pane").hidden = true;
  for (const [one, id] of Object.entries(PANES)) {
    byId(id).hidden = one !== name;
    byId(`use-${one}`).setAttribute("aria-pressed", String(one === name));
  }
  if (name === "camera") openCamera(); else closeCamera();
  onChange();
}

async function recordOnce() {
  const recorded = await record();
  if (!recorded) return;
  choose({...recorded, name: t("camera_name"), from: "camera"});
  byId("translate").focus();
}

async function choose(found) {
  closeCamera();
  chosen = {...found, seconds: NaN};
  for (const id of Object.values(PANES)) byId(id).hidden = true;
  byId("preview-pane").hidden = false;
  byId("retake").hidden = found.from !== "camera";
  const megabytes = number(found.blob.size / 1e6);
  byId("source-name").textContent = `${found.name} · ${megabytes} MB`;
  byId("trim").hidden = byId("play-part").hidden = true;
  const video = byId("preview");
  video.src = URL.createObjectURL(found.blob);
  onChange();
  const seconds = await lengthOf(video);
  if (chosen?.blob !== found.blob || !Number.isFinite(seconds)) return;
  chosen.seconds = seconds;
  for (const name of ["start", "end"]) byId(`trim-${name}`).max = seconds;
  const [start, end] = found.moving ?? [0, seconds];
  byId("trim-start").value = end - start < 0.5 ? 0 : start;
  byId("trim-end").value = end - start < 0.5 ? seconds : Math.min(end, seconds);
  byId("trim").hidden = byId("play-part").hidden = seconds < 1;
  showTrim();
}

// Recorded video declares no length: a browser finds it by going far behind the end.
async function lengthOf(video) {
  const event = name => new Promise(resolve => video.addEventListener(name, resolve, {once: true}));
  if (video.readyState < 1) await Promise.race([event("loadedmetadata"), event("error")]);
  if (video.duration === Infinity) {
    video.currentTime = 1e7;
    await Promise.race([event("durationchange"), event("error"), new Promise(r => setTimeout(r, 3000))]);
    video.currentTime = 0;
  }
  return video.duration;
}

function moveTrim(moved) {
  const [start, end] = [byId("trim-start"), byId("trim-end")];
  const least = Math.min(0.5, chosen.seconds);
  if (moved === "start") start.value = Math.min(start.value, end.value - least);
  else end.value = Math.max(end.value, Number(start.value) + least);
  byId("preview").pause();
  byId("preview").currentTime = moved === "start" ? start.value : Math.max(0, end.value - 0.05);
  showTrim();
}

export function showTrim() {
  for (const name of ["start", "end"]) {
    const words = t("seconds", {s: number(Number(byId(`trim-${name}`).value))});
    byId(`trim-${name}-value`).textContent = words;
    byId(`trim-${name}`).setAttribute("aria-valuetext", words);
  }
}

function playPart() {
  const video = byId("preview");
  video.currentTime = byId("trim-start").value;
  video.dataset.stopAt = byId("trim-end").value;
  video.play();
}

function setUpDrop() {
  const zone = byId("file-pane");
  // A video that misses the field must not replace the page.
  for (const name of ["dragover", "drop"])
    window.addEventListener(name, event => event.preventDefault());
  for (const name of ["dragenter", "dragover"])
    zone.addEventListener(name, () => zone.classList.add("over"));
  for (const name of ["dragleave", "drop"])
    zone.addEventListener(name, () => zone.classList.remove("over"));
  window.addEventListener("drop", event => {
    const [file] = event.dataTransfer?.files ?? [];
    if (file) {
      show("file");
      choose({blob: file, name: file.name, from: "file"});
    }
  });
}

export function setExamples(found) {
  examples = found;
  showExamples();
}

export async function showExamples() {
  const list = byId("examples");
  list.replaceChildren();
  if (!examples.length) list.append(make("li", {class: "quiet"}, t("no_examples")));
  for (const one of examples) {
    const picture = make("img", {alt: "", width: 96, height: 96});
    const name = t("example", {n: one.id});
    list.append(make("li", {}, make("button", {
      type: "button",
      onclick: async () => {
        const blob = await getBlob(`api/examples/${one.id}.mp4`);
        choose({blob, name, example: one.id, caption: one.text, from: "examples"});
      },
    }, picture, make("span", {}, name), make("span", {class: "quiet"}, t("seconds", {s: number(one.seconds)})))));
    one.picture ??= getBlob(`api/examples/${one.id}.jpg`).then(blob => URL.createObjectURL(blob));
    one.picture.then(address => { picture.src = address; }, () => {});
  }
}
