/* The token that teaching needs on a server that more than one machine can reach. It is asked for once, and kept as long
   as the tab is open. */

import { ask } from "./dom.js";

const KEY = "token";
const dialog = document.getElementById("token-dialog");
const field = document.getElementById("token");
let token = remembered();
let asking = null;

export function knownToken() {
  return token;
}

/** Ask for the token, or for another one where the server did not take `refused`. Throws if nobody gives one. */
export async function askForToken(refused = "") {
  if (token && token !== refused) return token; // given in the meantime
  asking ??= askPerson(refused).finally(() => (asking = null)); // one dialog, however many requests wait for it
  return asking;
}

async function askPerson(refused) {
  document.getElementById("token-refused").hidden = !refused;
  field.value = "";
  const given = (await ask(dialog)) === "give" ? field.value.trim() : "";
  field.value = "";
  keep(given);
  if (!given) throw new Error("This needs the token.");
  return given;
}

function remembered() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // storage may be switched off: the token then lasts as long as the page
  }
}

function keep(given) {
  token = given;
  try {
    sessionStorage.setItem(KEY, given);
  } catch {
    // as above
  }
}
