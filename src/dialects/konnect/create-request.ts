/**
 * What Konnect sends for a new application. It promises that whatever Konnect has ever sent is taken, and that
 * a probe makes no client: Konnect takes any 2xx for success, so `{}` must not get one.
 *
 * Required is what every published version of its `ApplicationPayload` requires and what its own example of a
 * wrong payload lacks: a name and the redirect URIs. Its other required members have come and gone between
 * versions, or have a safe default, so a Konnect that leaves one out is not turned away.
 */
import { z } from 'zod';
import { mergeMetadata } from '../../clients/merge-metadata.ts';
import { clientMetadata } from '../../clients/metadata.ts';
import { type Problem, Refusal } from '../../lib/refusal.ts';
import { zodProblems } from '../../lib/zod-problems.ts';

const { client_name, redirect_uris, grant_types, token_endpoint_auth_method } = clientMetadata.shape;
const konnectId = (what: string) => z.string().nullish().describe(`Konnect's id of ${what}; kept.`);

export const createRequest = z
  .looseObject({
    client_name: z
      .string()
      .min(1)
      .describe(client_name.description ?? ''),
    redirect_uris: z
      .array(z.string())
      .nullable()
      .describe(redirect_uris.description ?? ''),
    grant_types: z
      .array(z.string())
      .nullish()
      .describe(grant_types.description ?? ''),
    scopes: z.array(z.string()).nullish().describe('What the client may ask tokens for.'),
    token_endpoint_auth_method: z
      .string()
      .nullish()
      .describe(token_endpoint_auth_method.description ?? ''),
    application_description: z.string().nullish().describe('What the application is for, to people.'),
    portal_id: konnectId('the Dev Portal'),
    organization_id: konnectId('the organization'),
    developer_id: konnectId('the developer who acts'),
    auth_strategy_id: konnectId('the authentication strategy'),
    dcr_provider_id: konnectId('this bridge'),
  })
  .meta({
    id: 'KonnectCreateRequest',
    description: 'An application of Konnect. Members of later versions are taken and kept.',
  });

type Members = Readonly<Record<string, unknown>>;

/** Konnect's own spelling of the description; everything else is RFC 7591's or kept as it came. */
export function toMetadata(body: Members): Members {
  const { application_description, ...others } = body;
  const members = { description: application_description, ...others };
  const { success, error } = createRequest.safeParse(body);
  if (success) return members;
  // What is wrong beside the form is said too, so that nobody has to try again to hear it.
  throw new Refusal('metadata_invalid', {
    problems: oncePerPath([...zodProblems(error), ...mergeMetadata({}, members).problems]),
  });
}

function oncePerPath(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.toReversed().map((problem) => [problem.path, problem])).values()].toReversed();
}
