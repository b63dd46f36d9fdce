/** Something that writes one committed file from other files of the tree. */
export interface Generator {
  /** Path of the file it writes, relative to the root. */
  readonly output: string;
  /** The whole content. The same tree gives the same bytes: no clock, no environment, no network. */
  generate(root: string): Promise<string>;
}
