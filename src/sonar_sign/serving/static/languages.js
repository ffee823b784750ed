// The languages: a search over names in English, own names and ISO codes; the choice is remembered.

import {byId, make, remember, remembered} from "./elements.js";
import {interfaceLanguage, t} from "./words.js";

const MOST = 8, SHOWN = 60;
let all = [];
let chosen = [];
let found = [];
let active = -1;
let onChange = () => {};

export const chosenLanguages = () => chosen;
export const languageRecord = code => all.find(one => one.code === code);

export function languageName(code) {
  const one = languageRecord(code);
  if (!one) return code;
  try {
    const name = new Intl.DisplayNames([interfaceLanguage()], {type: "language", fallback: "none"}).of(one.tag.split("-")[0]);
    if (interfaceLanguage() !== "en" && name) return name[0].toUpperCase() + name.slice(1);
  } catch { /* a code that the browser does not know */ }
  return one.name;
}

export function ownName(code) { return languageRecord(code)?.own_name ?? code; }

export function setUpLanguages(changed) {
  onChange = changed;
  const input = byId("language-search");
  input.addEventListener("input", () => open());
  input.addEventListener("focus", () => open());
  input.addEventListener("keydown", onKey);
  input.addEventListener("blur", () => setTimeout(close, 150));
}

export function setLanguages(records, fallback) {
  all = records;
  const known = remembered("languages", []).filter(languageRecord);
  chosen = known.length ? known.slice(0, MOST) : [fallback, "ita_Latn"].filter(languageRecord);
  showChosen();
}

const plain = text => text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();

// Languages whose name or code begins with the words come first.
function search(words) {
  const wanted = plain(words.trim());
  const rank = one => {
    const names = [one.name, one.own_name, languageName(one.code)].map(plain);
    if (!wanted) return 1;
    if (one.iso.includes(wanted) || one.code.toLowerCase() === wanted || one.tag.toLowerCase() === wanted) return 0;
    if (names.some(name => name.startsWith(wanted))) return 1;
    if (names.some(name => name.includes(wanted)) || one.code.toLowerCase().startsWith(wanted)) return 2;
    return null;
  };
  return all.filter(one => !chosen.includes(one.code)).map(one => [rank(one), one])
    .filter(([place]) => place !== null)
    .sort(([a], [b]) => a - b).map(([, one]) => one).slice(0, SHOWN);
}

function open() {
  found = search(byId("language-search").value);
  active = found.length && byId("language-search").value.trim() ? 0 : -1;
  const list = byId("language-list");
  list.replaceChildren(...found.map((one, place) => {
    const option = make("li", {role: "option", id: `language-${one.code}`, "aria-selected": "false"},
      make("span", {}, languageName(one.code)),
      make("span", {class: "quiet", lang: one.tag, dir: one.rtl ? "rtl" : undefined}, one.own_name),
      make("span", {class: "quiet code"}, one.iso[0]));
    option.addEventListener("pointerdown", event => { event.preventDefault(); add(found[place]); });
    return option;
  }));
  list.hidden = !found.length;
  byId("language-search").setAttribute("aria-expanded", String(Boolean(found.length)));
  byId("language-state").textContent = found.length ? t("language_found", {n: found.length}) : t("language_none");
  showActive();
}

function close() {
  byId("language-list").hidden = true;
  byId("language-search").setAttribute("aria-expanded", "false");
  byId("language-search").removeAttribute("aria-activedescendant");
}

function showActive() {
  const options = byId("language-list").children;
  [...options].forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
  const option = options[active];
  if (option) {
    byId("language-search").setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({block: "nearest"});
  } else byId("language-search").removeAttribute("aria-activedescendant");
}

function onKey(event) {
  const isOpen = !byId("language-list").hidden;
  if (["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    if (!isOpen) return open();
    const step = event.key === "ArrowDown" ? 1 : -1;
    active = (active + step + found.length) % found.length;
    showActive();
  } else if (event.key === "Enter" && isOpen && found[active]) {
    event.preventDefault();
    add(found[active]);
  } else if (event.key === "Escape" && isOpen) {
    close();
  } else if (event.key === "Backspace" && !event.target.value && chosen.length > 1) {
    remove(chosen.at(-1));
  }
}

function add(one) {
  if (chosen.length >= MOST) {
    byId("language-state").textContent = t("language_most", {n: MOST});
    return;
  }
  chosen = [...chosen, one.code];
  byId("language-search").value = "";
  close();
  changed("language_added", one.code);
}

function remove(code) {
  chosen = chosen.filter(one => one !== code);
  changed("language_removed", code);
  byId("language-search").focus();
  close();
}

function changed(key, code) {
  remember("languages", chosen);
  showChosen();
  byId("language-state").textContent = t(key, {name: languageName(code)});
  onChange();
}

export function showChosen() {
  byId("chosen-languages").replaceChildren(...chosen.map(code => make("li", {}, make("button", {
    type: "button", "aria-label": t("remove", {name: languageName(code)}), onclick: () => remove(code),
  }, languageName(code), make("span", {"aria-hidden": "true"}, "✕")))));
}
