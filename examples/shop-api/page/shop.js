import { onAnswer, tell } from './ask.js'
import { askAgain, watch } from './queries.js'
import { element, facts, logRow, orderItem, productItem } from './views.js'

const find = (id) => document.getElementById(id)
const filter = find('filter')
const order = find('order')
const LOG_ROWS = 24
let page = 1
let chosen

onAnswer((said) => {
  find('log').prepend(logRow(said))
  while (find('log').rows.length > LOG_ROWS) find('log').deleteRow(-1)
})

const say = (text) => find('said').replaceChildren(text)
const sayError = (error) => say(`That did not work: ${error.message}`)

watch(
  '/api/categories',
  (categories) => {
    const { category } = filter.elements
    const shown = category.value
    const options = categories.map(({ slug, name }) => element('option', { value: slug }, name))
    category.replaceChildren(element('option', { value: '' }, 'All'), ...options)
    category.value = shown
  },
  sayError,
)

watch(
  '/api/orders',
  (orders) => find('orders').replaceChildren(...(orders.length ? orders.map(orderItem) : [none()])),
  sayError,
)
const none = () => element('li', { class: 'quiet' }, 'None yet.')

const lookAtProducts = watch(productsPath(), showProducts, sayError)

function productsPath() {
  const query = new URLSearchParams({ page: String(page) })
  for (const [name, value] of new FormData(filter)) if (value.trim()) query.set(name, value.trim())
  return `/api/products?${query}`
}

function showProducts({ products, total, page: shown, pages }) {
  const focused = document.activeElement?.dataset.product
  find('products').replaceChildren(...products.map((product) => productItem(product, chosen)))
  if (focused) find('products').querySelector(`[data-product="${focused}"]`)?.focus()
  find('page').value = total === 0 ? 'No tea of that name' : `Page ${shown} of ${pages}, ${total} teas`
  find('previous').disabled = shown <= 1
  find('next').disabled = shown >= pages
}

function turnTo(number) {
  page = number
  lookAtProducts(productsPath())
}
filter.addEventListener('input', () => turnTo(1))
filter.addEventListener('submit', (event) => event.preventDefault())
find('previous').addEventListener('click', () => turnTo(page - 1))
find('next').addEventListener('click', () => turnTo(page + 1))
find('again').addEventListener('click', () => askAgain())

let lookAtProduct
find('products').addEventListener('click', ({ target }) => {
  const button = target.closest('button')
  if (!button) return
  chosen = Number(button.dataset.product)
  for (const one of find('products').querySelectorAll('button'))
    one.setAttribute('aria-pressed', String(one === button))
  say('')
  const path = `/api/products/${chosen}`
  if (lookAtProduct) lookAtProduct(path)
  else lookAtProduct = watch(path, showProduct, sayError)
})

function showProduct(product) {
  find('detail-heading').textContent = product.name
  find('facts').replaceChildren(...facts(product))
  order.hidden = false
  order.querySelector('button').disabled = product.stock === 0
}

order.addEventListener('submit', async (event) => {
  event.preventDefault()
  try {
    const placed = await tell('/api/orders', { productId: chosen, quantity: order.elements.quantity.valueAsNumber })
    say(`Order no. ${placed.id} is placed: ${placed.stock} left.`)
  } catch (error) {
    sayError(error)
  }
  await askAgain()
})
