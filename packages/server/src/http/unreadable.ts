import type { Socket } from 'node:net';
import type { FastifyError } from 'fastify';
import type { Problem } from '../route.ts';
import { problemBody } from './problem.ts';

/** What the framework says about a request that no route has seen, in our words and under our codes. */
const known: { readonly [code: string]: Problem } = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'body_too_large',
    message: 'The body is larger than 1 MiB, which is the most that is read; send less.',
    status: 413,
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'media_type_unsupported',
    message: 'The body is of another media type than application/json; send JSON and say so in Content-Type.',
    status: 415,
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    code: 'body_malformed',
    message: 'The body is empty; expected one JSON document.',
    status: 400,
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'request_malformed',
    message: 'The body is not as long as Content-Length says; send them alike.',
    status: 400,
  },
  FST_ERR_BAD_URL: {
    code: 'url_malformed',
    message: 'The path is not percent-encoded UTF-8; encode it as RFC 3986 says.',
    status: 400,
  },
  FST_ERR_MAX_PARAM_LENGTH: {
    code: 'url_too_long',
    message: 'A part of the path is longer than 300 characters, which is the most; there is nothing of that name.',
    status: 414,
  },
};

/** The problem that a fault of the framework is, or null if it is not one of those. */
export function frameworkProblem(error: Partial<FastifyError>): Problem | null {
  return known[error.code ?? ''] ?? null;
}

/** Answers what is no HTTP that Node reads (RFC 9112, 2.2 and 9.6): one problem document, then the connection is closed. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { code, message, status } = unreadable(error.code ?? '');
  const body = JSON.stringify(problemBody({ code, message, status }));
  socket.end(
    [
      `HTTP/1.1 ${status} ${reasons[status] ?? 'Bad Request'}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

const reasons: { readonly [status: number]: string } = {
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

function unreadable(code: string): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { code: 'headers_too_large', message: 'The headers are larger than 16 KiB; send fewer.', status: 431 };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'request_too_slow', message: 'The request did not arrive in time; send it again.', status: 408 };
    default:
      return {
        code: 'request_malformed',
        message: 'What was sent is not HTTP/1.1 as RFC 9112 writes it; nothing was done.',
        status: 400,
      };
  }
}
