import type { ScopeItem } from './scope-item.ts'

// What the pages are told where something is let in that has no browser, or asks from elsewhere.

interface DeviceForm {
  readonly action: string
  readonly csrf: string
}

/** Where a person enters the code that another screen shows. */
export interface DeviceModel extends DeviceForm {
  /** As typed, or as the link brought it. */
  readonly userCode: string
  readonly error?: 'unknown' | 'expired' | 'used' | 'throttled' | undefined
  /** With `throttled`. */
  readonly until?: Date | undefined
}

/** The question whether what asks elsewhere is to be let in. Buttons `name=decision value=allow|deny`. */
export interface ConfirmDeviceModel extends DeviceForm {
  readonly clientName: string
  readonly kind: 'device' | 'ciba'
  readonly person: { readonly name: string; readonly address?: string | undefined }
  readonly owner?: string | undefined
  readonly userCode?: string | undefined
  readonly bindingMessage?: string | undefined
  readonly requestedAt: Date
  readonly requestedFrom: string
  readonly items: readonly ScopeItem[]
}

export interface DeviceDoneModel {
  readonly connected: boolean
  readonly clientName?: string | undefined
  readonly accountHref: string
}

export interface DeviceViews {
  readonly device: DeviceModel
  readonly 'device-confirm': ConfirmDeviceModel
  readonly 'device-done': DeviceDoneModel
}
