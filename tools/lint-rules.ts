/**
 * Lint rules that are ours: where the clock, randomness, the environment and SQL may be met. oxlint loads this file by
 * `.oxlintrc.json`, which also says for which files each rule holds.
 */

type Node = {
  readonly type: string;
  readonly range: readonly [number, number];
  readonly name?: string;
  readonly value?: unknown;
  readonly async?: boolean;
  readonly callee?: Node;
  readonly object?: Node;
  readonly property?: Node;
  readonly body?: Node | readonly Node[];
  readonly source?: Node;
  readonly imported?: Node;
  readonly specifiers?: readonly Node[];
  readonly arguments?: readonly Node[];
  readonly quasis?: readonly { readonly value: { readonly raw: string } }[];
};
type Context = {
  readonly sourceCode: { getText(node: Node): string };
  report(finding: { node: Node; message: string }): void;
};
type Rule = { create(context: Context): Record<string, (node: Node) => void> };

/** `object.property` or `object['property']`, the name of the object being `object`. */
function isMember(node: Node | undefined, object: string, property: string): boolean {
  if (node?.type !== 'MemberExpression' || node.object?.name !== object) return false;
  return node.property?.name === property || node.property?.value === property;
}

const noClock: Rule = {
  create: (context) => {
    const message =
      'The system clock is read only in clock.ts. Take the clock, or the instant, as an argument (INV-8a).';
    return {
      NewExpression: (node) => {
        if (node.callee?.name === 'Date' && node.arguments?.length === 0) context.report({ node, message });
      },
      CallExpression: (node) => {
        if (node.callee?.name === 'Date') context.report({ node, message });
      },
      MemberExpression: (node) => {
        if (isMember(node, 'Date', 'now')) context.report({ node, message });
      },
    };
  },
};

const noRandomness: Rule = {
  create: (context) => ({
    MemberExpression: (node) => {
      if (!isMember(node, 'Math', 'random')) return;
      context.report({
        node,
        message: 'Math.random is predictable. Take randomness as an argument; its source is node:crypto.',
      });
    },
  }),
};

const noEnvironment: Rule = {
  create: (context) => {
    const message =
      'The environment is read only in config.ts, to which main.ts hands it. Take the setting as an argument.';
    return {
      MemberExpression: (node) => {
        if (isMember(node, 'process', 'env')) context.report({ node, message });
      },
      ImportDeclaration: (node) => {
        if (node.source?.value !== 'node:process' && node.source?.value !== 'process') return;
        if (node.specifiers?.some((one) => one.imported?.name === 'env')) context.report({ node, message });
      },
    };
  },
};

const sqlWords =
  /^\s*(?:select|insert\s+into|update|delete\s+from|with|create|alter|drop|grant|revoke|truncate|begin|commit|rollback|savepoint|set|copy|listen|notify|lock)\b/i;

const sqlInStore: Rule = {
  create: (context) => ({
    CallExpression: (node) => {
      if (node.callee?.type !== 'MemberExpression' || node.callee.property?.name !== 'query') return;
      const first = node.arguments?.[0];
      const text = typeof first?.value === 'string' ? first.value : first?.quasis?.[0]?.value.raw;
      if (text !== undefined && sqlWords.test(text)) {
        context.report({
          node,
          message: 'SQL is written in store.ts (or db/, log/, vault/, sources/, sample/). Move this statement there.',
        });
      }
    },
  }),
};

const noSwallowedRejection: Rule = {
  create: (context) => ({
    CallExpression: (node) => {
      if (node.callee?.type !== 'MemberExpression' || node.callee.property?.name !== 'catch') return;
      const handler = node.arguments?.[0];
      if (handler?.type !== 'ArrowFunctionExpression' && handler?.type !== 'FunctionExpression') return;
      if (/\{\s*\}$/.test(context.sourceCode.getText(handler))) {
        context.report({
          node,
          message: 'This swallows a rejection. Handle it, or say in a comment inside why it may be ignored.',
        });
      }
    },
  }),
};

const rules = {
  'no-clock': noClock,
  'no-randomness': noRandomness,
  'no-environment': noEnvironment,
  'sql-in-store': sqlInStore,
  'no-swallowed-rejection': noSwallowedRejection,
};

export default { meta: { name: 'gatehouse' }, rules };
