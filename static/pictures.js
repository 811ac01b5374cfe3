/* Pictures that are dropped, pasted, chosen or photographed. The server takes most of them unchanged. Others (HEIC, GIF,
   very large photos) are converted, if the browser can read them. */

const ACCEPTED = new Set(["image/png", "image/jpeg", "image/webp"]);
const LARGEST_FILE = 4 * 1024 * 1024; // bytes
const LARGEST_SIDE = 4096; // pixels
const NEW_SIDE = 1600; // more than enough for a number
const LONGEST_NAME = 60; // characters of a file's name in a message

/** Listen for pictures, and call `give` with the files. `page` takes drops and pastes, `paper` shows where to drop. */
export function listenForPictures({ page, paper, inputs, give }) {
  const showDrop = (event, over) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault(); // or the browser would open the file in place of the page
    paper.classList.toggle("dropping", over);
  };
  page.addEventListener("dragover", (event) => showDrop(event, true));
  page.addEventListener("dragleave", (event) => showDrop(event, false));
  page.addEventListener("drop", (event) => {
    showDrop(event, false);
    giveAny(event.dataTransfer?.files, give);
  });
  page.addEventListener("paste", (event) => giveAny(event.clipboardData?.files, give));
  for (const input of inputs) {
    input.addEventListener("change", () => {
      giveAny(input.files, give);
      input.value = ""; // the same file may be chosen again
    });
  }
}

/** The picture on the paper, in place of a drawing. */
export class Preview {
  #image;
  #picture = null;

  constructor(image) {
    this.#image = image;
  }

  show(picture) {
    if (picture === this.#picture) return;
    URL.revokeObjectURL(this.#image.src);
    this.#image.hidden = !picture;
    if (picture) this.#image.src = URL.createObjectURL(picture);
    else this.#image.removeAttribute("src");
    this.#picture = picture;
  }

  /** Return {width, height} in pixels, once the picture is loaded. */
  async size() {
    await this.#image.decode().catch(() => {}); // another one has taken its place
    return { width: this.#image.naturalWidth, height: this.#image.naturalHeight };
  }
}

function giveAny(files, give) {
  if (files?.length) give([...files]);
}

/** Return `file` as a blob that the server takes. Throws an Error with a message for people. */
export async function convertPicture(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    const name = file.name.length > LONGEST_NAME ? `${file.name.slice(0, LONGEST_NAME)}…` : file.name;
    throw new Error(`This browser cannot read ${name || "that"} as a picture. Try a PNG, JPEG or WebP file.`);
  }
  const { width, height } = bitmap;
  const fits = ACCEPTED.has(file.type) && file.size <= LARGEST_FILE && Math.max(width, height) <= LARGEST_SIDE;
  const blob = fits ? file : await encode(bitmap);
  bitmap.close();
  return blob;
}

/** Return `bitmap` as PNG, or as JPEG where that would be too large. */
async function encode(bitmap) {
  const scale = Math.min(1, NEW_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const png = await toBlob(canvas, "image/png");
  if (png.size <= LARGEST_FILE) return png;
  context.globalCompositeOperation = "destination-over"; // JPEG has no transparency: put white behind
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  return toBlob(canvas, "image/jpeg");
}

function toBlob(canvas, type) {
  return new Promise((resolve) => canvas.toBlob(resolve, type, 0.9));
}
