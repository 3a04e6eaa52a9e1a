// AppService over grpc-web, as the signed-in user.

import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { AppService } from "../gen/insta/app/v1/app_pb.ts";
import { ReadToken } from "./readToken.ts";
import { onSession, renew, usable } from "./session.ts";

const tokenKey = "insta-lsn";
const attempts = 3;

let written = new ReadToken();
onSession(() => {
  written = new ReadToken();
});

/** Says who calls, and once more with a new token when the old one is refused. */
const signed: Interceptor = (next) => async (request) => {
  const session = await usable();
  request.header.set("authorization", `Bearer ${session.accessToken}`);
  try {
    return await next(request);
  } catch (error) {
    if (ConnectError.from(error).code !== Code.Unauthenticated) throw error;
    request.header.set("authorization", `Bearer ${(await renew(session.accessToken)).accessToken}`);
    return await next(request);
  }
};

/** Reads see what this browser has written. */
const readYourWrites: Interceptor = (next) => async (request) => {
  const token = written.toString();
  if (token) request.header.set(tokenKey, token);
  const answer = await next(request);
  const received = answer.stream ? null : (answer.trailer.get(tokenKey) ?? answer.header.get(tokenKey));
  if (received) written.merge(received);
  return answer;
};

/** What the contract calls repeatable is tried again when the server is busy or away for a moment. */
const patient: Interceptor = (next) => async (request) => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await next(request);
    } catch (reason) {
      const error = ConnectError.from(reason);
      const pause = pauseBefore(error, attempt);
      const repeatable = request.method.idempotency !== undefined && request.method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
      if (request.stream || !repeatable || attempt === attempts || pause === null || !navigator.onLine) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
      request.signal.throwIfAborted();
    }
  }
};

/** Milliseconds; null: trying again does not help, or the server asks not to. */
function pauseBefore(error: ConnectError, attempt: number): number | null {
  if (error.code !== Code.Unavailable && error.code !== Code.ResourceExhausted) return null;
  const asked = error.metadata.get("grpc-retry-pushback-ms");
  if (asked !== null) return Number(asked) >= 0 ? Math.min(Number(asked), 5_000) : null;
  return error.code === Code.Unavailable ? 200 * 2 ** attempt * (0.5 + Math.random()) : null;
}

export const app = createClient(
  AppService,
  createGrpcWebTransport({ baseUrl: location.origin, defaultTimeoutMs: 12_000, interceptors: [patient, signed, readYourWrites] }),
);

/** Names a write, so that its repetition makes no double. */
export function requestId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
