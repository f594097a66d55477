/** Apache httpd with mod_oauth2, from Debian's packages, takes the keys by URL. */
import { describe } from 'node:test';
import { startApache } from './apache.ts';
import { behavesAsGateway } from './behaviour.ts';

describe('Apache httpd with mod_oauth2', () => behavesAsGateway(startApache));
