import { csharp } from './csharp.ts'
import { curl } from './curl.ts'
import { express } from './express.ts'
import { fastify } from './fastify.ts'
import { go } from './go.ts'
import { java } from './java.ts'
import { node } from './node.ts'
import { oauth4webapi } from './oauth4webapi.ts'
import { php } from './php.ts'
import { python } from './python.ts'
import type { Snippet } from './snippet.ts'

/** The snippets, in the order of their links. */
export const snippets: readonly Snippet[] = [curl, node, oauth4webapi, fastify, express, python, go, java, php, csharp]
