/** The face of the room: one HTTP request, of which is known whether it was sent. */
export { type HttpCall, NoAnswer, readBody, send } from './http-call.ts'
