// The menu of codecs.
import { AUTOMATIC, CHOICES, requestedCodec } from './codecs.js';
import { element } from './element.js';

export class CodecChoice {
  #menu;
  #supported;

  /**
   * @param supported the codecs that the browser decodes
   * @param onChange is called when the user has chosen
   */
  constructor(menu, supported, onChange) {
    this.#menu = menu;
    this.#supported = supported;
    menu.replaceChildren(...CHOICES.map(({ value, text, codec }) => element('option', {
      value, disabled: codec !== undefined && !supported.has(codec),
    }, text)));
    menu.onchange = onChange;
  }

  /** The choice for the address of the page; null: automatic. */
  get value() {
    return this.#menu.value === AUTOMATIC ? null : this.#menu.value;
  }

  /** Sets the choice. A value that is not offered is automatic. */
  set value(value) {
    const offered = CHOICES.find((choice) => choice.value === value);
    this.#menu.value = offered && (!offered.codec || this.#supported.has(offered.codec)) ? value : AUTOMATIC;
  }

  /** Returns `codec` and `bitrate` to request for a device with a number of channels. */
  request(channelCount) {
    return requestedCodec(this.#menu.value, { hostname: location.hostname, channelCount, supported: this.#supported });
  }
}
