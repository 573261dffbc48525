/* A session at Python's prompt, as a page shows it: prompts, code, and what it answered. */

/** The code of a session at Python's prompt, without prompts and results. */
export function withoutPrompts(session) {
  const lines = [];
  let within = false;
  for (const line of session.split("\n")) {
    const [, prompt, code] = line.match(/^(>>>|\.\.\.(?= |$)) ?(.*)$/) ?? [];
    within = prompt === ">>>" || (within && prompt === "...");
    if (within) lines.push(code);
  }
  return lines.join("\n");
}
