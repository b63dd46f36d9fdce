/** Deeper than any body of ours, far shallower than what costs a parser its stack. */
const depthMost = 64;

/**
 * Parses a JSON body from outside. Refuses what is ambiguous or hostile before any schema sees it: a body that is not
 * JSON, that nests deeper than 64, or that names `__proto__`. Never throws.
 */
export function parseJson(
  text: string,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string } {
  if (depthOf(text) > depthMost) {
    return { ok: false, message: `The body nests deeper than ${depthMost} levels; send it flatter.` };
  }
  try {
    return { ok: true, value: JSON.parse(text, refuseProto) };
  } catch (cause) {
    const message = cause instanceof ProtoNamed ? cause.message : 'The body is not JSON; expected one JSON document.';
    return { ok: false, message };
  }
}

class ProtoNamed extends Error {}

function refuseProto(this: unknown, name: string, value: unknown): unknown {
  if (name === '__proto__') throw new ProtoNamed('The body has a member "__proto__"; leave it out.');
  return value;
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
