/** Why a federation's metadata is not taken, in words for the operator. Nothing of it was used. Never quotes the document: it is a stranger's. */
export class MetadataRefused extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'MetadataRefused'
  }
}
