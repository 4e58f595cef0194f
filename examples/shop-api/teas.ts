/** What the shop sells: real teas and where they come from. Prices and stock are made up. */
const TEAS = {
  green: [
    ['Sencha', 'Shizuoka, Japan', 100, 1190],
    ['Gyokuro', 'Yame, Japan', 50, 2450],
    ['Genmaicha', 'Kyoto, Japan', 100, 890],
    ['Hojicha', 'Kyoto, Japan', 100, 950],
    ['Matcha', 'Uji, Japan', 30, 2290],
    ['Longjing', 'Hangzhou, China', 50, 1890],
    ['Bi Luo Chun', 'Suzhou, China', 50, 1790],
    ['Gunpowder', 'Zhejiang, China', 100, 690],
    ['Sejak', 'Boseong, Korea', 40, 2150],
  ],
  black: [
    ['Darjeeling First Flush', 'Darjeeling, India', 100, 1690],
    ['Darjeeling Second Flush', 'Darjeeling, India', 100, 1490],
    ['Assam TGFOP', 'Assam, India', 100, 990],
    ['Nilgiri', 'Tamil Nadu, India', 100, 890],
    ['Uva', 'Badulla, Sri Lanka', 100, 950],
    ['Dimbula', 'Nuwara Eliya, Sri Lanka', 100, 930],
    ['Keemun', 'Qimen, China', 100, 1390],
    ['Lapsang Souchong', 'Wuyi, China', 100, 1290],
    ['Dian Hong', 'Yunnan, China', 100, 1190],
    ['Kenya GFOP', 'Kericho, Kenya', 100, 790],
  ],
  oolong: [
    ['Tieguanyin', 'Anxi, China', 50, 1590],
    ['Da Hong Pao', 'Wuyi, China', 50, 2390],
    ['Dong Ding', 'Nantou, Taiwan', 50, 1690],
    ['Alishan', 'Chiayi, Taiwan', 50, 1990],
    ['Oriental Beauty', 'Hsinchu, Taiwan', 50, 2690],
    ['Mi Lan Xiang', 'Phoenix Mountain, China', 50, 1890],
  ],
  white: [
    ['Bai Hao Yin Zhen', 'Fuding, China', 40, 2190],
    ['Bai Mu Dan', 'Zhenghe, China', 50, 1290],
    ['Shou Mei', 'Fuding, China', 50, 850],
  ],
  'pu-erh': [
    ['Sheng Pu-erh', 'Xishuangbanna, China', 100, 1790],
    ['Shou Pu-erh', 'Menghai, China', 100, 1490],
    ['Liu Bao', 'Guangxi, China', 100, 1390],
  ],
  herbal: [
    ['Rooibos', 'Cederberg, South Africa', 100, 690],
    ['Honeybush', 'Western Cape, South Africa', 100, 740],
    ['Yerba Mate', 'Misiones, Argentina', 250, 890],
    ['Chamomile', 'Fayoum, Egypt', 50, 590],
    ['Peppermint', 'Meknès, Morocco', 50, 550],
    ['Lemon Verbena', 'Provence, France', 30, 690],
  ],
} satisfies Record<string, [name: string, origin: string, grams: number, cents: number][]>

const NAMES: Record<keyof typeof TEAS, string> = {
  green: 'Green tea',
  black: 'Black tea',
  oolong: 'Oolong',
  white: 'White tea',
  'pu-erh': 'Dark tea',
  herbal: 'Herbal',
}

export const CATEGORIES = Object.entries(NAMES).map(([slug, name], index) => ({ id: index + 1, slug, name }))

export function productRows() {
  return CATEGORIES.flatMap(({ slug, id: categoryId }) =>
    TEAS[slug as keyof typeof TEAS].map(([name, origin, grams, price]) => ({ name, origin, grams, price, categoryId })),
  ).map((product, index) => ({ id: index + 1, ...product, stock: 3 + ((index * 7) % 22) }))
}
