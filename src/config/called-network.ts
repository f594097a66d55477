/** A network of our own that we may be made to call: never one with a metadata service in it (S-SSRF-01). */
import { z } from 'zod';
import { isListableNetwork } from '../providers/outbound/address-guard.ts';

export const calledNetwork = z.string().refine(isListableNetwork, {
  error: "must be a network in CIDR form that holds no link-local addresses (the clouds' metadata services)",
});
