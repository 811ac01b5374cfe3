/* Curves over the epochs, as lines of an SVG: what has happened, the run before, the chosen epoch, and where one looks. */

const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 320;
const HEIGHT = 120;
const EDGE = { left: 34, right: 6, top: 6, bottom: 18 };
const MOST = 600; // points of a line: more are not seen

export class Chart {
  #svg;
  #format;
  #highest;

  /** `highest` is where the scale ends; without one it ends at the largest value. `format` writes values as text. */
  constructor(svg, { highest, format }) {
    this.#svg = svg;
    this.#highest = highest;
    this.#format = format;
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  }

  /** Show `lines`, [{className, points: [[epoch, value]…]}], of so many `epochs`, and upright `marks` of the same kind. */
  show({ lines, epochs, marks = [] }) {
    const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
    const highest = this.#highest ?? (Math.max(...values, 0) || 1);
    const x = (epoch) => EDGE.left + (epoch / (epochs || 1)) * (WIDTH - EDGE.left - EDGE.right);
    const y = (value) => EDGE.top + (1 - Math.min(value / highest, 1)) * (HEIGHT - EDGE.top - EDGE.bottom);
    const grid = [0, 0.5, 1].flatMap((share) => this.#gridLine(share * highest, y(share * highest)));
    const ends = [
      text("0", EDGE.left, HEIGHT - 4, "start"),
      text(`epoch ${epochs || ""}`, WIDTH - EDGE.right, HEIGHT - 4, "end"),
    ];
    const uprights = marks.map(({ className, epoch }) =>
      make("line", { class: className, x1: x(epoch), x2: x(epoch), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }),
    );
    const place = ([epoch, value]) => `${x(epoch).toFixed(1)},${y(value).toFixed(1)}`;
    const curves = lines.map(({ className, points }) =>
      make("polyline", { class: className, points: thin(points).map(place).join(" ") }),
    );
    this.#svg.replaceChildren(...grid, ...ends, ...uprights, ...curves);
  }

  #gridLine(value, y) {
    return [
      make("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y, y2: y }),
      text(this.#format(value), EDGE.left - 4, y + 4, "end"),
    ];
  }
}

function thin(points) {
  const stride = Math.ceil(points.length / MOST);
  return stride < 2 ? points : points.filter((_, i) => i % stride === 0 || i === points.length - 1);
}

function make(tag, attributes) {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function text(content, x, y, anchor) {
  const node = make("text", { x, y, "text-anchor": anchor });
  node.textContent = content;
  return node;
}
