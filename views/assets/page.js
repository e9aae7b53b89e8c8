// What a page can do better with script. Each page works without: nothing here decides, stores or proves anything.

const byId = (id) => document.getElementById(id)

function revealPassword(button) {
  const field = byId('password')
  const show = (shown) => {
    field.type = shown ? 'text' : 'password'
    button.setAttribute('aria-pressed', String(shown))
  }
  button.hidden = false
  button.addEventListener('click', () => show(field.type === 'password'))
  // Sent while readable, browsers would keep the password among the values of text fields.
  field.form.addEventListener('submit', () => show(false))
}

function hintCapsLock(line) {
  byId('password').addEventListener('keyup', (event) => {
    line.textContent = event.getModifierState?.('CapsLock') ? line.dataset.text : ''
  })
}

function providerItem(row) {
  const item = document.createElement('li')
  const line = document.createElement(row.disabledText ? 'div' : 'a')
  line.className = row.disabledText ? 'row off' : 'row'
  line.dataset.provider = row.providerId
  if (!row.disabledText) line.href = row.href
  const disc = row.logo ? picture(row.logo) : span('disc', row.initials)
  if (!row.logo) disc.ariaHidden = 'true'
  const words = span('words', '')
  const name = document.createElement('bdi')
  name.className = 'name'
  name.textContent = row.name
  words.append(name)
  if (row.domain) {
    const domain = span('small', row.domain)
    domain.dir = 'ltr'
    words.append(' ', domain)
  }
  for (const text of [row.note, row.disabledText]) if (text) words.append(' ', span('small', text))
  line.append(disc, ' ', words)
  item.append(line)
  return item
}

function picture(address) {
  const image = document.createElement('img')
  image.className = 'disc'
  image.loading = 'lazy'
  image.width = image.height = 40
  image.alt = ''
  image.src = address
  return image
}

function span(name, text) {
  const element = document.createElement('span')
  element.className = name
  element.textContent = text
  return element
}

function searchWhileTyping(form) {
  const field = byId('q')
  const list = byId('providers')
  const status = byId('search-status')
  let pending = new AbortController()
  let announcement = 0
  let shown = field.value
  let near = { heading: '', rows: [] }
  const links = () => [...list.querySelectorAll('a')]

  // Of an e-mail address only the domain says where somebody belongs; the rest stays in the browser.
  const query = () => field.value.slice(field.value.lastIndexOf('@') + 1).trim()

  async function search() {
    pending.abort()
    pending = new AbortController()
    const { signal } = pending
    const asked = query()
    showNearby(asked)
    const values = new URLSearchParams(new FormData(form))
    values.set('q', asked)
    try {
      const response = await fetch(`${form.action}?${values}`, { headers: { accept: 'application/json' }, signal })
      if (!response.ok) return
      const answer = await response.json()
      if (signal.aborted) return
      show(answer)
      shown = asked
    } catch {
      // Aborted by the next key, or no network: the list stays, and the button still sends the form.
    }
  }

  // What is known of the person's own country is there before the server's answer, which takes its place.
  function showNearby(asked) {
    const words = foldWords(asked)
    if (words.length === 0) return
    const found = near.rows.filter(({ folded }) => words.every((word) => folded.some((one) => one.startsWith(word))))
    if (found.length > 0) showRows(found.slice(0, 10), near.heading.replace('\u0001', () => asked))
  }

  // Who has gone into the list already stays on the same row.
  function showRows(rows, heading) {
    const held = list.contains(document.activeElement) ? document.activeElement.dataset.provider : undefined
    list.replaceChildren(...rows.map(providerItem))
    byId('providers-heading').textContent = heading
    if (held !== undefined) (links().find((link) => link.dataset.provider === held) ?? links()[0] ?? field).focus()
  }

  async function fetchNearby() {
    try {
      const response = await fetch(form.dataset.nearby, { headers: { accept: 'application/json' } })
      if (!response.ok) return
      const { heading, address, rows } = await response.json()
      near = {
        heading,
        rows: rows.map(([providerId, name, domain, initials, words, note]) => {
          const href = address[0] + encodeURIComponent(providerId) + address[1]
          return { providerId, name, domain, initials, note, href, folded: [...foldWords(`${name} ${domain}`), ...words.split(' ')] }
        }),
      }
    } catch {
      // Then every list comes from the search.
    }
  }
  if (form.dataset.nearby) (window.requestIdleCallback ?? setTimeout)(fetchNearby)

  function show(answer) {
    showRows(answer.results, answer.heading)
    byId('no-match').hidden = query() === '' || answer.total > 0
    const next = byId('providers-next')
    next.hidden = !answer.next
    next.href = answer.next ?? ''
    clearTimeout(announcement)
    announcement = setTimeout(() => (status.textContent = answer.status), 600)
  }

  field.addEventListener('input', search)
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') field.value = ''
    if (event.key === 'Escape') search()
    if (event.key === 'ArrowDown') move(event, links()[0])
  })
  list.addEventListener('keydown', (event) => {
    const all = links()
    const at = all.indexOf(document.activeElement)
    if (event.key === 'ArrowDown') move(event, all[at + 1])
    if (event.key === 'ArrowUp') move(event, all[at - 1] ?? field)
  })
  form.addEventListener('submit', (event) => {
    const only = links()
    if (event.submitter?.id === 'search-submit' && only.length === 1 && query() !== '' && query() === shown) move(event, only[0]).click()
    else field.value = query()
  })
}

// As the server folds names, but for the rarer signs: what is missed here, the server's answer has.
const LETTERS = { ø: 'o', æ: 'ae', ß: 'ss', ł: 'l', đ: 'd', ı: 'i', þ: 'th', ð: 'd', œ: 'oe', ς: 'σ' }

function foldWords(text) {
  const folded = text.normalize('NFKD').toLowerCase().normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll(/[øæßłđıþðœς]/g, (letter) => LETTERS[letter])
  return folded.split(/[^\p{L}\p{N}.]+/u).filter((word) => word !== '')
}

// Without script the switch is a link to the same page; with it a box whose tick goes along with the row that is chosen.
function shareByBox(line) {
  const box = document.createElement('input')
  box.type = 'checkbox'
  box.id = 'shared-computer'
  box.checked = line.dataset.on === 'true'
  const label = document.createElement('label')
  label.htmlFor = box.id
  label.textContent = line.dataset.label
  line.className = 'check'
  line.replaceChildren(box, ' ', label)
  const mark = (link) => {
    const url = new URL(link.href)
    url.searchParams.set('shared', box.checked ? '1' : '0')
    link.href = url.href
  }
  // Before the click, so that opening in another tab has it too.
  for (const kind of ['pointerdown', 'focusin', 'click']) {
    document.addEventListener(kind, ({ target }) => {
      const link = target instanceof Element ? target.closest('a[data-provider], #providers-next, #unlisted') : null
      if (link) mark(link)
    }, { capture: true })
  }
  const form = byId('search-form')
  box.addEventListener('change', () => {
    if (!form) return
    const field = form.elements.shared ?? form.appendChild(Object.assign(document.createElement('input'), { type: 'hidden', name: 'shared' }))
    field.value = box.checked ? '1' : '0'
  })
}

function move(event, target) {
  if (!target) return target
  event.preventDefault()
  target.focus()
  return target
}

// Two clicks are one answer: a second post would count as another attempt. After a moment the form may be sent again: the first try may have been stopped.
function sendOnce(form) {
  let sent = false
  form.addEventListener('submit', (event) => {
    if (sent) event.preventDefault()
    sent = true
    setTimeout(() => {
      sent = false
    }, 3000)
  })
}

for (const form of document.querySelectorAll('form[method="post"]')) sendOnce(form)

const enhancements = { 'password-reveal': revealPassword, 'caps-lock': hintCapsLock, 'search-form': searchWhileTyping, shared: shareByBox }
for (const [id, enhance] of Object.entries(enhancements)) {
  const element = byId(id)
  if (element) enhance(element)
}
