import { describe, expect, test } from 'vitest'
import { type Action, type Actor, can, type ObjectKind, type Owner, type Role } from '../../src/organizations/can.ts'

// The matrix, written down a second time as people read it. Every actor, action and kind of thing is asked; what no line allows is refused.

// o operator, a admin, d developer, m member of the owner; s the person whose it is; * everybody with an account.
const MATRIX = `
                read    create  change  delete  secrets transfer decide statistics trust rotate
client          oadms   oads    oads    oads    oads    oas      -      oadms      o     -
api             oadm    oad     oad     oad     oad     oa       oad    oadm       o     -
organization    oadm    o       oa      o       -       -        oa     -          o     -
membership      oadm    oa      oa      oas     -       -        -      -          -     -
provider        oa      o       o       o       -       -        -      oa         -     -
scope           *       o       o       o       -       -        -      -          -     -
authorization_details_type * o     o       o       -       -        -      -          -     -
trusted_issuer  o       o       o       o       -       -        -      -          -     -
user            os      o       o       o       -       -        -      -          -     -
consent         os      -       -       os      -       -        -      -          -     -
trace           oads    -       -       -       -       -        -      -          -     -
operator        o       o       -       o       -       -        -      -          -     -
audit           o       -       -       -       -       -        -      -          -     -
key             o       -       -       -       -       -        -      -          -     o
system          o       -       -       -       -       -        -      -          -     -
`

const [header = '', ...lines] = MATRIX.trim().split('\n')
const actions = header.trim().split(/\s+/) as Action[]
const kinds = lines.map((line) => line.split(/\s+/)[0] as ObjectKind)

function person(userId: string, roles: Readonly<Record<string, Role>> = {}, operator = false): Actor {
  return { userId, operator, roles: new Map(Object.entries(roles)) }
}

/** Who asks, the letters that are theirs towards the thing, and whose the thing is. */
const actors: readonly (readonly [string, Actor, string, Owner])[] = [
  ['an operator', person('op', {}, true), 'o', { organization: 'ntu' }],
  ['an admin of the owner', person('ada', { ntu: 'admin' }), 'a', { organization: 'ntu' }],
  ['a developer of the owner', person('lin', { ntu: 'developer' }), 'd', { organization: 'ntu' }],
  ['a member of the owner', person('eva', { ntu: 'member' }), 'm', { organization: 'ntu' }],
  ['the person whose it is', person('kai'), 's', { userId: 'kai' }],
  ['an admin of another organization', person('mia', { lunmal: 'admin' }), '', { organization: 'ntu' }],
  ['a developer of another organization', person('per', { lunmal: 'developer' }), '', { organization: 'ntu' }],
  ['somebody without any role', person('liv'), '', { organization: 'ntu' }],
  ['another person, of what is a person’s', person('liv'), '', { userId: 'kai' }],
  ['an admin, of what is a person’s', person('ada', { ntu: 'admin' }), '', { userId: 'kai' }],
  ['an admin, of what is nobody’s', person('ada', { ntu: 'admin' }), '', {}],
  ['an operator, of what is nobody’s', person('op', {}, true), 'o', {}],
]

const rows = actors.flatMap(([who, actor, letters, owner]) =>
  lines.map((line, i) => {
    const cells = line.split(/\s+/).slice(1)
    const isAllowed = (cell: string): boolean => cell === '*' || letters.split('').some((letter) => cell.includes(letter))
    return [who, kinds[i] ?? 'system', actions.filter((_, j) => isAllowed(cells[j] ?? '')), actor, owner] as const
  }),
)

describe('who may do what', () => {
  test('the table has a cell for every action of every kind', () => {
    expect(lines.map((line) => line.trim().split(/\s+/).length)).toEqual(lines.map(() => actions.length + 1))
    expect(rows).toHaveLength(actors.length * 15)
  })

  test.each(rows)('%s may do this to %s: %j', (_who, kind, allowed, actor, owner) => {
    expect(actions.filter((action) => can(actor, action, { kind, owner }))).toEqual(allowed)
  })

  test('a person without an id is not the owner of what has none', () => {
    expect(can({ userId: '', operator: false, roles: new Map() }, 'read', { kind: 'client', owner: {} })).toBe(false)
  })
})
