const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' })
export const price = (cents) => money.format(cents / 100)

/** An element with text and children. Text is never markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value)
  }
  made.append(...children)
  return made
}

export function productItem({ id, name, origin, price: cents, grams, stock }, chosen) {
  const button = element(
    'button',
    { type: 'button', 'data-product': id, 'aria-pressed': String(id === chosen) },
    element('span', { class: 'name' }, name),
    element('span', { class: 'origin' }, origin),
    element('span', { class: 'price' }, `${price(cents)} / ${grams} g`),
    element('span', { class: stock < 5 ? 'stock low' : 'stock' }, stock === 0 ? 'sold out' : `${stock} left`),
  )
  return element('li', {}, button)
}

export function facts({ origin, category, price: cents, grams, stock }) {
  const rows = {
    Kind: category.name,
    Origin: origin,
    Packet: `${grams} g`,
    Price: price(cents),
    'In stock': String(stock),
  }
  return Object.entries(rows).flatMap(([term, text]) => [element('dt', {}, term), element('dd', {}, text)])
}

export function orderItem({ id, total, createdAt, lines }) {
  const what = lines.map(({ quantity, product }) => `${quantity} × ${product.name}`).join(', ')
  const at = new Date(createdAt).toLocaleTimeString('en', { timeStyle: 'short' })
  return element(
    'li',
    {},
    element('span', {}, `No. ${id}: ${what}`),
    element('span', { class: 'quiet' }, `${price(total)}, ${at}`),
  )
}

export function logRow({ method, path, status, cache, age, ms }) {
  return element(
    'tr',
    { 'data-path': path, 'data-status': status, 'data-cache': cache ?? '' },
    element('th', { scope: 'row' }, `${method} ${decodeURIComponent(path)}`),
    element('td', {}, element('span', { class: `status s${String(status)[0]}` }, String(status))),
    element('td', {}, cache ? element('span', { class: `badge ${cache.toLowerCase()}` }, cache) : '–'),
    element('td', { class: 'number' }, age === null ? '–' : `${age} s`),
    element('td', { class: 'number' }, `${ms.toFixed(1)} ms`),
  )
}
