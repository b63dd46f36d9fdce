/** Deeper than any body of ours, far shallower than what costs a parser its stack. */
const depthMost = 64;

/**
 * Parses a JSON body from outside. Refuses what is ambiguous or hostile before any schema sees it: a body that is not
 * JSON, that nests deeper than 64, that names `__proto__`, or whose texts
 * are no Unicode or hold NUL. Never throws.
 */
export function parseJson(
  text: string,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string } {
  if (depthOf(text) > depthMost) {
    return { ok: false, message: `The body nests deeper than ${depthMost} levels; send it flatter.` };
  }
  try {
    return { ok: true, value: JSON.parse(text, refuseHostile) };
  } catch (cause) {
    const message = cause instanceof Hostile ? cause.message : 'The body is not JSON; expected one JSON document.';
    return { ok: false, message };
  }
}

class Hostile extends Error {}

function refuseHostile(this: unknown, name: string, value: unknown): unknown {
  if (name === '__proto__') throw new Hostile('The body has a member "__proto__"; leave it out.');
  if (!isText(name) || (typeof value === 'string' && !isText(value))) {
    throw new Hostile('The body has a text with NUL or half a surrogate pair in it; send Unicode text without NUL.');
  }
  return value;
}

/** NUL is stored by no database, and a lone surrogate has no UTF-8 (RFC 8259, 8.2): neither could be hashed or kept. */
function isText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Counts brackets outside strings, so that the depth is known before anything recurses. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (inString) {
      if (char === '\\') index += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '[' || char === '{') deepest = Math.max(deepest, (depth += 1));
    else if (char === ']' || char === '}') depth -= 1;
  }
  return deepest;
}
