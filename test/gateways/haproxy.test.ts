/** HAProxy 2, from Debian's packages, is fed one PEM file for each key. */
import { describe } from 'node:test';
import { behavesAsGateway } from './behaviour.ts';
import { startHaproxy } from './haproxy.ts';

describe('HAProxy with jwt_verify', () => behavesAsGateway(startHaproxy));
