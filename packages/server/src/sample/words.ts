/** Names of people as a real service has them: quotes, apostrophes, other scripts, right to left, emoji, a backslash. */
export const people = [
  'Maria Ortiz',
  'Zoë Brontë',
  'Seán O’Connor',
  "Ruth D'Angelo",
  'Robert "Bob" Tanner',
  'Łukasz Żółciński',
  'Nguyễn Thị Hạnh',
  'Søren Ærøskøbing',
  'Иван Петров',
  'Ελένη Παπαδοπούλου',
  'محمد العلي',
  'שרה לוי',
  '李小龍',
  '山田 花子',
  '김민준',
  'प्रिया शर्मा',
  'Ana 🌻 Souza',
  'José\u0301 Núñez',
  'Ħanna Għawdxi',
  'Björk Þórsdóttir',
  'Chloé-Anne Lefèvre',
  'Jürgen Groß',
  'Aino Mäkinen',
  'สมชาย ใจดี',
  'Olu Adébáyọ̀',
  'Kim Lee',
  'X Æ Nakamura',
  'Null',
  "Jack'; drop table users; --",
  'C:\\Users\\Ada',
  'Ida Ng',
  'Tomás Oliveira',
] as const;

/** Streets for addresses. */
export const streets = [
  'Harbour Road',
  'Rue de l’Église',
  'Königsallee',
  'Calle Ñuñoa',
  '桜通り',
  'شارع النيل',
  'Mill Lane',
  'Via Roma',
] as const;

/** Cities for addresses. */
export const cities = [
  'Bergen',
  'Málaga',
  'Kraków',
  'São Paulo',
  'Nagoya',
  'القاهرة',
  'Montréal',
  'Leeds',
  'Zürich',
  'Pune',
] as const;

/** What the sample's shops sell: two halves of a product name. */
export const materials = [
  'Oak',
  'Linen',
  'Copper',
  'Recycled',
  'Wool',
  'Glass',
  'Cork',
  'Bamboo',
  'Enamel',
  'Café',
] as const;
/** The second half. */
export const things = [
  'lamp',
  'kettle',
  'blanket',
  'notebook',
  'chair',
  'bowl',
  'poster “A2”',
  'cup',
  'shelf',
  'mirror 🪞',
] as const;

/** What customers write about. */
export const subjects = [
  'Where is my order?',
  'The parcel arrived damaged',
  'Invoice has the wrong address',
  'How do I change my e-mail?',
  'Refund not received',
  'Cannot log in since this morning',
  'Two of three items missing',
  'Remise à 50 % non appliquée',
  'الطرد لم يصل',
  'ログインできません',
  'Discount code "SPRING" refused',
  'Please delete my account',
] as const;

/** Sentences of which messages are made. */
export const sentences = [
  'Hello, I ordered last week and have heard nothing since.',
  'Thank you for writing to us.',
  'Could you send me the order number?',
  'The box was open on one side.\nI have attached a photo.',
  'I have checked with the carrier: it is on its way.',
  'Merci d’avance !',
  'It says "payment received", but nothing moves.',
  'Path was C:\\temp\\export.csv, if that helps.',
  'متى يصل الطلب؟',
  'よろしくお願いします。',
  'We have refunded the amount; it takes three days.',
  'This is the second time 😠',
  'Sorry about that.\tWe are looking into it.',
  'Vielen Dank für die schnelle Hilfe!',
] as const;

/** Labels on tickets and customers. */
export const tags = [
  'vip',
  'refund',
  'carrier',
  'first order',
  'b2b',
  'needs "approval"',
  'überfällig',
  'comma, inside',
  'back\\slash',
] as const;
