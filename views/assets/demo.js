// Copies commands. Without script they can be selected.

function offerCopy(button) {
  const status = document.getElementById('copied')
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent)
    button.textContent = 'Copied'
    status.textContent = 'The command is in the clipboard'
  })
}

if (navigator.clipboard) document.querySelectorAll('[data-copy]').forEach(offerCopy)
