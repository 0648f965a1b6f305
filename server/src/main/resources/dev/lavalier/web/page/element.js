// Creates elements of the page.

/** Returns a new element with properties and children. A property `class` is the class name. */
export function element(name, properties = {}, ...children) {
  const result = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === 'class') result.className = value;
    else if (key.startsWith('aria-') || key === 'role') result.setAttribute(key, value);
    else result[key] = value;
  }
  result.append(...children);
  return result;
}

/** Sets a text if it differs, so that nothing is laid out for the same text. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
