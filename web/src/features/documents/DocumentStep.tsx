import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import LinearProgress from '@mui/material/LinearProgress';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import { useState, type SubmitEvent } from 'react';
import { useUploadDocument } from '@/features/documents/api/upload-document';
import { documentTypes, type DocumentType } from '@/features/documents/document-types';
import { PictureChooser } from '@/features/documents/PictureChooser';
import { FaultNotice } from '@/ui/FaultNotice';
import { useFaultFocus } from '@/ui/useFaultFocus';

/** Takes the document's pictures. `onUploaded` comes as soon as the server has them, before it has read them. */
export function DocumentStep({ onUploaded }: { onUploaded: (documentId: string) => void }) {
  const [type, setType] = useState<DocumentType>('aadhar');
  const [front, setFront] = useState<File | null>(null);
  const [back, setBack] = useState<File | null>(null);
  const [missing, setMissing] = useState<Record<string, string>>({});
  const upload = useUploadDocument();
  const faults = upload.error?.byField ?? missing;
  const form = useFaultFocus(faults);

  const forget = () => {
    setMissing({});
    upload.reset();
  };

  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    upload.reset();
    if (front === null) {
      setMissing({ front_image: 'Choose a picture of your document first.' });
      return;
    }
    if (front.size === 0) {
      setMissing({ front_image: 'This file is empty. Choose another one.' });
      return;
    }
    setMissing({});
    upload.mutate({ type, front, back }, { onSuccess: ({ document_id }) => onUploaded(document_id) });
  };

  return (
    <Box component="form" ref={form} onSubmit={submit} noValidate sx={{ display: 'grid', gap: 2.5 }}>
      <FaultNotice fault={upload.error} besideFields={['document_type', 'front_image', 'back_image']} />
      <TextField
        select
        id="document-type"
        label="Document"
        value={type}
        error={'document_type' in faults}
        helperText={faults.document_type}
        onChange={(event) => {
          forget();
          setType(event.target.value as DocumentType);
        }}
      >
        {Object.entries(documentTypes).map(([value, { label }]) => (
          <MenuItem key={value} value={value}>
            {label}
          </MenuItem>
        ))}
      </TextField>
      <PictureChooser
        id="document-upload"
        label="Front side"
        hint={documentTypes[type].hint}
        file={front}
        fault={faults.front_image}
        required
        onChoose={(file) => {
          forget();
          setFront(file);
        }}
      />
      <PictureChooser
        id="document-upload-back"
        label="Back side (optional)"
        hint="If something is printed on it, such as your address"
        file={back}
        fault={faults.back_image}
        compact
        onChoose={(file) => {
          forget();
          setBack(file);
        }}
      />
      {upload.isPending && (
        <LinearProgress
          aria-label="Sending the document"
          variant={upload.progress < 1 ? 'determinate' : 'indeterminate'}
          value={upload.progress * 100}
        />
      )}
      <Button
        id="upload-button"
        type="submit"
        variant="contained"
        size="large"
        loading={upload.isPending}
        loadingPosition="start"
        sx={{ justifySelf: { sm: 'start' }, minWidth: { sm: 220 } }}
      >
        {upload.isPending ? 'Sending…' : 'Upload document'}
      </Button>
    </Box>
  );
}
