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
  if (row.disabledText) words.append(' ', span('small', row.disabledText))
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
  const links = () => [...list.querySelectorAll('a')]

  // Of an e-mail address only the domain says where somebody belongs; the rest stays in the browser.
  const query = () => field.value.slice(field.value.lastIndexOf('@') + 1).trim()

  async function search() {
    pending.abort()
    pending = new AbortController()
    const { signal } = pending
    const asked = query()
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

  function show(answer) {
    list.replaceChildren(...answer.results.map(providerItem))
    byId('providers-heading').textContent = answer.heading
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

const enhancements = { 'password-reveal': revealPassword, 'caps-lock': hintCapsLock, 'search-form': searchWhileTyping, 'form-post': (form) => form.submit() }
for (const [id, enhance] of Object.entries(enhancements)) {
  const element = byId(id)
  if (element) enhance(element)
}
