/* One digit: the pixels that the network saw, its output for each class, and with a click on a class its correction. */

import { afterRenderEffect, Component, computed, ElementRef, inject, viewChild } from '@angular/core';

import { Recognizer } from './recognizer';
import { Teacher } from './teacher';
import { describeDigit } from './words';

@Component({
  selector: 'app-digit',
  templateUrl: './digit-view.html',
  styleUrl: './digit-view.css',
  host: { '[class.away]': '!digit()' },
})
export class DigitView {
  readonly #recognizer = inject(Recognizer);
  private readonly seen = viewChild.required<ElementRef<HTMLCanvasElement>>('seen');

  protected readonly teacher = inject(Teacher);
  protected readonly progress = this.teacher.progress;
  protected readonly digit = this.#recognizer.digit;
  protected readonly isBusy = computed(() => this.progress().isSending || !this.#recognizer.isSettled());
  protected readonly learning = computed(() => this.#recognizer.network()?.learning);

  protected readonly title = computed(() => {
    const [digit, count] = [this.digit(), this.#recognizer.digits().length];
    if (!digit) return '';
    const place = count > 1 ? `Digit ${this.#recognizer.place() + 1} of ${count}: ` : '';
    return place + describeDigit(digit, this.#recognizer.classNames());
  });

  protected readonly classes = computed(() =>
    this.#recognizer.classNames().map((name, i) => {
      const output = this.digit()?.outputs[i] ?? 0;
      return { name, output, text: output.toFixed(2), isBest: name === this.digit()?.label };
    }),
  );
  protected readonly hasWords = computed(() => this.#recognizer.classNames().some((name) => name.length > 2));

  constructor() {
    afterRenderEffect(() => {
      const context = this.seen().nativeElement.getContext('2d')!;
      const image = context.createImageData(28, 28);
      this.digit()?.pixels.forEach((pixel, i) => image.data.set([pixel, pixel, pixel, 255], 4 * i));
      context.putImageData(image, 0, 0);
    });
  }
}
