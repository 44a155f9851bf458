// A WhatsApp-like server that takes orders, on top of zapo's fake server: TLS as web.whatsapp.com, phones that scan codes,
// customers who write by a schedule. Arguments: the root key's file, the certificate's, a port for TLS, one for orders.
//
// Orders are JSON, posted to 127.0.0.1; times are seconds of CLOCK_MONOTONIC:
//   /pair {code, user, device}                the phone of `user` scans this code
//   /flow {users, run, rate, count, start}    message i, `wamid.RUN.` and i in eight digits, comes to users[i % length] at
//                                             start + i / rate, from its only customer; answers after the last
//   /                                         counts: logins, pushed, receipts, retries, sent, errors
import { readFileSync } from 'node:fs'
import { createServer as createOrders } from 'node:http'
import { createServer as createDoor } from 'node:tls'

import { FakePeer } from 'fake-server/api/FakePeer'
import { FakeWaServer } from 'fake-server/api/FakeWaServer'
import { WaFakeConnectionPipeline } from 'fake-server/infra/WaFakeConnectionPipeline'
import { buildAdvSignedDeviceIdentity, generateFakePrimaryDevice } from 'fake-server/protocol/auth/fake-primary-device'
import {
    buildPairDeviceIq,
    buildPairSuccessIq,
    mintPairingRefs,
    parsePairingQrString
} from 'fake-server/protocol/auth/pair-device'
import { buildStreamErrorCode } from 'fake-server/protocol/stream/stream-error'

type Any = any // eslint-disable-line @typescript-eslint/no-explicit-any

const HOST = '127.0.0.1'
const SERVER = 's.whatsapp.net'
const RESTART_CODE = 515
const [rootFile, certificate, tlsPort, ordersPort] = process.argv.slice(2)

interface Linked {
    readonly user: string
    pipeline: Any
    customer?: Promise<FakePeer>
}

const linked = new Map<string, Linked>()
const pairing = new Map<string, Any>()
const counts = { logins: 0, pushed: 0, receipts: 0, retries: 0, sent: 0, errors: 0 }

const now = (): number => Number(process.hrtime.bigint()) / 1e9
const numbered = (run: string, i: number, dot: string): string => `${run}${dot}${String(i).padStart(8, '0')}`

/** whatsmeow takes a server's name as a JID, which has an @. */
const pipelines = WaFakeConnectionPipeline.prototype as Any
const sendStanza = pipelines.sendStanza
pipelines.sendStanza = function (node: Any): Promise<void> {
    const attrs = { ...node.attrs }
    for (const name of ['from', 'to']) {
        if (attrs[name] === SERVER) attrs[name] = `@${SERVER}`
    }
    return sendStanza.call(this, { ...node, attrs })
}

async function main(): Promise<void> {
    const root = JSON.parse(readFileSync(rootFile, 'utf8'))
    const server: Any = await FakeWaServer.start({
        host: HOST,
        noiseRootCa: {
            serial: 0,
            publicKey: Buffer.from(root.publicKey, 'hex'),
            privateKey: Buffer.from(root.privateKey, 'hex')
        },
        sessionKey: ({ clientPayload }: Any) =>
            clientPayload.kind === 'login' ? String(clientPayload.username) : 'pairing'
    })
    server.onAuthenticatedPipeline((pipeline: Any) => {
        const { kind, username } = pipeline.clientPayload
        return kind === 'login' ? logIn(server, pipeline, String(username)) : offer(pipeline)
    })
    const door = createDoor({ key: readFileSync(certificate), cert: readFileSync(certificate) }, (socket) => {
        socket.on('error', () => undefined)
        socket.setNoDelay(true)
        server.wsServer.httpServer.emit('connection', socket)
    })
    door.on('tlsClientError', () => undefined)
    door.listen(Number(tlsPort), HOST, 4096)
    takeOrders(server)
}

async function offer(pipeline: Any): Promise<void> {
    const refs = await mintPairingRefs()
    for (const ref of refs) pairing.set(ref, pipeline)
    await pipeline.sendStanza(buildPairDeviceIq({ refs: refs.map((ref) => new TextEncoder().encode(ref)) }))
}

function logIn(server: Any, pipeline: Any, user: string): void {
    counts.logins += 1
    const known = linked.get(user)
    if (known) {
        known.pipeline = pipeline
        return
    }
    linked.set(user, { user, pipeline })
    const session = server.session(user)
    session.onCapturedStanza((node: Any) => {
        session.capturedStanzas.length = 0 // it keeps all of them
        if (node.tag === 'receipt') counts[node.attrs.type === 'retry' ? 'retries' : 'receipts'] += 1
        if (node.tag === 'message') counts.sent += 1
    })
}

async function pair(order: { code: string; user: string; device: number }): Promise<void> {
    const qr = parsePairingQrString(order.code.slice(order.code.indexOf('#') + 1))
    const pipeline = pairing.get(qr.ref)
    if (!pipeline) throw new Error('nobody shows this code')
    const { deviceIdentityBytes } = await buildAdvSignedDeviceIdentity({
        primary: await generateFakePrimaryDevice(),
        advSecretKey: qr.advSecretKey,
        companionIdentityPublicKey: qr.identityPublicKey,
        companionDeviceId: order.device
    })
    const deviceJid = `${order.user}:${order.device}@${SERVER}`
    const deviceLid = `9${order.user}:${order.device}@lid`
    await pipeline.sendStanza(buildPairSuccessIq({ deviceJid, deviceLid, platform: 'android', deviceIdentityBytes }))
    for (const [ref, of] of pairing) if (of === pipeline) pairing.delete(ref)
    setTimeout(() => void pipeline.sendStanza(buildStreamErrorCode(RESTART_CODE)).catch(() => undefined), 300)
    setTimeout(() => pipeline.config.connection.close(1000, ''), 400)
}

function customerOf(server: Any, one: Linked): Promise<FakePeer> {
    one.customer ??= (async () => {
        const session = server.session(one.user)
        const keys = session.preKeyDispenser
        await keys.awaitPreKeyBundle(60_000)
        const jid = `55219${one.user.slice(-8)}@${SERVER}`
        return FakePeer.create(
            { jid, displayName: `Customer ${one.user.slice(-4)}` },
            {
                bundleResolver: () => keys.awaitPreKeyBundle(),
                reserveOneTimePreKey: () => keys.dispenseOneTimePreKey(),
                pushStanza: (stanza) => one.pipeline.sendStanza(stanza),
                subscribeInboundMessages: (listener) => session.subscribeInboundMessages(listener)
            }
        ).then((peer) => {
            session.registries.registerPeer(peer)
            return peer
        })
    })()
    return one.customer
}

interface Flow {
    readonly users: readonly string[]
    readonly run: string
    readonly rate: number
    readonly count: number
    readonly start: number
}

async function flow(server: Any, { users, run, rate, count, start }: Flow): Promise<void> {
    const known = users.map((user) => linked.get(user))
    const customers = await Promise.all(known.map((one) => customerOf(server, one as Linked)))
    const push = (i: number): void => {
        counts.pushed += 1
        const id = `3EB0${numbered(run.toUpperCase(), i, '')}`
        customers[i % customers.length]
            .sendConversation(`wamid.${numbered(run, i, '.')}`, { id })
            .catch(() => (counts.errors += 1))
    }
    await new Promise<void>((resolve) => {
        let next = 0
        const step = (): void => {
            while (next < count && start + next / rate <= now()) push(next++)
            if (next >= count) resolve()
            else setTimeout(step, Math.max(0, (start + next / rate - now()) * 1000))
        }
        step()
    })
}

function takeOrders(server: Any): void {
    const orders = createOrders(async (request, response) => {
        const pieces: Buffer[] = []
        for await (const piece of request) pieces.push(piece as Buffer)
        const order = JSON.parse(Buffer.concat(pieces).toString() || '{}')
        try {
            if (request.url === '/pair') await pair(order)
            if (request.url === '/flow') await flow(server, order)
            response.end(JSON.stringify(counts))
        } catch (error) {
            response.statusCode = 500
            response.end(JSON.stringify({ error: String(error) }))
        }
    })
    orders.setTimeout(0)
    orders.listen(Number(ordersPort), HOST)
}

process.on('unhandledRejection', () => (counts.errors += 1))
void main()
