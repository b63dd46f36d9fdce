/**
 * The direction of imports (docs/architecture.md). TypeScript 7 has no compiler API, so the parser is swc; the gate
 * fails when it sees fewer files or imports than there are.
 */
const inServer = '^packages/server/src/';
const ground = 'clock|logger|route|upstream-tls';
const engines = 'db|log|vault';
const modules =
  'access|audit|disclosure|facility|identity|operations|personnel|sample|sample-people|sources|subcontractors|tenants';
const edges = 'gateway|http|jobs|demo';

/** Tests may reach into any file of their own package; the direction between packages binds them too. */
const test = String.raw`(\.test\.tsx?$|^packages/[^/]+/test/)`;

/** Files that may speak SQL: each module's store, the engines, the modules whose subject is a foreign database, and the demo, which is a client. */
const speaksSql = [`${inServer}(${engines}|sources|sample|demo)/`, `${inServer}(${modules})/(store|[^/]+-store)\\.ts$`];

export default {
  forbidden: [
    {
      name: 'no-cycle',
      comment:
        'Files that need each other to run cannot be tested or replaced one by one. Types may refer to each other inside a folder; the gate itself finds cycles between folders, types included.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that cannot be found.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependency',
      comment: 'A package is used only where the nearest package.json (or, for tests, the root one) names it.',
      severity: 'error',
      from: { pathNot: [test, '/vite\\.config\\.ts$'] },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'terms-stand-alone',
      comment: 'terms decides: no package, no platform module, nothing but its own files.',
      severity: 'error',
      from: { path: '^packages/terms/src/', pathNot: test },
      to: { pathNot: '^packages/terms/src/' },
    },
    {
      name: 'verifier-stands-on-terms',
      comment: 'verifier proves with zero dependencies: terms and the platform, no package.',
      severity: 'error',
      from: { path: '^packages/verifier/src/', pathNot: test },
      to: { pathNot: '^packages/(verifier|terms)/src/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'browser-entry-without-node',
      comment: "verifier's browser entry runs where node: modules do not exist.",
      severity: 'error',
      from: { path: '^packages/verifier/src/browser\\.ts$' },
      to: { path: '^(node:|crypto$|fs$|buffer$|path$|util$)', reachable: true },
    },
    {
      name: 'custodian-stands-on-verifier',
      comment: 'custodian keeps keys: it knows terms and verifier, never the server.',
      severity: 'error',
      from: { path: '^packages/custodian/', pathNot: test },
      to: { path: '^packages/(server|cli|web)/' },
    },
    {
      name: 'server-below-its-callers',
      comment: 'cli and web speak HTTP to the server; the server never imports them.',
      severity: 'error',
      from: { path: '^packages/server/', pathNot: test },
      to: { path: '^packages/(cli|web)/' },
    },
    {
      name: 'cli-speaks-http-only',
      comment: 'cli asks: it may verify and name things, and reaches the server only over HTTP, never a database.',
      severity: 'error',
      from: { path: '^packages/cli/', pathNot: test },
      to: { path: '^packages/(server|custodian|web)/|node_modules/(pg|pg-protocol|libpg-query|kysely)/' },
    },
    {
      name: 'web-speaks-http-only',
      comment: 'web shows: it runs in a browser and reaches the server only over HTTP.',
      severity: 'error',
      from: { path: '^packages/web/src/', pathNot: test },
      to: { path: '^packages/(server|custodian|cli)/|^node:|node_modules/(pg|libpg-query|kysely)/' },
    },
    {
      name: 'packages-by-name',
      comment: 'A package is entered by its name, so that its exports say what may be used.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypesNot: ['aliased-workspace'] },
    },
    {
      name: 'known-folder',
      comment: 'Every folder of the server has a layer; name a new one in this file.',
      severity: 'error',
      from: { path: `${inServer}(?!(?:${engines}|${modules}|${edges})/)[^/]+/` },
      to: {},
    },
    {
      name: 'main-composes',
      comment:
        'main.ts and the files beside it compose. A layer takes of them only the ground: clock, logger, the form of a route, how a source is reached under TLS; never the configuration.',
      severity: 'error',
      from: { path: `${inServer}[^/]+/`, pathNot: test },
      to: { path: `${inServer}[^/]+\\.ts$`, pathNot: `${inServer}(${ground})\\.ts$` },
    },
    {
      name: 'ground-imports-no-layer',
      comment: 'The ground lies under every layer: it imports none, and of a layer it names types only.',
      severity: 'error',
      from: { path: `${inServer}(${ground})\\.ts$` },
      to: { path: inServer, pathNot: `${inServer}(${ground})\\.ts$`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'engines-below-modules',
      comment: 'Engines know no module and no edge.',
      severity: 'error',
      from: { path: `${inServer}(${engines})/`, pathNot: test },
      to: { path: `${inServer}(${modules}|${edges})/` },
    },
    {
      name: 'modules-below-edges',
      comment: 'Modules know no edge. A port that an edge declares may be named as a type by what implements it.',
      severity: 'error',
      from: { path: `${inServer}(${modules})/`, pathNot: test },
      to: { path: `${inServer}(${edges})/`, pathNot: `${inServer}(${edges})/ports\\.ts$` },
    },
    {
      name: 'ports-are-types',
      comment: 'What a module takes from an edge is the type of a port, nothing that runs.',
      severity: 'error',
      from: { path: `${inServer}(${modules})/`, pathNot: test },
      to: { path: `${inServer}(${edges})/ports\\.ts$`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'edges-apart',
      comment: 'An edge imports no other edge: a rule that one edge holds would be a rule that the other lacks.',
      severity: 'error',
      from: { path: `${inServer}(${edges})/`, pathNot: test },
      to: { path: `${inServer}(${edges})/`, pathNot: `${inServer}$1/` },
    },
    {
      name: 'edges-import-no-store',
      comment: 'An edge calls commands. It never reads or writes tables itself.',
      severity: 'error',
      from: { path: `${inServer}(${edges})/`, pathNot: test },
      to: { path: '[/-]store\\.ts$' },
    },
    {
      name: 'one-door',
      comment: 'A folder of the server is entered by its index.ts (or its ports.ts, for types).',
      severity: 'error',
      from: { path: `${inServer}([^/]+)/`, pathNot: test },
      to: { path: `${inServer}[^/]+/.+`, pathNot: [`${inServer}$1/`, `${inServer}[^/]+/(index|ports)\\.ts$`] },
    },
    {
      name: 'main-uses-doors',
      comment: 'What composes enters each folder by its index.ts, and takes the HTTP of a module from its routes.ts.',
      severity: 'error',
      from: { path: `${inServer}[^/]+\\.ts$` },
      to: { path: `${inServer}[^/]+/.+`, pathNot: `${inServer}[^/]+/(index|routes)\\.ts$` },
    },
    {
      name: 'sql-in-its-place',
      comment: 'The database driver is loaded only in store.ts, db/, log/, vault/, sources/, sample/ and demo/.',
      severity: 'error',
      from: { path: '^packages/', pathNot: [...speaksSql, test] },
      to: { path: 'node_modules/(pg|kysely|postgres)/', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/[^/]+/(dist|coverage)/|^packages/.*/testdata/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.d.ts'],
    },
  },
};
