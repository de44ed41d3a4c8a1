import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { anyone } from './access/roles.ts'

/**
 * The console: files that hold nothing of a cluster, so that they need no credentials; what they show, they ask the API
 * for as its caller. No script but those files runs in the page, and nothing may frame it or be sent by a form.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Isthmus: the console is not built</title>
<h1>The console is not built</h1>
<p>Run <code>npm run build</code> in the folder of Isthmus, and load this page again. The API and the command work without it.</p>
</html>`

/** `folder`: where the build is; it may come to be there later. */
export async function addConsole(http: FastifyInstance, folder: string): Promise<void> {
  await http.register(fastifyStatic, { root: folder, serve: false, cacheControl: false, logLevel: 'error' })
  const route = { config: { ...anyone, rateLimit: false as const }, schema: { hide: true } as const }
  http.get('/', route, (_request, reply) => reply.redirect('/console/'))
  http.get('/console', route, (_request, reply) => reply.redirect('/console/'))
  http.get<{ Params: { '*': string } }>('/console/*', route, (request, reply) => {
    void reply.header('content-security-policy', POLICY)
    const path = request.params['*'] === '' ? 'index.html' : request.params['*']
    if (path === 'index.html' && !existsSync(join(folder, path))) return sayNotBuilt(reply)
    // What the build names by its content never changes; the page that names it is asked for each time.
    void reply.header('cache-control', path.startsWith('assets/') ? 'max-age=31536000, immutable' : 'no-cache')
    return reply.sendFile(path)
  })
}

function sayNotBuilt(reply: FastifyReply): FastifyReply {
  return reply.code(503).type('text/html; charset=utf-8').header('cache-control', 'no-store').send(NOT_BUILT)
}
