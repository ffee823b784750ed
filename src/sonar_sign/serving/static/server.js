// Requests to the server. Addresses are relative, so the page works behind any path.

const token = readToken();

function readToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) {
    sessionStorage.setItem("token", found);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return found ?? sessionStorage.getItem("token");
}

export class Refused extends Error {
  constructor(code, sentence) { super(sentence); this.code = code; }
}

async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  let response;
  try {
    response = await fetch(path, {...options, headers, credentials: "omit"});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("network", String(error.message));
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new Refused(answer.code ?? "other", answer.error ?? `HTTP ${response.status}`);
}

export const getJson = async path => (await ask(path)).json();
export const getBlob = async path => (await ask(path)).blob();

export async function health() {
  try {
    const response = await fetch("api/health", {credentials: "omit"});
    return (await response.json()).status;
  } catch { return "gone"; }
}

export async function startJob(form, signal) {
  return (await ask("api/translate", {method: "POST", body: form, signal})).json();
}

export function forgetJob(id) {
  return ask(`api/jobs/${id}`, {method: "DELETE", keepalive: true}).catch(() => {});
}

// Server-sent events by fetch, because EventSource cannot send the token.
export async function* follow(id) {
  let last = -1, ended = false;
  for (let failures = 0; failures < 5;) {
    try {
      const headers = last < 0 ? {} : {"Last-Event-ID": String(last)};
      const response = await ask(`api/jobs/${id}/events`, {headers});
      for await (const [number, event] of events(response.body)) {
        failures = 0;
        last = number;
        ended = ["done", "failed", "cancelled"].includes(event.event);
        yield event;
      }
      if (ended) return;
    } catch (error) {
      if (error instanceof Refused && error.code !== "network") throw error;
      failures += 1;
      await new Promise(resolve => setTimeout(resolve, 500 * failures));
    }
  }
  throw new Refused("network", "");
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map(line => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
      }));
      if (fields.data) yield [Number(fields.id), JSON.parse(fields.data)];
    }
  }
}
