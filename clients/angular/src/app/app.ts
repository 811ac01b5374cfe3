/* The whole page: the paper beside the answer, and what is said of the server. */

import { Component, inject } from '@angular/core';

import { Bars } from './answer/bars';
import { Correction } from './answer/correction';
import { Verdict } from './answer/verdict';
import { Drawing } from './drawing/drawing';
import { Recognizer } from './recognizer';
import { Speech } from './speech';

@Component({
  selector: 'app-root',
  imports: [Bars, Correction, Drawing, Verdict],
  templateUrl: './app.html',
  styleUrl: './app.css',
})
export class App {
  protected readonly trouble = inject(Recognizer).trouble;
  protected readonly spoken = inject(Speech).text;
}
