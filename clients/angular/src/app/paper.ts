/* The paper to draw on with mouse, finger and stylus, with a box around each digit. A tap on a box chooses its digit. */

import { afterNextRender, Component, computed, ElementRef, inject, viewChild } from '@angular/core';

import { Recognizer } from './recognizer';
import { PEN_WIDTH, pathOf, Point, SCALE, Sheet } from './sheet';

const TAP = 0.02; // units that a finger may move in a tap

@Component({
  selector: 'app-paper',
  templateUrl: './paper.html',
  styleUrl: './paper.css',
  host: { '(window:resize)': 'measure()', '(document:keydown)': 'shortcut($event)' },
})
export class Paper {
  readonly #recognizer = inject(Recognizer);
  private readonly pad = viewChild.required<ElementRef<Element>>('pad');
  #pointer = NaN; // the id of the one that draws
  #start: Point | null = null; // where it went down, as long as it may be a tap

  protected readonly sheet = inject(Sheet);
  protected readonly penWidth = PEN_WIDTH;
  protected readonly paths = computed(() => this.sheet.strokes().map(pathOf));
  protected readonly boxes = computed(() =>
    this.#recognizer.digits().map(({ box, unsure }, place) => ({ ...box, unsure, isChosen: place === this.#recognizer.place() })),
  );
  protected readonly scale = `scale(${1 / SCALE})`;

  constructor() {
    afterNextRender(() => this.measure());
  }

  protected measure(): void {
    const { width, height } = this.pad().nativeElement.getBoundingClientRect();
    this.sheet.shape.set(width / height || 1);
  }

  protected down(event: PointerEvent): void {
    if (!event.isPrimary || event.button !== 0) return; // a second finger, another button
    this.pad().nativeElement.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#start = this.#point(event);
  }

  protected move(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    const moves = event.getCoalescedEvents();
    const points = (moves.length ? moves : [event]).map((each) => this.#point(each));
    if (this.#start) {
      const { x, y } = this.#start;
      if (points.every((point) => Math.hypot(point.x - x, point.y - y) < TAP)) return;
      this.sheet.begin(this.#start);
      this.#start = null;
    }
    this.sheet.extend(points);
  }

  protected up(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = NaN;
    if (this.#start) this.#tap(this.#start);
    this.sheet.end();
  }

  /** The system took the pointer away: a palm, a gesture. */
  protected cancel(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = NaN;
    this.sheet.drop();
  }

  protected shortcut(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== 'z') return;
    event.preventDefault();
    this.sheet.undo();
  }

  #tap(point: Point): void {
    const place = this.#recognizer.digits().findIndex(({ box }) => {
      const x = point.x * SCALE - (box?.x ?? Infinity);
      const y = point.y * SCALE - (box?.y ?? Infinity);
      return box && 0 <= x && x <= box.width && 0 <= y && y <= box.height;
    });
    if (place < 0) this.sheet.begin(point);
    else this.#recognizer.choose(place);
  }

  #point({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width } = this.pad().nativeElement.getBoundingClientRect();
    const size = this.sheet.size();
    const place = (pixels: number, end: number) => Math.min(end, Math.max(0, (pixels * size.width) / width));
    return { x: place(clientX - left, size.width), y: place(clientY - top, size.height) };
  }
}
