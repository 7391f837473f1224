import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import { FaceCapture } from '@/features/faces/FaceCapture';
import { fakeCamera } from '@/testing/fake-camera';

const taken = () => vi.fn<(picture: Blob) => Promise<void>>().mockResolvedValue();

describe('FaceCapture', () => {
  test('shows the camera and says where the face belongs', () => {
    fakeCamera();
    render(<FaceCapture />);
    expect(screen.getByTestId('camera-element')).toBeInTheDocument();
    expect(screen.getByText('Position your face in the frame')).toBeInTheDocument();
  });

  test('shows that it is processing from the click on', () => {
    fakeCamera();
    render(<FaceCapture />);
    fireEvent.click(screen.getByText('Capture'));
    expect(screen.getByText('Processing...')).toBeInTheDocument();
  });

  test('says so when the camera cannot be used', async () => {
    const camera = fakeCamera();
    render(<FaceCapture />);
    act(() => camera.refuse('NotFoundError'));
    expect(await screen.findByText('Camera access denied')).toBeInTheDocument();
    expect(screen.getByText('No camera was found on this device.')).toBeInTheDocument();
  });

  test('a click before the camera has started takes the first picture it shows', async () => {
    const camera = fakeCamera();
    const onCapture = taken();
    render(<FaceCapture onCapture={onCapture} />);
    fireEvent.click(screen.getByText('Capture'));
    await act(async () => {
      camera.grant();
      await new Promise((resolve) => setTimeout(resolve, 120));
    });
    expect(onCapture).not.toHaveBeenCalled();
    camera.showFrames();
    await waitFor(() => expect(onCapture).toHaveBeenCalledOnce(), { timeout: 3000 });
    expect(onCapture.mock.calls[0]![0].type).toBe('image/jpeg');
    expect(await screen.findByText('Capture')).toBeEnabled();
  });

  test('stays processing until the picture has been dealt with', async () => {
    const camera = fakeCamera();
    let finish = () => {};
    const onCapture = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    render(<FaceCapture onCapture={onCapture} />);
    act(() => camera.grant());
    camera.showFrames();
    fireEvent.click(screen.getByText('Capture'));
    await waitFor(() => expect(onCapture).toHaveBeenCalled());
    expect(screen.getByText('Processing...')).toBeInTheDocument();
    act(() => finish());
    expect(await screen.findByText('Capture')).toBeEnabled();
  });

  test('a refusal during a waiting click ends the waiting and shows the way out', async () => {
    const camera = fakeCamera();
    const onCapture = taken();
    render(<FaceCapture onCapture={onCapture} />);
    fireEvent.click(screen.getByText('Capture'));
    act(() => camera.refuse('NotAllowedError'));
    expect(await screen.findByText('Camera access denied')).toBeInTheDocument();
    const picture = new File(['a face'], 'me.png', { type: 'image/png' });
    await userEvent.upload(screen.getByLabelText('Use a picture instead'), picture);
    expect(onCapture).toHaveBeenCalledExactlyOnceWith(picture);
  });

  test('asks for the camera again on retry', async () => {
    const camera = fakeCamera();
    render(<FaceCapture />);
    act(() => camera.refuse('NotAllowedError'));
    fireEvent.click(await screen.findByText('Try the camera again'));
    expect(screen.getByTestId('camera-element')).toBeInTheDocument();
    expect(camera.getUserMedia).toHaveBeenCalledTimes(2);
  });
});
