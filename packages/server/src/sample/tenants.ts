/** A tenant of the sample service: its key, its name, its share of everything. */
export type SampleTenant = {
  readonly id: string;
  readonly name: string;
  readonly country: string;
  readonly share: number;
};

const names: readonly (readonly [id: string, name: string, country: string])[] = [
  ['acme', 'Acme Industries', 'US'],
  ['globex', 'Globex Corporation', 'DE'],
  ['northern-lights', 'Northern Lights AS', 'NO'],
  ['blue-kettle', 'Blue Kettle Tea', 'GB'],
  ['casa-nunez', 'Casa Núñez', 'ES'],
  ['zolw', 'Żółw i Spółka', 'PL'],
  ['petit-four', 'Petit Four & Fils', 'FR'],
  ['grossmann', 'Großmann KG', 'DE'],
  ['sakura-print', '桜印刷', 'JP'],
  ['nile-books', 'مكتبة النيل', 'EG'],
  ['ohara', 'O\'Hara "& Sons"', 'IE'],
  ['banyan', 'Banyan Tree Crafts', 'IN'],
  ['fjord-bikes', 'Fjord Bikes', 'NO'],
  ['alpenglow', 'Alpenglühen AG', 'CH'],
  ['mapleworks', 'Mapleworks', 'CA'],
  ['paper-crane', 'Paper Crane 🕊', 'JP'],
  ['tidewater', 'Tidewater Supply', 'US'],
  ['rosa-negra', 'Rosa Negra', 'MX'],
  ['kiwi-outdoor', 'Kiwi Outdoor', 'NZ'],
  ['old-town-vinyl', 'Old Town Vinyl', 'CZ'],
  ['saffron', 'Saffron & Co', 'IN'],
  ['lighthouse', 'Lighthouse Optics', 'PT'],
  ['hedgehog', 'Hedgehog Toys', 'SE'],
  ['copperfield', 'Copperfield Tools', 'GB'],
  ['ostrava-glass', 'Ostravské sklo', 'CZ'],
  ['luna-park', 'Luna Park', 'IT'],
  ['baobab', 'Baobab Trading', 'KE'],
  ['sauna-shop', 'Löylyä Oy', 'FI'],
  ['monsoon', 'Monsoon Apparel', 'IN'],
  ['pampa', 'Pampa Leather', 'AR'],
  ['tulip-mania', 'Tulip Mania BV', 'NL'],
  ['delta-brew', 'Delta Brew', 'BE'],
  ['aurora-skin', 'Aurora Skin', 'IS'],
  ['gdansk-amber', 'Bursztyn Gdański', 'PL'],
  ['seoul-stitch', '서울 스티치', 'KR'],
  ['haifa-home', 'הבית של חיפה', 'IL'],
  ['olive-press', 'Ελαιοτριβείο', 'GR'],
  ['verde', 'Verde Vivo', 'BR'],
  ['wren', 'Wren Stationery', 'AU'],
  ['quartz', 'Quartz & Quill', 'ZA'],
  ['andes-coffee', 'Café de los Andes', 'CO'],
  ['tundra', 'Tundra Gear', 'CA'],
  ['velvet-mole', 'Velvet Mole', 'AT'],
  ['empty-nest', 'Empty Nest (new)', 'DK'],
];

/** The tenants, largest first by a share that falls like 1/rank: the first has a good fifth of everything, the last almost nothing. */
export const sampleTenants: readonly SampleTenant[] = (() => {
  const total = names.reduce((sum, _, rank) => sum + 1 / (rank + 1), 0);
  return names.map(([id, name, country], rank) => ({ id, name, country, share: 1 / (rank + 1) / total }));
})();
