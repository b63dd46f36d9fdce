const pieces =
  /(--[^\n]*)|(\/\*)|((?:[eEbBxXnN]|[uU]&)?')|(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|("(?:[^"]|"")*"?)|(\$\d+)|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|((?:\d|\.\d)[\w.]*(?:(?<=[eE])[+-]\d+)?)|(\s+)/y;

/**
 * The text of a statement with every literal replaced by `?` and every comment left out, in one line. It says what is
 * asked without the values, so it may be shown without opening the sealed parameters. Identifiers stay as written: a
 * value that somebody hides in a quoted alias is not found. It decides nothing; the policy works on the parsed tree.
 */
export function shapeOf(sql: string): string {
  let shape = '';
  let at = 0;
  while (at < sql.length) {
    pieces.lastIndex = at;
    const match = pieces.exec(sql);
    if (match === null) {
      shape += sql[at];
      at += 1;
      continue;
    }
    const [text, , blockComment, quote, dollar, quoted, parameter, word, number] = match;
    at += text.length;
    if (blockComment !== undefined) at = endOfComment(sql, at);
    else if (quote !== undefined) at = endOfString(sql, at, quote[0] === 'e' || quote[0] === 'E');
    else if (dollar !== undefined) at = endOf(sql, dollar, at);
    if (quote !== undefined || dollar !== undefined || number !== undefined) shape += '?';
    else if (quoted !== undefined || parameter !== undefined || word !== undefined) shape += text;
    else if (!shape.endsWith(' ')) shape += ' ';
  }
  return shape.trim();
}

function endOf(sql: string, tag: string, from: number): number {
  const found = sql.indexOf(tag, from);
  return found < 0 ? sql.length : found + tag.length;
}

function endOfComment(sql: string, from: number): number {
  let depth = 1;
  let at = from;
  while (at < sql.length && depth > 0) {
    if (sql.startsWith('*/', at)) depth -= 1;
    else if (sql.startsWith('/*', at)) depth += 1;
    else {
      at += 1;
      continue;
    }
    at += 2;
  }
  return at;
}

function endOfString(sql: string, from: number, escapes: boolean): number {
  let at = from;
  while (at < sql.length) {
    const char = sql[at];
    if (escapes && char === '\\') at += 2;
    else if (char !== "'") at += 1;
    else if (sql[at + 1] === "'") at += 2;
    else return at + 1;
  }
  return sql.length;
}
