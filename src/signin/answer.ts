import type { Departure } from '../authorization-request/response-modes/mode.ts'
import type { Context } from '../context.ts'
import { answerInteraction, findInteraction, type Interaction } from './store.ts'

// The answer of a journey, kept sealed for a minute: a double click on "Allow" cancels the first answer in the browser, and the second
// click must lead to the same place with the same code.

/** The answer that a journey was given a moment ago, or nothing. */
export function openAnswer(ctx: Context, interaction: Interaction): Departure | undefined {
  const plain = interaction.sealedAnswer && ctx.sealing.unseal('interaction-answer', interaction.sealedAnswer, interaction.id)
  return plain && (JSON.parse(plain.toString('utf8')) as Departure)
}

/** Ends a journey with an answer. Whoever comes second gets the answer of who was first. */
export async function keepAnswer(ctx: Context, interaction: Interaction, departure: Departure): Promise<Departure> {
  const sealed = ctx.sealing.seal('interaction-answer', Buffer.from(JSON.stringify(departure)), interaction.id)
  if (await answerInteraction(ctx, interaction.id, sealed)) return departure
  const answered = await findInteraction(ctx, interaction.id)
  return (answered && openAnswer(ctx, answered)) ?? departure
}
