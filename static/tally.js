/* What was drawn, right and taught in this visit, what was drawn before, and what others teach the same server: the server
   is asked every second, which every network and proxy lets through, and costs it less than an open line to each page. */

const KEY = "tally";
const PACE = 1000; // milliseconds
const KEPT = 20; // digits that are answered again after a lesson

export class Tally extends EventTarget {
  #server;
  #line = document.getElementById("tally");
  #counts = readCounts();
  #digits = []; // {pixels, label}
  #revision = null;
  #taught = 0; // by everybody

  /** Sends "taught" when somebody, perhaps here, has taught the network something. */
  constructor(server) {
    super();
    this.#server = server;
    this.#show();
    this.#look();
    setInterval(() => document.hidden || this.#look(), PACE);
  }

  /** Count one more, or less, that is "drawn", "right" or "taught". */
  count(name, step = 1) {
    this.#counts[name] += step;
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.#counts));
    } catch {
      // storage may be switched off: the counts then last as long as the page
    }
    this.#show();
  }

  remember(digits) {
    this.#digits = [...this.#digits, ...digits.map(({ pixels, label }) => ({ pixels, label }))].slice(-KEPT);
  }

  /** Answer what was drawn before once more; return in words how much of it is read otherwise now. */
  async compare() {
    const digits = this.#digits;
    const labels = await Promise.all(digits.map(({ pixels }) => this.#server.label(pixels)));
    const others = digits.filter((digit, i) => digit.label !== labels[i]);
    digits.forEach((digit, i) => (digit.label = labels[i]));
    if (digits.length === 0) return "";
    if (others.length === 0) return `The ${digits.length} drawn before are read as before.`;
    return `Of the ${digits.length} drawn before, ${others.length} ${others.length > 1 ? "are" : "is"} read otherwise now.`;
  }

  async #look() {
    try {
      const { revision, corrections, learning } = await this.#server.lessons();
      if (learning || revision === this.#revision) return;
      const isFirst = this.#revision === null;
      this.#revision = revision;
      this.#taught = corrections;
      this.#show();
      if (!isFirst) this.dispatchEvent(new Event("taught"));
    } catch {
      // the server is away: whoever needs an answer says so
    }
  }

  #show() {
    const { drawn, right, taught } = this.#counts;
    const own = drawn || right || taught ? `${drawn} drawn, ${right} right, ${taught} taught` : "";
    const all = this.#taught > taught ? `${this.#taught} taught by all` : "";
    this.#line.textContent = [own, all].filter(Boolean).join(" · ");
  }
}

function readCounts() {
  const none = { drawn: 0, right: 0, taught: 0 };
  try {
    return { ...none, ...JSON.parse(sessionStorage.getItem(KEY)) };
  } catch {
    return none;
  }
}
