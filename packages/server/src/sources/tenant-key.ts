/** Types that a tenant's key may have, and how SQL compares a column of that type with the key as text. */
const casts: { readonly [baseType: string]: string } = {
  text: '',
  'character varying': '',
  // `::character` would mean character(1) and cut the key to its first letter.
  character: '::pg_catalog.bpchar',
  smallint: '::smallint',
  integer: '::integer',
  bigint: '::bigint',
  uuid: '::uuid',
};

const families: readonly (readonly string[])[] = [
  ['text', 'character varying', 'character'],
  ['smallint', 'integer', 'bigint'],
  ['uuid'],
];

/** The cast that follows a text expression to compare it with a column of `baseType`; null where no key has such a type. */
export function castTo(baseType: string): string | null {
  return casts[baseType] ?? null;
}

/** Holds if a column of the one type can name a row of the other, so that each key has one text form. */
export function comparableTypes(a: string, b: string): boolean {
  return families.some((family) => family.includes(a) && family.includes(b));
}

/** A type as a function's result writes it, without a length that would cut values. */
export function resultType(baseType: string): string {
  if (baseType === 'character') return 'pg_catalog.bpchar';
  if (baseType === 'bit') return 'pg_catalog.varbit';
  return baseType;
}

/** Null, or what is wrong with a key found in the tenant table. The ids of tenants have 1 to 63 bytes (DESIGN.md section 5). */
export function keyFault(key: string): string | null {
  const bytes = new TextEncoder().encode(key).length;
  if (bytes === 0) return 'is empty';
  if (bytes > 63) return `has ${bytes} bytes`;
  return null;
}
