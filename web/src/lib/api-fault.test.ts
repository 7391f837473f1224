import { describe, expect, test } from 'vitest';
import { faultFromAnswer } from '@/lib/api-fault';

const envelope = (details: unknown) => ({
  success: false,
  error: { code: 'VALIDATION_ERROR', message: 'Check your entries.', details, timestamp: 't', request_id: 'req-1' },
});

describe('faultFromAnswer', () => {
  test('keeps code, message, status and request id of the envelope', () => {
    expect(faultFromAnswer(400, envelope({}))).toMatchObject({
      code: 'VALIDATION_ERROR',
      message: 'Check your entries.',
      status: 400,
      requestId: 'req-1',
      fields: [],
    });
  });

  test('lists every fault of details.errors', () => {
    const { byField } = faultFromAnswer(
      400,
      envelope({
        field: 'email',
        reason: 'first',
        errors: [
          { field: 'email', reason: 'is not an address' },
          { field: 'dob', reason: 'lies in the future' },
        ],
      }),
    );
    expect(byField).toEqual({ email: 'is not an address', dob: 'lies in the future' });
  });

  test('uses the single field when there is no list', () => {
    expect(faultFromAnswer(400, envelope({ field: 'email', reason: 'is taken' })).byField).toEqual({ email: 'is taken' });
  });

  test.each(['$.email', '/email', 'body.email', 'email'])('reads %s as the field email', (field) => {
    expect(faultFromAnswer(400, envelope({ field, reason: 'r' })).byField).toEqual({ email: 'r' });
  });

  test.each([null, 'gateway time-out', [], { error: 'x' }, envelope({ errors: [{ field: 1 }, null, 'x'] })])(
    'never fails on a body like %j',
    (body) => {
      const fault = faultFromAnswer(502, body);
      expect(fault.message).not.toBe('');
      expect(fault.fields).toEqual([]);
    },
  );

  test.each([
    [0, true],
    [400, false],
    [401, false],
    [429, true],
    [500, false],
    [503, true],
  ])('status %i may be sent again: %s', (status, transient) => {
    expect(faultFromAnswer(status, envelope({})).transient).toBe(transient);
  });
});
