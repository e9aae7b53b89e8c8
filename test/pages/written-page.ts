import type { Page } from 'playwright-core'

// A browser that goes to a page makes everything anew, itself and what looks at the page: that is most of a look. A page that is written over the
// one before has its window, and so the policy, of that one; its own styles and scripts are read and run.

export type ShowPage = (address: string) => Promise<void>

let written = 0

/** A module runs once a window: each writing asks for it at another address. */
function withFreshModules(html: string): string {
  written += 1
  return html.replaceAll(/(<script type="module" src=")([^"]+)"/g, `$1$2?written=${written}"`)
}

/** Where forms may be sent to is of no account for a page that is only looked at. */
function policyOf(answer: Response): string {
  return (answer.headers.get('content-security-policy') ?? '').replace(/form-action[^;]*/, '')
}

function writing(html: string): string {
  return `{
    globalThis.ownWords ??= trustedTypes.createPolicy('written', { createHTML: (html) => html })
    document.open()
    const loaded = new Promise((resolve) => addEventListener('load', resolve))
    document.write(ownWords.createHTML(${JSON.stringify(html)}))
    document.close()
    loaded.then(() => undefined)
  }`
}

/** Shows the pages of one server in a tab: it goes to the first one and where the policy is another, and writes the others over what is there. */
export function showerOf(page: Page, headers: Readonly<Record<string, string>>): ShowPage {
  let shown: string | undefined
  let policy: string | undefined
  return async (address) => {
    if (address === shown) return
    const answer = await fetch(address, { headers })
    const html = withFreshModules(await answer.text())
    const isSame = policy === policyOf(answer)
    ;[shown, policy] = [address, policyOf(answer)]
    if (isSame) await page.evaluate(writing(html))
    else await page.goto(address)
  }
}
