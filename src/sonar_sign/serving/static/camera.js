// The camera: its picture, a countdown that is seen, and a recording without sound.

import {byId} from "./elements.js";
import {number, t} from "./words.js";

const COUNTDOWN = 3, MAX_SECONDS = 60, MARGIN_S = 0.1;
const KINDS = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
let stream = null;
let recorder = null;
let opening = 0;
// Of the picture in which movement is looked for, pixels.
const SMALL = 48, SAMPLE_MS = 60;

const wait = ms => new Promise(resolve => setTimeout(resolve, ms));
const say = key => { byId("camera-state").textContent = t(key); };

export async function openCamera() {
  const mine = ++opening;
  byId("record").disabled = true;
  if (!navigator.mediaDevices?.getUserMedia) return say("camera_insecure");
  say("camera_waiting");
  try {
    const found = await navigator.mediaDevices.getUserMedia({
      audio: false, video: {width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 30}},
    });
    if (mine !== opening) return found.getTracks().forEach(track => track.stop());
    stream = found;
  } catch (error) {
    return say(error.name === "NotAllowedError" ? "camera_refused" : "camera_missing");
  }
  byId("viewfinder").srcObject = stream;
  await byId("viewfinder").play().catch(() => {});
  say("camera_ready");
  byId("record").disabled = false;
}

export function closeCamera() {
  opening += 1;
  if (recorder?.state === "recording") recorder.stop();
  stream?.getTracks().forEach(track => track.stop());
  stream = null;
  byId("viewfinder").srcObject = null;
}

export function stopRecording() {
  if (recorder?.state === "recording") recorder.stop();
}

// A recording, or null where the camera was closed meanwhile.
export async function record() {
  const mine = opening;
  byId("record").disabled = true;
  byId("countdown").hidden = false;
  for (let n = COUNTDOWN; n > 0 && mine === opening; n -= 1) {
    byId("countdown").textContent = n;
    byId("camera-state").textContent = t("countdown", {n});
    await wait(1000);
  }
  byId("countdown").hidden = true;
  if (mine !== opening || !stream) return null;
  const mimeType = KINDS.find(kind => MediaRecorder.isTypeSupported(kind));
  recorder = new MediaRecorder(stream, {mimeType, videoBitsPerSecond: 4_000_000});
  const pieces = [];
  recorder.addEventListener("dataavailable", event => pieces.push(event.data));
  const ended = new Promise(resolve => recorder.addEventListener("stop", resolve, {once: true}));
  const started = performance.now();
  recorder.start();
  say("recording");
  const movement = new Movement(byId("viewfinder"));
  const shown = setInterval(() => {
    const seconds = (performance.now() - started) / 1000;
    movement.sample(seconds);
    byId("recording-time").textContent = t("seconds", {s: number(seconds)});
    if (seconds > MAX_SECONDS) stopRecording();
  }, SAMPLE_MS);
  byId("recording-mark").hidden = byId("stop").hidden = false;
  byId("record").hidden = true;
  byId("stop").focus();
  await ended;
  clearInterval(shown);
  byId("recording-mark").hidden = byId("stop").hidden = true;
  byId("record").hidden = byId("record").disabled = false;
  byId("camera-state").textContent =
    t("recorded", {s: number((performance.now() - started) / 1000)});
  if (mine !== opening) return null;
  return {blob: new Blob(pieces, {type: recorder.mimeType}), moving: movement.span()};
}

// When something moves: people sit still before they sign, and after it.
class Movement {
  constructor(video) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SMALL;
    this.video = video;
    this.context = canvas.getContext("2d", {willReadFrequently: true});
    this.samples = [];
  }

  sample(seconds) {
    this.context.drawImage(this.video, 0, 0, SMALL, SMALL);
    const {data} = this.context.getImageData(0, 0, SMALL, SMALL);
    if (this.before) {
      let sum = 0;
      for (let place = 1; place < data.length; place += 4) sum += Math.abs(data[place] - this.before[place]);
      this.samples.push([seconds, sum / (SMALL * SMALL)]);
    }
    this.before = data;
  }

  // From a little before the first movement to a little after the last one; null: all the time.
  span() {
    const sorted = this.samples.map(([, value]) => value).sort((a, b) => a - b);
    const usual = sorted[Math.floor(0.9 * sorted.length)] ?? 0;
    const moving = this.samples.filter(([, value]) => value > 0.2 * usual && value > 0.1);
    if (moving.length < 5) return null;
    return [Math.max(0, moving[0][0] - MARGIN_S), moving.at(-1)[0] + MARGIN_S];
  }
}
