// A photo's bytes go by HTTP PUT to an address that AppService signs: XMLHttpRequest, because fetch tells no progress.

import { Code, ConnectError } from "@connectrpc/connect";
import { app } from "./client.ts";

// The server's limits are Insta:Gateway:LargestUpload and Insta:Photos:MostBytes; whoever raises those builds the app with another number here
// (and in Compose's hint).
export const maxBytes = 30 * 1024 * 1024;

/** Gives the blob's id, for Post. Progress is from 0 to 1. */
export async function upload(photo: Blob, progress: (fraction: number) => void, signal: AbortSignal): Promise<string> {
  if (photo.size > maxBytes) throw new ConnectError("A photo may have up to 30 MB", Code.InvalidArgument);
  const { url } = await app.uploadUrl({ length: String(photo.size) }, { signal });
  return await put(url, photo, progress, signal);
}

function put(url: string, photo: Blob, progress: (fraction: number) => void, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener("abort", abort);
    request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onerror = () => reject(new ConnectError("upload failed", Code.Unavailable, undefined, undefined, new TypeError("network")));
    request.onabort = () => reject(new ConnectError("upload ended", Code.Canceled));
    request.onload = () => {
      const answer = read(request.responseText);
      if (request.status >= 200 && request.status < 300 && typeof answer["blobId"] === "string") resolve(answer["blobId"]);
      else reject(new ConnectError(typeof answer["message"] === "string" ? answer["message"] : "", codeOf(request.status)));
    };
    request.onloadend = () => signal.removeEventListener("abort", abort);
    request.open("PUT", url);
    request.setRequestHeader("content-type", photo.type || "application/octet-stream");
    request.send(photo);
  });
}

function read(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) as Record<string, unknown> | null) ?? {};
  } catch {
    return {};
  }
}

function codeOf(status: number): Code {
  switch (status) {
    case 401: return Code.Unauthenticated;
    case 403: return Code.PermissionDenied;
    case 429: return Code.ResourceExhausted;
    case 503: case 504: return Code.Unavailable;
    default: return status >= 400 && status < 500 ? Code.InvalidArgument : Code.Internal;
  }
}
