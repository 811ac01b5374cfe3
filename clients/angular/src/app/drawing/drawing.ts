/* The paper with its two pens, and the buttons that change what is on it. */

import { Component, computed, inject } from '@angular/core';

import { Sheet } from '../sheet';
import { PEN_WIDTH, pathOf } from '../strokes';
import { KeyboardPen } from './keyboard-pen';
import { PointerPen } from './pointer-pen';

@Component({
  selector: 'app-drawing',
  imports: [KeyboardPen, PointerPen],
  templateUrl: './drawing.html',
  styleUrl: './drawing.css',
  host: { '(document:keydown)': 'shortcut($event)' },
})
export class Drawing {
  protected readonly sheet = inject(Sheet);
  protected readonly paths = computed(() => this.sheet.strokes().map(pathOf));
  protected readonly penWidth = PEN_WIDTH;

  protected shortcut(event: KeyboardEvent): void {
    const asked = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'z';
    if (!asked) return;
    event.preventDefault();
    this.sheet.undo();
  }
}
