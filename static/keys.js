/* Drawing with the keyboard alone: arrows move a cursor over the paper, Space or Enter puts its pen down and lifts it. */

const STEP = 1 / 28; // of the height: one of the pixels that the network sees of a digit as high as the paper
const FINE = 1 / 4;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class KeyboardPen {
  #pad;
  #paper;
  #cursor;
  #say;
  #held = new Set();
  #x = NaN; // the middle of the paper, until somebody moves
  #y = 0.5;
  #down = false;

  /** `paper` gets the class "keys" while the keyboard is in use; `say` speaks to a screen reader. */
  constructor({ pad, canvas, paper, cursor, undo, say }) {
    this.#pad = pad;
    this.#paper = paper;
    this.#cursor = cursor;
    this.#say = say;
    this.actions = { " ": () => this.#toggle(), Enter: () => this.#toggle(), Escape: () => this.#lift() };
    this.actions.Backspace = this.actions.Delete = undo;
    canvas.addEventListener("keydown", (event) => this.#keyDown(event));
    canvas.addEventListener("keyup", (event) => this.#held.delete(event.key));
    canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && this.#show(true));
    canvas.addEventListener("blur", () => this.#leave());
    canvas.addEventListener("pointerdown", () => this.#leave(), { capture: true });
    pad.addEventListener("change", () => this.#update());
  }

  #keyDown(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (ARROWS[event.key]) {
      this.#held.add(event.key);
      this.#move(event.shiftKey ? STEP * FINE : STEP);
    } else if (this.actions[event.key]) {
      if (!event.repeat || event.key === "Backspace" || event.key === "Delete") this.actions[event.key]();
    } else {
      return;
    }
    this.#show(true);
    event.preventDefault(); // or the page would scroll
  }

  /** Move by all the arrows that are held, so that two of them go diagonally. */
  #move(step) {
    for (const key of this.#held) {
      const [right, down] = ARROWS[key];
      this.#x = Math.min(this.#pad.width, Math.max(0, this.#place.x + right * step));
      this.#y = Math.min(1, Math.max(0, this.#y + down * step));
    }
    if (this.#down) this.#pad.extend([this.#place]);
    this.#update();
  }

  get #place() {
    return { x: Math.min(this.#pad.width, this.#x || this.#pad.width / 2), y: this.#y };
  }

  #toggle() {
    if (this.#down) {
      this.#lift();
      return;
    }
    this.#pad.begin(this.#place);
    this.#down = true;
    this.#update();
    this.#say("Pen down");
  }

  #lift() {
    if (!this.#down) return;
    this.#down = false;
    this.#pad.end();
    this.#say("Pen up");
  }

  #leave() {
    this.#held.clear();
    this.#lift();
    this.#show(false);
  }

  #show(shown) {
    this.#cursor.hidden = !shown;
    this.#paper.classList.toggle("keys", shown);
    this.#update();
  }

  #update() {
    this.#down &&= this.#pad.isDrawing; // undo and clear lift the pen as well
    this.#cursor.classList.toggle("down", this.#down);
    const { scale, top } = this.#pad.view;
    this.#cursor.style.setProperty("--x", this.#place.x / this.#pad.width);
    this.#cursor.style.setProperty("--y", top + this.#place.y * scale);
    this.#cursor.style.setProperty("--size", this.#pad.penWidth * scale);
  }
}
