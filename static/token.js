/* The token that teaching needs on a server that more than one machine can reach. It is asked for once, and kept as long
   as the tab is open. */

import { ask } from "./dom.js";

const KEY = "token";
const DIALOG = `<dialog id="token-dialog" aria-labelledby="token-title">
  <form method="dialog">
    <label id="token-title" class="question" for="token">The token for teaching</label>
    <p>Ask the person who runs this server. The page keeps it until you close this tab.</p>
    <p id="token-refused" class="problem" hidden>The server does not accept that token.</p>
    <input id="token" type="password" autocomplete="off" required pattern="\\s*[!-~]+\\s*" aria-describedby="token-refused">
    <div class="row">
      <button value="give">Use it</button>
      <button value="" formnovalidate>Cancel</button>
    </div>
  </form>
</dialog>`;
document.body.insertAdjacentHTML("beforeend", DIALOG);
const dialog = document.getElementById("token-dialog");
const field = document.getElementById("token");
let token = readToken();
let request = null;

export function knownToken() {
  return token;
}

/** Ask for the token, or for another one where the server did not take `refused`. Throws if nobody gives one. */
export async function askForToken(refused = "") {
  if (token && token !== refused) return token; // somebody gave it in the meantime
  request ??= askPerson(refused).finally(() => (request = null)); // one dialog, however many requests wait for it
  return request;
}

async function askPerson(refused) {
  document.getElementById("token-refused").hidden = !refused;
  field.value = "";
  const given = (await ask(dialog)) === "give" ? field.value.trim() : "";
  field.value = "";
  storeToken(given);
  if (!given) throw new Error("This needs the token.");
  return given;
}

function readToken() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // storage may be switched off: the token then lasts as long as the page
  }
}

function storeToken(given) {
  token = given;
  try {
    sessionStorage.setItem(KEY, given);
  } catch {
    // as above
  }
}
