/* Starts the app. There is no zone.js: signals tell Angular what has to be shown anew. */

import { bootstrapApplication } from '@angular/platform-browser';

import { App } from './app/app';

bootstrapApplication(App).catch((error: unknown) => console.error(error));
