// What the dashboard can do better with script: copy, cover a secret, and ask before typed changes are left. Each page works without.

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

document.querySelectorAll('[data-reveal]').forEach(cover)
if (navigator.clipboard) document.querySelectorAll('[data-copy]').forEach(offerCopy)
document.querySelectorAll('form[data-guard]').forEach(guardChanges)
