export type DocumentType = 'aadhar' | 'pan' | 'passport' | 'driving_license' | 'voter_id' | 'other';

interface Description {
  label: string;
  /** What the front picture must show. */
  hint: string;
}

export const documentTypes: Record<DocumentType, Description> = {
  aadhar: { label: 'Aadhaar card', hint: 'The side with your picture and the 12-digit number' },
  pan: { label: 'PAN card', hint: 'The side with your picture and the number' },
  passport: { label: 'Passport', hint: 'The page with your picture, both printed lines at the bottom included' },
  driving_license: { label: 'Driving licence', hint: 'The side with your picture' },
  voter_id: { label: 'Voter ID', hint: 'The side with your picture' },
  other: { label: 'Other document', hint: 'The side with your picture' },
};

export function documentLabel(type: string): string {
  return type in documentTypes ? documentTypes[type as DocumentType].label : type;
}
