// Passkeys in the browser: asks the authenticator and sends what it signed with the page's form. Decides nothing; the server checks it all.

const byId = (id) => document.getElementById(id)
