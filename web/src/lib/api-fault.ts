export interface FieldFault {
  field: string;
  reason: string;
}

interface FaultParts {
  code: string;
  message: string;
  status?: number;
  requestId?: string;
  fields?: FieldFault[];
}

/** The one error that API calls throw: the server's error envelope, or why there was none. */
export class ApiFault extends Error {
  readonly code: string;
  /** HTTP status; 0 when no answer arrived. */
  readonly status: number;
  readonly requestId: string | undefined;
  readonly fields: FieldFault[];

  constructor({ code, message, status = 0, requestId, fields = [] }: FaultParts) {
    super(message);
    this.name = 'ApiFault';
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.fields = fields;
  }

  /** Whether the same request may succeed if it is simply sent again. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }

  /** The first reason given for each field. */
  get byField(): Record<string, string> {
    const reasons: Record<string, string> = {};
    for (const { field, reason } of this.fields) reasons[field] ??= reason;
    return reasons;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** `$.address.city`, `/address/city` and `body.address.city` all name the field `address.city`. */
function fieldName(path: string): string {
  return path
    .replace(/^\$\.?/, '')
    .replace(/^\//, '')
    .replaceAll('/', '.')
    .replace(/^body\./, '');
}

function readField(value: unknown): FieldFault[] {
  if (!isRecord(value)) return [];
  const field = text(value.field);
  const reason = text(value.reason);
  return field !== undefined && reason !== undefined ? [{ field: fieldName(field), reason }] : [];
}

/** Reads `{success:false, error:{code, message, details, request_id}}`; anything else gets a plain message. */
export function faultFromAnswer(status: number, body: unknown): ApiFault {
  const error = isRecord(body) && isRecord(body.error) ? body.error : undefined;
  const code = text(error?.code);
  const message = text(error?.message);
  if (error === undefined || code === undefined || message === undefined) {
    return new ApiFault({
      code: 'UNEXPECTED_ANSWER',
      status,
      message:
        status === 413
          ? 'The file is too large.'
          : status >= 500
            ? 'The service has a problem at the moment. Please try again in a minute.'
            : 'The server gave an answer this page does not understand.',
    });
  }
  const details = isRecord(error.details) ? error.details : {};
  const listed = Array.isArray(details.errors) ? details.errors.flatMap(readField) : [];
  return new ApiFault({
    code,
    message,
    status,
    requestId: text(error.request_id),
    fields: listed.length > 0 ? listed : readField(details),
  });
}

export function faultWithoutAnswer(timedOut: boolean): ApiFault {
  return timedOut
    ? new ApiFault({ code: 'TIMEOUT', message: 'The server took too long to answer. Please try again.' })
    : new ApiFault({ code: 'UNREACHABLE', message: 'The server cannot be reached. Check your connection and try again.' });
}
