// Where the firewall listens: the first argument of every script is its port.

export const port = Number(process.argv[2])
export const url = `http://127.0.0.1:${port}/graphql`
export const socketUrl = `ws://127.0.0.1:${port}/graphql`

/** The codes in a list of GraphQL errors. */
export const codes = (errors) => errors.map((it) => it.extensions.code)

/** What a promise fails with. */
export async function failure(promise) {
  let value
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`it has not failed: ${JSON.stringify(value)}`)
}
