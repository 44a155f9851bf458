// node build.mjs CHECKOUT OUT.cjs: bundles server.ts with the sources of packages/fake-server in a checkout of zapo.
// esbuild and ws must be installed in the working folder.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const [checkout, out] = process.argv.slice(2).map((path) => resolve(path))
const { build } = createRequire(join(process.cwd(), 'package.json'))('esbuild')

const zapo = {
    name: 'zapo',
    setup(bundle) {
        bundle.onResolve({ filter: /^fake-server\// }, ({ path }) => ({
            path: join(checkout, 'packages', 'fake-server', 'src', path.slice('fake-server/'.length)) + '.ts'
        }))
        // It writes a server's name without a user as a text; whatsmeow expects a JID.
        bundle.onLoad({ filter: /transport[\\/]binary[\\/]encoder\.ts$/ }, async ({ path }) => ({
            contents: (await readFile(path, 'utf8')).replace('atIndex <= 0', 'atIndex < 0'),
            loader: 'ts'
        }))
    }
}

await build({
    entryPoints: [join(dirname(fileURLToPath(import.meta.url)), 'server.ts')],
    outfile: out,
    bundle: true,
    platform: 'node',
    tsconfig: join(checkout, 'tsconfig.json'),
    nodePaths: [join(process.cwd(), 'node_modules')],
    external: ['pino', 'pino-pretty', 'argo-codec', 'better-sqlite3', 'bufferutil', 'utf-8-validate'],
    plugins: [zapo],
    logLevel: 'warning'
})
