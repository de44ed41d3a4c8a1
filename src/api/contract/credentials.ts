import { Type } from 'typebox'
import { count, nullableNumber, nullableText, object, text } from './schema-kit.ts'

const CredentialBody = object(
  {
    name: text('What the files are for, such as `regions.eu-west.sasl`.'),
    files: Type.Array(Type.String(), { description: 'Where they are on the machine of this process.' }),
    version: text(
      'Tells versions of the same files apart: the same digits in every process that has read the same. They give nothing of the secret away.',
    ),
    since: text('Since when this version counts here, as RFC 3339 writes it.'),
    expiresInSeconds: nullableNumber('Until the first certificate in them ends. Null where there is none.'),
    changes: count('How often they have changed and were taken, since this process started.'),
    failures: count('How often they have changed to something that cannot be used.'),
    trouble: nullableText('Why what stands in the files is not in use. Null where it is.'),
  },
  'Files that belong together.',
)

export const CredentialsBody = object(
  {
    process: text('Name of the vantage point that answers.'),
    credentials: Type.Array(CredentialBody, { description: 'In the order of the configuration.' }),
  },
  'The files of credentials that this process uses, and which version of them.',
)
export type CredentialsBody = Type.Static<typeof CredentialsBody>
