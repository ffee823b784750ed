// Shows openapi.json: what each address takes and answers.

import {byId, make} from "./elements.js";

function parametersOf(operation, schema) {
  const body = operation.requestBody?.content["multipart/form-data"]?.schema.properties ?? {};
  const fields = Object.entries(body).map(([name, one]) =>
    [name, "form", one.description ?? one.items?.type ?? one.type ?? ""]);
  const others = (operation.parameters ?? []).map(one => [one.name, one.in, one.description ?? ""]);
  return [...others, ...fields];
}

function table(heads, rows) {
  return make("table", {}, make("thead", {}, make("tr", {}, ...heads.map(head => make("th", {scope: "col"}, head)))),
    make("tbody", {}, ...rows.map(row => make("tr", {}, ...row.map(cell => make("td", {}, String(cell)))))));
}

const schema = await (await fetch("openapi.json", {credentials: "omit"})).json();
byId("about").textContent = schema.info.description;
byId("address").textContent = new URL("../", location.href).href;
for (const [path, operations] of Object.entries(schema.paths)) {
  for (const [method, operation] of Object.entries(operations)) {
    byId("paths").append(make("h2", {}, make("code", {}, `${method.toUpperCase()} ${path}`)),
      make("p", {}, operation.description ?? operation.summary));
    const parameters = parametersOf(operation, schema);
    if (parameters.length) byId("paths").append(table(["Name", "Where", "What"], parameters));
    byId("paths").append(table(["Status", "Meaning"],
      Object.entries(operation.responses).map(([status, one]) => [status, one.description])));
  }
}
