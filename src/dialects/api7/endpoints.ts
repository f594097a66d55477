/**
 * The HTTP Bridge dialect (API7 Developer Portal, `provider_type: http_bridge`): a table of routes onto the
 * registration core. It maps fields and statuses and holds no rule of its own.
 */
import { z } from 'zod';
import type { Endpoint, EndpointRequest, EndpointResponse } from '../../lib/endpoint.ts';
import { Refusal } from '../../lib/refusal.ts';
import { zodProblems } from '../../lib/zod-problems.ts';
import type { PortalName } from '../../portals/portal-name.ts';
import type { Act, ClientWithSecret, RegistrationContext } from '../../registration/context.ts';
import { createClient } from '../../registration/create.ts';
import { deleteClient } from '../../registration/delete.ts';
import { readClient } from '../../registration/read.ts';
import { rotateSecret } from '../../registration/rotate-secret.ts';
import { updateClient } from '../../registration/update.ts';
import { clientDocument, toClientDocument } from './client-document.ts';

type Request = EndpointRequest<PortalName>;

const CLIENTS = '/bridge/:provider/clients';
const CLIENT = `${CLIENTS}/:client_id`;

const rotateBody = z.object({ secret_overlap_seconds: z.int().min(0).nullish() });

export function api7Endpoints(context: RegistrationContext, issuer: string): readonly Endpoint<PortalName>[] {
  const withSecret = (status: number, { client, clientSecret }: ClientWithSecret): EndpointResponse => ({
    status,
    body: toClientDocument(client, issuer, clientSecret),
    secret: true,
  });
  return [
    {
      method: 'POST',
      path: CLIENTS,
      requestBody: 'required',
      responses: { 201: clientDocument },
      handle: async (request) => withSecret(201, await createClient(context, actOf(request), request.body)),
    },
    {
      method: 'GET',
      path: CLIENT,
      requestBody: 'none',
      responses: { 200: clientDocument },
      handle: async (request) => {
        const client = await readClient(context, actOf(request), idOf(request));
        return { status: 200, body: toClientDocument(client, issuer) };
      },
    },
    {
      method: 'PUT',
      path: CLIENT,
      requestBody: 'required',
      responses: { 200: clientDocument },
      handle: async (request) => {
        const client = await updateClient(context, actOf(request), idOf(request), request.body);
        return { status: 200, body: toClientDocument(client, issuer) };
      },
    },
    {
      method: 'POST',
      path: `${CLIENT}/rotate-secret`,
      requestBody: 'optional',
      responses: { 200: clientDocument },
      handle: async (request) =>
        withSecret(200, await rotateSecret(context, actOf(request), idOf(request), overlapOf(request))),
    },
    {
      method: 'DELETE',
      path: CLIENT,
      requestBody: 'none',
      responses: { 204: null },
      handle: async (request) => {
        await deleteClient(context, actOf(request), idOf(request));
        return { status: 204 };
      },
    },
  ];
}

function actOf({ caller, params, nowSeconds }: Request): Act {
  return { portal: caller, provider: params.provider ?? '', nowSeconds };
}

function idOf({ params }: Request): string {
  return params.client_id ?? '';
}

function overlapOf({ body }: Request): number | undefined {
  const parsed = rotateBody.safeParse(body);
  if (!parsed.success) throw new Refusal('metadata_invalid', { problems: zodProblems(parsed.error) });
  return parsed.data.secret_overlap_seconds ?? undefined;
}
