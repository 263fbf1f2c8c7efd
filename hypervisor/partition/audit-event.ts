// What a guest tried and must not, for its creator to keep.
import type { CodeRefusedEvent } from './refusal-audit.ts';
import type { ThrottledEvent } from './throttle-audit.ts';

export type AuditEvent = CodeRefusedEvent | ThrottledEvent;
