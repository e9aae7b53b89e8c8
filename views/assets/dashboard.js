// What the dashboard can do better with script: copy, cover a secret, ask before typed changes are left, and show what others did meanwhile.
// Each page works without.

function offerCopy(button) {
  button.hidden = false
  const words = button.textContent
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy)
    await navigator.clipboard.writeText(source.dataset.covered ?? source.textContent)
    button.textContent = button.dataset.done
    setTimeout(() => { button.textContent = words }, 4000)
  })
}

function cover(button) {
  const text = document.getElementById(button.dataset.reveal)
  const secret = text.textContent
  const show = (shown) => {
    text.textContent = shown ? secret : text.dataset.masked
    if (shown) delete text.dataset.covered
    else text.dataset.covered = secret
    button.setAttribute('aria-pressed', String(shown))
  }
  button.hidden = false
  button.addEventListener('click', () => show(button.getAttribute('aria-pressed') !== 'true'))
  show(false)
}

function guardChanges(form) {
  let isChanged = false
  form.addEventListener('input', () => { isChanged = true })
  form.addEventListener('submit', () => { isChanged = false })
  addEventListener('beforeunload', (event) => {
    if (isChanged) event.preventDefault()
  })
}

const AGAIN_MS = 5000
/** Nobody was at the page for so long: it is not asked for any more, or it would keep somebody signed in who has left. */
const LEFT_MS = 900_000

/** Somebody is in it, or has typed something there. */
function isInHand(list) {
  return list.contains(document.activeElement) || [...list.querySelectorAll('input:not([type=hidden])')].some((field) => field.value !== field.defaultValue)
}

function keepFresh(list) {
  const address = new URL(location.href)
  address.searchParams.delete('done')
  address.hash = ''
  let lastSeen = Date.now()
  for (const name of ['pointerdown', 'pointermove', 'keydown', 'scroll']) addEventListener(name, () => { lastSeen = Date.now() }, { passive: true })
  function show({ status, responseURL, response }) {
    const fresh = response?.getElementById(list.id)
    // Another page came: whoever was signed in is not any more.
    if (status !== 200 || responseURL !== address.href || !fresh) return clearInterval(timer)
    if (fresh.textContent !== list.textContent && !isInHand(list)) list.replaceChildren(...fresh.childNodes)
  }
  const timer = setInterval(() => {
    if (document.hidden || Date.now() - lastSeen > LEFT_MS) return
    const request = new XMLHttpRequest()
    request.open('GET', address)
    // Read as a document by the browser: no text of ours becomes markup here.
    request.responseType = 'document'
    request.addEventListener('load', () => show(request))
    request.send()
  }, AGAIN_MS)
}

document.querySelectorAll('[data-fresh]').forEach(keepFresh)
document.querySelectorAll('[data-reveal]').forEach(cover)
if (navigator.clipboard) document.querySelectorAll('[data-copy]').forEach(offerCopy)
document.querySelectorAll('form[data-guard]').forEach(guardChanges)
