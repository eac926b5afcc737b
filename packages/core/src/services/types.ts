/** A TCP listener of the host. */
export interface Listener {
  readonly address: string
  readonly port: number
  readonly uid: number
  readonly inode: number
}

/** A port inside that is connected to an address outside. */
export interface Service {
  readonly port: number
  readonly insideAddress: string
  readonly outsideAddress: string
}
