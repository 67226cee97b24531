// The AWS Encryption SDK for JavaScript as a party to the exchange: see ../README.md for the requests.
'use strict'

const fs = require('node:fs')
const readline = require('node:readline')
const {
  buildClient,
  CommitmentPolicy,
  getLocalCryptographicMaterialsCache,
  KmsKeyringNode,
  MultiKeyringNode,
  NodeCachingMaterialsManager,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier: Wrapping
} = require('@aws-crypto/client-node')

const WRAPPING = {
  16: Wrapping.AES128_GCM_IV12_TAG16_NO_PADDING,
  24: Wrapping.AES192_GCM_IV12_TAG16_NO_PADDING,
  32: Wrapping.AES256_GCM_IV12_TAG16_NO_PADDING
}
// Older suites are written only where commitment is forbidden; all of them are read.
const COMMITTING = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
const NOT_COMMITTING = buildClient(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)

async function main () {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer
    try {
      const request = JSON.parse(line)
      answer = { done: await { write, open }[request.operation](request) }
    } catch (error) { // whatever the SDK refuses with is the answer
      answer = { refused: `${error.name}: ${error.message}` }
    }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
}

async function write (request) {
  const suiteId = parseInt(request.suite, 16)
  const { encrypt } = ['0478', '0578'].includes(request.suite) ? COMMITTING : NOT_COMMITTING
  let keySource = keyring(request.keys)
  if (request.messages.length > 1) {
    keySource = new NodeCachingMaterialsManager({
      backingMaterials: keySource,
      cache: getLocalCryptographicMaterialsCache(1),
      maxAge: 3600 * 1000
    })
  }
  for (const [number, message] of request.messages.entries()) {
    const plaintext = fs.readFileSync(request.plaintexts[number])
    const { result } = await encrypt(keySource, plaintext, {
      suiteId,
      encryptionContext: request.context,
      frameLength: request.frame_len,
      // Without it the SDK would bypass its cache.
      plaintextLength: plaintext.length
    })
    fs.writeFileSync(message, result)
  }
  return { messages: request.messages.length }
}

async function open (request) {
  const { plaintext, messageHeader } = await COMMITTING.decrypt(keyring(request.keys), fs.readFileSync(request.message))
  fs.writeFileSync(request.plaintext, plaintext)
  return {
    suite: messageHeader.suiteId.toString(16).padStart(4, '0'),
    context: messageHeader.encryptionContext,
    encrypted_data_keys: messageHeader.encryptedDataKeys.length
  }
}

function keyring (keys) {
  if (keys.every((key) => key.kms)) {
    const [generatorKeyId, ...keyIds] = keys.map((key) => key.kms)
    return new KmsKeyringNode({ generatorKeyId, keyIds })
  }
  const [generator, ...children] = keys.map((key) => rawKey(key.raw))
  return children.length ? new MultiKeyringNode({ generator, children }) : generator
}

function rawKey (raw) {
  const buffer = Buffer.from(raw.key_base64, 'base64')
  // The SDK refuses buffers that share their memory with others, as small ones do.
  const unencryptedMasterKey = new Uint8Array(buffer.length)
  unencryptedMasterKey.set(buffer)
  return new RawAesKeyringNode({
    keyNamespace: raw.provider_id,
    keyName: raw.name,
    unencryptedMasterKey,
    wrappingSuite: WRAPPING[buffer.length],
    // The order of the format. Without it the SDK sorts keys by UTF-16, as its older versions did.
    utf8Sorting: true
  })
}

main()
