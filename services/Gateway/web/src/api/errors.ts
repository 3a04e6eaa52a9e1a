// What went wrong, in words for whoever looks at the screen.

import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../gen/google/rpc/status_pb.ts";

export interface Fault {
  readonly message: string;
  /** By field of the request, as its contract names it. */
  readonly fields: ReadonlyMap<string, string>;
  readonly kind: "offline" | "busy" | "missing" | "refused" | "signedOut" | "broken";
}

export function faultOf(reason: unknown): Fault {
  const error = ConnectError.from(reason);
  const fields = new Map<string, string>();
  for (const detail of error.findDetails(BadRequestSchema)) {
    for (const violation of detail.fieldViolations) fields.set(violation.field, sentence(violation.description));
  }
  const fault = (kind: Fault["kind"], message: string): Fault => ({ kind, message, fields });
  if (!navigator.onLine) return fault("offline", "You are offline.");
  if (error.cause instanceof TypeError) return fault("offline", "The server can’t be reached.");
  switch (error.code) {
    case Code.Unavailable:
    case Code.DeadlineExceeded:
      return fault("busy", "The server takes too long. Try again in a moment.");
    case Code.ResourceExhausted:
      return fault("busy", "Too many requests just now. Try again in a moment.");
    case Code.NotFound:
      return fault("missing", "This is no longer here.");
    case Code.Unauthenticated:
      return fault("signedOut", sentence(error.rawMessage) || "Sign in again.");
    case Code.InvalidArgument:
    case Code.AlreadyExists:
    case Code.FailedPrecondition:
    case Code.PermissionDenied:
      return fault("refused", sentence(error.rawMessage) || "The server refused this.");
    case Code.Unimplemented:
      return fault("broken", "This server can’t do that yet.");
    default:
      return fault("broken", "Something went wrong on the server.");
  }
}

export const isAbort = (reason: unknown, signal: AbortSignal): boolean => signal.aborted || ConnectError.from(reason).code === Code.Canceled;

function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" ? "" : trimmed[0]!.toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? "" : ".");
}
