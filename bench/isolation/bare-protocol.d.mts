// The types of bare-protocol.mjs.
export declare const BARE_REQUEST_BYTES: number;
export declare const BARE_ECHO: number;
export declare const BARE_READ: number;
