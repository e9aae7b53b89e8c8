// Passkeys in the browser: asks the authenticator and sends what it signed with a form of the page. Decides nothing; the server checks it all.

const RENEW = 'renew'
const form = document.querySelector('form[data-passkey]')
const maker = document.querySelector('form[data-passkey-create]')
let waiting = new AbortController()

async function fetchOptions(address) {
  const response = await fetch(address, { headers: { accept: 'application/json' } })
  if (!response.ok) throw new DOMException('no options', 'NetworkError')
  return response.json()
}

function send(target, credential) {
  target.querySelector('[name=credential]').value = JSON.stringify(credential)
  const shared = target.querySelector('[name=shared_computer]')
  if (shared) shared.value = document.getElementById('shared-computer')?.checked ? '1' : ''
  target.submit()
}

// One neutral sentence, and everything else on the page as it was; what it was called is told to the server only.
function say(target, error) {
  const status = target.querySelector('[role=status]')
  status.textContent = status.dataset.text
  if (target.dataset.trouble) fetch(target.dataset.trouble, { method: 'POST', keepalive: true, body: new URLSearchParams({ name: error.name }) }).catch(() => {})
}

async function getPasskey(options, more) {
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey), ...more })
}

// Passkeys among the suggestions of the user name: one quiet request, renewed before its challenge is over.
async function offerInField() {
  if (!form.dataset.autofill || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
  for (;;) {
    const mine = new AbortController()
    waiting = mine
    const options = await fetchOptions(form.dataset.passkey)
    if (mine.signal.aborted) return
    const timer = setTimeout(() => mine.abort(RENEW), options.lifetime * 750)
    try {
      return send(form, await getPasskey(options, { mediation: 'conditional', signal: mine.signal }))
    } catch {
      if (mine.signal.reason !== RENEW) return
    } finally {
      clearTimeout(timer)
    }
  }
}

async function usePasskey() {
  waiting.abort()
  try {
    send(form, await getPasskey(await fetchOptions(form.dataset.passkey)))
  } catch (error) {
    say(form, error)
    offerInField().catch(() => {})
  }
}

async function makePasskey() {
  try {
    const options = await fetchOptions(maker.dataset.passkeyCreate)
    send(maker, await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey) }))
  } catch (error) {
    say(maker, error)
  }
}

function show(target, act) {
  const button = target?.querySelector('[data-passkey-button]') ?? document.querySelector(`[data-passkey-button][data-for="${target?.id}"]`)
  if (!button) return
  button.hidden = false
  button.addEventListener('click', act)
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  const field = document.querySelector('[name=webauthn]')
  if (field) {
    field.value = 'available'
    // A device that can make a passkey of its own may be offered one after the password.
    PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.().then((can) => can && (field.value = 'platform')).catch(() => {})
  }
  show(form, usePasskey)
  show(maker, makePasskey)
  if (form) offerInField().catch(() => {})
}
