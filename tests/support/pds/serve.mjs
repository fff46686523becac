// A PDS and its DID directory on loopback, in one process, with a clock that can be moved.
//
// node serve.mjs FOLDER   prints one JSON line {"pds", "plc"} and serves until its input ends.
// Each line of input is a number of milliseconds by which the clock jumps ahead; it is answered
// by a line with the time. Settings of the PDS are taken from the environment.
import { mkdirSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import readline from 'node:readline'

// Both servers listen on a port of all interfaces and know no setting for the address. Both want
// to know their port before they listen, and are made slowly: it is held for them meanwhile.
const held = new Map()
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  if (held.has(args[0])) args[0] = held.get(args[0])
  return listen.apply(this, args)
}

// The clock: dates are ahead by what was asked for, and long timers that are due then fire.
let ahead = 0
const RealDate = Date
const later = setTimeout
const timers = new Set()
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length) super(...args)
    else super(RealDate.now() + ahead)
  }
  static now() {
    return RealDate.now() + ahead
  }
}
globalThis.setTimeout = (call, ms, ...args) => {
  const timer = { due: Date.now() + ms, call: () => call(...args) }
  const handle = later(() => {
    timers.delete(timer)
    call(...args)
  }, Math.min(ms ?? 0, 2 ** 31 - 1))
  timer.handle = handle
  if (ms >= 60_000) timers.add(timer)
  return handle
}
const jump = (ms) => {
  ahead += ms
  for (const timer of [...timers]) {
    if (timer.due <= Date.now()) {
      timers.delete(timer)
      clearTimeout(timer.handle)
      timer.call()
    }
  }
}

// Node writes the header Date by a clock of its own.
const writeHead = http.ServerResponse.prototype.writeHead
http.ServerResponse.prototype.writeHead = function (...args) {
  this.setHeader('Date', new Date().toUTCString())
  return writeHead.apply(this, args)
}

const free = () =>
  new Promise((resolve) => {
    const holder = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = holder.address()
      held.set(port, holder)
      resolve(port)
    })
  })

const folder = process.argv[2]
const { Database, PlcServer } = await import('@did-plc/server')
const { PDS, envToCfg, envToSecrets, readEnv } = await import('@atproto/pds')

const plcPort = await free()
const plc = PlcServer.create({ db: Database.mock(), port: plcPort })
await plc.start()

const port = await free()
for (const name of ['data', 'blobs']) mkdirSync(join(folder, name), { recursive: true })
const settings = {
  PDS_PORT: String(port),
  PDS_HOSTNAME: 'localhost',
  PDS_DEV_MODE: 'true',
  PDS_DATA_DIRECTORY: join(folder, 'data'),
  PDS_BLOBSTORE_DISK_LOCATION: join(folder, 'blobs'),
  PDS_SERVICE_HANDLE_DOMAINS: '.test',
  PDS_INVITE_REQUIRED: 'false',
  PDS_JWT_SECRET: 'a secret of thirty-two characters or more',
  PDS_DPOP_SECRET: '5'.repeat(64),
  PDS_ADMIN_PASSWORD: 'admin',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '7'.repeat(64),
  PDS_DID_PLC_URL: `http://localhost:${plcPort}`,
  // Nothing may be asked outside of this machine: a port that is closed answers at once.
  PDS_BSKY_APP_VIEW_URL: 'http://127.0.0.1:1',
  PDS_BSKY_APP_VIEW_DID: 'did:web:localhost',
  LOG_ENABLED: 'false',
}
for (const [name, value] of Object.entries(settings)) process.env[name] ??= value
const env = readEnv()
const pds = await PDS.create(envToCfg(env), envToSecrets(env))
await pds.start()
process.stdout.write(
  JSON.stringify({ pds: `http://localhost:${port}`, plc: `http://localhost:${plcPort}` }) + '\n',
)

const input = readline.createInterface({ input: process.stdin })
input.on('line', (line) => {
  jump(Number(line))
  process.stdout.write(`${Date.now()}\n`)
})
input.on('close', () => process.exit(0))
