import type { Catalog, ForeignKey, Relation } from '../../src/sources/catalog.ts';

/** A catalog as `tables` describe it: table name → its columns as `name type`, with `name type -> table.column` for a key. */
export function aCatalog(
  tables: { readonly [table: string]: readonly string[] },
  more: Partial<Catalog> = {},
): Catalog {
  const relations: Relation[] = [];
  const foreignKeys: ForeignKey[] = [];
  for (const [table, columns] of Object.entries(tables)) {
    const name = { schema: 'public', table };
    const parsed = columns.map((text) => /^(\S+) ([^-]+?)(?: -> (\w+)\.(\w+))?$/.exec(text) ?? ['', text, 'text']);
    relations.push({
      ...name,
      kind: 'table',
      owner: 'owner',
      extension: null,
      rowSecurity: false,
      forced: false,
      securityInvoker: false,
      parents: [],
      ownedBy: null,
      acl: [],
      columns: parsed.map(([, column, type]) => ({
        name: column ?? '',
        type: type ?? '',
        baseType: type ?? '',
        notNull: true,
        acl: [],
      })),
    });
    for (const [, column, , target, targetColumn] of parsed) {
      if (column === undefined || target === undefined || targetColumn === undefined) continue;
      foreignKeys.push({
        ...name,
        name: `${table}_${column}_fkey`,
        columns: [column],
        target: { schema: 'public', table: target },
        targetColumns: [targetColumn],
      });
    }
  }
  return {
    systemIdentifier: '1',
    databaseOid: 5,
    database: 'app',
    databaseOwner: 'owner',
    databaseAcl: [],
    serverVersion: 180_004,
    admin: { role: 'admin', superuser: true },
    schemas: [],
    languages: [],
    relations,
    foreignKeys,
    uniqueKeys: [],
    policies: [],
    routines: [],
    roles: [],
    reach: [],
    extensions: [],
    openDatabases: [],
    otherDatabases: [],
    ...more,
  };
}
