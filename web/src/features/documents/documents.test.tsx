import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, fault, ok } from '@/testing/fake-server';
import { renderApp, signIn } from '@/testing/render-app';

const reading = {
  id: 'd1',
  document_type: 'pan',
  document_number: 'ABCPT1234K',
  is_verified: true,
  verification_status: 'approved',
  needs_review: false,
  ocr_data: {},
  confidence_score: 0.9,
  fields: [],
  findings: [{ check: 'image_reused', result: 'passed', explanation: 'No other account gave it', limits: 'A new photo is not seen' }],
  evidence: [],
  assurance: 'internally_consistent',
  expiry_state: 'expiring',
  stage: 'final',
  progress_percentage: 100,
  images: [{ side: 'front', page: 1 }],
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};

const receipt = { document_id: 'd1', deleted_at: '2026-01-02T00:00:00Z', signature: 'ab' };

function open(routes: Parameters<typeof fakeServer>[0] = {}) {
  const server = fakeServer({
    'GET /documents/:id': () => ok(reading),
    'GET /documents/:id/image': () => ({ status: 200, body: new Blob(['jpeg'], { type: 'image/jpeg' }) }),
    'DELETE /documents/:id': () => ok({ receipt }),
    ...routes,
  });
  signIn();
  renderApp('/documents/d1');
  return server;
}

test('a document shows its kept pictures, how far it can be relied on, when it ends and what a check cannot see', async () => {
  const server = open();
  expect(await screen.findByText('Its check digits or two of its sources agree.')).toBeVisible();
  expect(screen.getByText('This document will expire soon.')).toBeVisible();
  expect(screen.getByText('A new photo is not seen')).toBeVisible();
  await waitFor(() => expect(server.to('GET /documents/:id/image')).toHaveLength(1));
  expect(server.to('GET /documents/:id/image')[0]!.params).toEqual({ side: 'front', page: 1, size: 'thumbnail' });
});

test('a broken signature is said plainly', async () => {
  open({ 'GET /documents/:id': () => ok({ ...reading, evidence: [{ kind: 'secure_qr', state: 'signature_invalid' }] }) });
  expect(await screen.findByText('A digital signature on this document does not fit what it says.')).toBeVisible();
  expect(screen.queryByText('Its check digits or two of its sources agree.')).not.toBeInTheDocument();
});

test('a document is deleted after a second word, and the receipt can be saved', async () => {
  const server = open();
  await userEvent.click(await screen.findByRole('button', { name: 'Delete this document' }));
  expect(server.to('DELETE /documents/:id')).toHaveLength(0);
  await userEvent.click(screen.getByRole('button', { name: 'Keep it' }));
  await userEvent.click(screen.getByRole('button', { name: 'Delete this document' }));
  await userEvent.click(screen.getByRole('button', { name: 'Delete for good' }));
  expect(await screen.findByRole('button', { name: 'Save the receipt' })).toBeVisible();
  expect(server.to('DELETE /documents/:id')).toHaveLength(1);
  expect(screen.queryByText('No other account gave it')).not.toBeInTheDocument();
});

test('a refused deletion is told and changes nothing', async () => {
  open({ 'DELETE /documents/:id': () => fault(503, 'UNAVAILABLE', 'The service is temporarily unavailable') });
  await userEvent.click(await screen.findByRole('button', { name: 'Delete this document' }));
  await userEvent.click(screen.getByRole('button', { name: 'Delete for good' }));
  expect(await screen.findByText(/temporarily unavailable/)).toBeVisible();
  expect(screen.getByText('No other account gave it')).toBeVisible();
});
