// The list of gaps and notices, the newest first.
import { element } from './element.js';
import { count, gapText, timeOfDay } from './words.js';

const MAX_ROWS = 100;

export class EventLog {
  #list;

  constructor(list) {
    this.#list = list;
  }

  reset() {
    this.#list.replaceChildren();
  }

  /** Adds a gap or a notice of the worker. */
  add(event) {
    const text = event.kind === 'gap' ? gapText(event.gap, event.rate) : event.text;
    const row = element('li', { class: event.kind }, element('time', {}, timeOfDay(event.unixMs)), ` ${text}`);
    if (event.kind === 'gap') row.dataset.sampleCount = event.gap.sampleCount;
    this.#list.prepend(row);
    while (this.#list.children.length > MAX_ROWS) this.#list.lastChild.remove();
  }

  addDropped(number) {
    if (number > 0) this.add({ kind: 'notice', text: `${count(number)} more gaps or notices are not listed.`, unixMs: Date.now() });
  }
}
