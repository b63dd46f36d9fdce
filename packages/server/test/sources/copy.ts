import type { Client } from 'pg';

/** The part of node-postgres's connection that COPY needs and its types leave out. */
type CopyConnection = {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
};

/** Runs `COPY … FROM STDIN` with `data`; resolves with the command tag. */
export async function from(client: Client, text: string, data: string): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    let tag = '';
    const submittable = {
      submit: (connection: CopyConnection) => connection.query(text),
      handleCopyInResponse: (connection: CopyConnection) => {
        connection.sendCopyFromChunk(Buffer.from(data));
        connection.endCopyFrom();
      },
      handleCommandComplete: (message: { text: string }) => {
        tag = message.text;
      },
      handleError: (error: Error) => reject(error),
      handleReadyForQuery: () => resolve(tag),
    };
    client.query(submittable as never);
  });
}
