// Requests of scripts to our own API, with the token that changes need.
const token = () => document.querySelector("meta[name=csrf-token]")?.content ?? "";

/** What the API answers; an error carries the problem document as `problem`. */
export async function ask(path, { method = "GET", body, signal } = {}) {
  const headers = { accept: "application/json" };
  if (method !== "GET") headers["x-csrftoken"] = token();
  if (body !== undefined) headers["content-type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await fetch(path, { method, headers, body: text, signal });
  const told = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail), { problem: told });
  return told;
}
