// The answer: texts as they come, subtitles over the video, files, and what the model saw.

import {byId, clock, download, make} from "./elements.js";
import {languageName, languageRecord} from "./languages.js";
import {getBlob} from "./server.js";
import {has, number, t} from "./words.js";

let job = null; // {id, systems, languages, seconds, parts: {system: [part]}, texts, files, caption, video}
let addresses = [];

const addressOf = blob => {
  const address = URL.createObjectURL(blob);
  addresses.push(address);
  return address;
};

export function beginAnswer(systems, languages, chosen) {
  addresses.forEach(address => URL.revokeObjectURL(address));
  addresses = [];
  job = {id: null, systems, languages, parts: {}, texts: {}, files: [], sounds: [], notes: [],
    caption: chosen.caption, blob: chosen.blob};
  byId("error").hidden = true;
  byId("empty").hidden = true;
  for (const id of ["answer", "player-pane", "sound-pane", "seen-pane", "caption"]) byId(id).hidden = true;
  byId("texts").replaceChildren();
  byId("downloads-pane").hidden = true;
  byId("sounds").replaceChildren();
  for (const id of ["player", "crop"]) byId(id).removeAttribute("src");
}

export function setJobId(id) { job.id = id; }

export function onEvent(event) {
  if (event.event === "text") {
    ((job.texts[event.system] ??= {})[event.part] ??= {})[event.language] = event.texts;
    showTexts();
  } else if (event.event === "part") {
    const parts = (job.parts[event.system] ??= []);
    parts.push(event);
    delete job.texts[event.system]?.[parts.length - 1];
    showTexts();
    if (event.system === job.systems[0]) showPlayer();
  } else if (event.event === "file") {
    job.files.push(event);
    if (event.name === "crop-0.mp4") showCrop(event.name);
  } else if (event.event === "picture") showPicture(event);
  else if (event.event === "speech") {
    job.sounds.push(event);
    showSounds();
  } else if (event.event === "note") {
    job.notes.push(event);
    showSounds();
  } else if (event.event === "done") showDownloads();
}

// What a screen reader says when the translation is there.
export function spokenSummary() {
  const [system] = job.systems;
  return job.languages.map(code => bestOf(system, code).join(" ")).join(" ");
}

function bestOf(system, code) {
  return (job.parts[system] ?? []).map(part => part.texts[code]?.[0]?.text ?? "").filter(Boolean);
}

export function redraw() {
  if (!job || byId("answer").hidden) return;
  showTexts();
  if (Object.keys(job.parts).length) showPlayer();
  showSounds();
  if (!byId("downloads-pane").hidden) showDownloads();
}

function showTexts() {
  byId("answer").hidden = false;
  const caption = byId("caption");
  caption.hidden = !job.caption;
  if (job.caption) caption.textContent = t("caption", {text: job.caption});
  byId("texts").replaceChildren(...job.systems.map(system => {
    const column = make("div", {class: "system"});
    if (job.systems.length > 1) column.append(make("h3", {}, system));
    column.append(...job.languages.map(code => language(system, code)));
    return column;
  }));
}

function language(system, code) {
  const record = languageRecord(code);
  const attributes = {lang: record?.tag, dir: record?.rtl ? "rtl" : undefined};
  const level = job.systems.length > 1 ? "h4" : "h3";
  const card = make("div", {class: "language"}, make(level, {}, languageName(code)));
  const parts = job.parts[system] ?? [];
  const early = Object.values(job.texts[system] ?? {}).map(texts => texts[code]).filter(Boolean);
  const rows = [...parts.map(part => [part, part.texts[code] ?? []]), ...early.map(texts => [null, texts])];
  if (!rows.length) card.append(make("p", {class: "text quiet", "aria-hidden": "true"}, "…"));
  else if (rows.length === 1) card.append(make("p", {class: "text", ...attributes}, textOf(...rows[0])));
  else card.append(make("ol", {class: "parts"}, ...rows.map(([part, texts]) => make("li", {},
    part ? make("button", {type: "button", "aria-label": t("go_to", {a: clock(part.start_s)}), onclick: () => goTo(part.start_s)}, clock(part.start_s)) : make("span", {}, "…"),
    make("span", attributes, textOf(part, texts), part?.confidence?.low ? ` (${t("low_part")})` : "")))));
  const [only] = parts;
  if (parts.length === 1 && only.confidence?.low) card.append(make("strong", {class: "low"},
    t("low", {n: only.confidence.n_clips, share: Math.round(only.confidence.share_below * only.confidence.n_clips)})));
  if (parts.length === 1 && (only.texts[code]?.length ?? 0) > 1) card.append(candidates(only.texts[code], attributes));
  return card;
}

function textOf(part, texts) {
  return texts[0]?.text || (part && !part.signed ? t("nothing") : "…");
}

function candidates(texts, attributes) {
  const rows = texts.slice(1).map(one => make("tr", {}, make("td", attributes, one.text),
    make("td", {class: "number"}, number(one.score, 2))));
  const best = make("tr", {}, make("td", attributes, texts[0].text), make("td", {class: "number"}, number(texts[0].score, 2)));
  return make("details", {}, make("summary", {}, t("more")), make("table", {},
    make("thead", {}, make("tr", {}, make("th", {scope: "col"}, t("text")), make("th", {scope: "col"}, t("score")))),
    make("tbody", {}, best, ...rows)));
}

function goTo(seconds) {
  const player = byId("player");
  player.currentTime = seconds + 0.01;
  player.scrollIntoView({block: "nearest"});
}

function showPlayer() {
  const player = byId("player");
  byId("player-pane").hidden = false;
  if (!player.src) {
    player.src = addressOf(job.blob);
    player.addEventListener("timeupdate", showCurrent);
  }
  const select = byId("subtitle-choice"), before = select.value;
  select.replaceChildren(...job.systems.flatMap(system => job.languages.map(code => make("option",
    {value: `${system}\n${code}`}, job.systems.length > 1 ? `${languageName(code)}, ${system}` : languageName(code)))));
  if ([...select.options].some(option => option.value === before)) select.value = before;
  select.onchange = showSubtitles;
  showSubtitles();
  const parts = job.parts[job.systems[0]] ?? [];
  byId("timeline").hidden = parts.length < 2;
  const [, code] = select.value.split("\n");
  byId("timeline").replaceChildren(...parts.map(part => {
    const item = make("li", {}, make("button", {
      type: "button", "aria-label": `${t("part", {a: clock(part.start_s), b: clock(part.end_s)})}: ${part.texts[code]?.[0]?.text ?? t("nothing")}`,
      title: part.texts[code]?.[0]?.text, onclick: () => goTo(part.start_s)}, part.texts[code]?.[0]?.text ?? "–"));
    item.style.flexGrow = part.end_s - part.start_s;
    return item;
  }));
}

function showSubtitles() {
  const player = byId("player");
  const track = player.textTracks[0] ?? player.addTextTrack("subtitles", "sonar-sign");
  track.mode = "showing";
  for (const cue of [...(track.cues ?? [])]) track.removeCue(cue);
  const [system, code] = byId("subtitle-choice").value.split("\n");
  for (const part of job.parts[system] ?? []) {
    const text = part.texts[code]?.[0]?.text;
    if (text) track.addCue(new VTTCue(part.start_s, part.end_s, text.replace(/[<&]/g, sign => ({"<": "&lt;", "&": "&amp;"})[sign])));
  }
}

function showCurrent() {
  const now = byId("player").currentTime;
  (job.parts[job.systems[0]] ?? []).forEach((part, place) => {
    const button = byId("timeline").children[place]?.firstChild;
    button?.setAttribute("aria-current", String(part.start_s <= now && now < part.end_s));
  });
}

async function showCrop(name) {
  const mine = job;
  const blob = await getBlob(`api/jobs/${job.id}/files/${name}`).catch(() => null);
  if (!blob || mine !== job) return;
  byId("crop").src = addressOf(blob);
  byId("seen-pane").hidden = false;
}

async function showPicture(event) {
  const mine = job;
  const blob = await getBlob(`api/jobs/${job.id}/files/${event.name}`).catch(() => null);
  if (!blob || mine !== job) return;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${event.width} ${event.height}`);
  for (const [name, box] of [["crop", event.crop], ["face", event.face]]) {
    if (!box) continue;
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const [x0, y0, x1, y1] = box;
    // A crop that leaves the frame is drawn along its edge.
    const edge = 0.004 * event.width;
    const [a, b, c, d] = [Math.max(x0, edge), Math.max(y0, edge), Math.min(x1, event.width - edge), Math.min(y1, event.height - edge)];
    for (const [key, value] of Object.entries({x: a, y: b, width: c - a, height: d - b, class: name})) rect.setAttribute(key, value);
    svg.append(rect);
  }
  byId("frame").replaceChildren(make("img", {src: addressOf(blob), alt: ""}), svg);
  byId("frame-caption").replaceChildren(...(event.face
    ? [make("span", {class: "key key-face"}, t("face_key")), make("span", {class: "key key-crop"}, t("crop_key"))]
    : [t("no_face")]));
  byId("seen-pane").hidden = false;
}

function showSounds() {
  const pane = byId("sound-pane");
  pane.hidden = !(job.sounds.length + job.notes.length);
  byId("sounds").replaceChildren(
    ...job.sounds.map(sound => {
      const source = t(sound.guessed ? "guessed" : "given");
      const words = `${languageName(sound.language)} · ${t(sound.style)} (${source})`;
      const audio = make("audio", {controls: true, preload: "auto", "aria-label": words});
      sound.blob ??= getBlob(`api/jobs/${job.id}/files/${sound.name}`);
      sound.blob.then(blob => { audio.src = addressOf(blob); }, () => {});
      return make("div", {}, make("p", {class: "small"}, words), audio);
    }),
    ...job.notes.map(note => make("p", {class: "quiet small"},
      has(`note_${note.code}`) ? t(`note_${note.code}`, {language: languageName(note.language)}) : note.sentence)));
}

function showDownloads() {
  byId("downloads-pane").hidden = false;
  const button = (words, path, name) => make("button", {type: "button", onclick: async () =>
    download(await getBlob(`api/jobs/${job.id}/${path}`), name)}, words);
  const query = () => {
    const [one, language] = byId("subtitle-choice").value.split("\n");
    return `language=${encodeURIComponent(language)}&system=${encodeURIComponent(one)}`;
  };
  const texts = Object.entries({txt: t("plain"), srt: "SRT", vtt: "WebVTT"}).map(([kind, words]) =>
    make("button", {type: "button", onclick: async () =>
      download(await getBlob(`api/jobs/${job.id}/text.${kind}?${query()}`), `translation.${byId("subtitle-choice").value.split("\n")[1]}.${kind}`)}, words));
  const media = job.files.filter(file => /\.wav$|^dubbed/.test(file.name)).map(file => {
    const language = languageName(file.name.match(/-(.+)\./)[1]);
    return button(t(file.name.endsWith(".wav") ? "wav" : "dubbed", {language}), `files/${file.name}`, file.name);
  });
  byId("downloads").replaceChildren(...texts, ...media);
}

