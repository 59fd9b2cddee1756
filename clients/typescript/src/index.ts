export { Client } from "./client.js";
export { ClientError, type CallOptions, type ClientOptions } from "./transport.js";
export type * from "./models.js";
