/**
 * `config/kubernetes.yaml`, each object judged by the types and schemas that `kubernetes-models` makes of
 * Kubernetes' own API description: the schemas for what is missing or malformed, the types for members that
 * Kubernetes does not know, which it would drop in silence. No cluster is asked.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDeployment, IStatefulSet } from 'kubernetes-models/apps/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IConfigMap, IContainer, INamespace, IService } from 'kubernetes-models/v1';
import { tempDir } from '../support/temp.ts';
import { PROJECT } from './compose-file.ts';
import { parseYaml } from './parse-yaml.ts';

interface Kinds {
  readonly Namespace: INamespace;
  readonly ConfigMap: IConfigMap;
  readonly Deployment: IDeployment;
  readonly StatefulSet: IStatefulSet;
  readonly Service: IService;
  readonly PodDisruptionBudget: IPodDisruptionBudget;
  readonly NetworkPolicy: INetworkPolicy;
}

export type KubernetesObject = Kinds[keyof Kinds];

export function readManifest(): readonly KubernetesObject[] {
  return parseYaml(readFileSync(join(PROJECT, 'config/kubernetes.yaml'), 'utf8')) as never;
}

export function ofKind<Kind extends keyof Kinds>(
  manifest: readonly KubernetesObject[],
  kind: Kind,
  name: string,
): Kinds[Kind] {
  const found = manifest.find((object) => object.kind === kind && object.metadata?.name === name);
  if (found === undefined) throw new Error(`kubernetes.yaml has no ${kind} ${name}`);
  return found as Kinds[Kind];
}

/** The one container of a Deployment's or StatefulSet's pods. */
export function containerOf({ spec }: IDeployment | IStatefulSet): IContainer {
  const [container, ...others] = spec?.template.spec?.containers ?? [];
  if (container === undefined || others.length > 0) throw new Error('one container was expected');
  return container;
}

/** Throws with the path of what the schema refuses. */
export async function requireValid(object: KubernetesObject): Promise<void> {
  const models = await import(`kubernetes-models/${object.apiVersion}`);
  new models[object.kind](object).validate();
}

/** What the compiler says of the objects as literals of their types: members that there are not. */
export function typeErrors(objects: readonly KubernetesObject[]): string {
  const directory = tempDir('manifest');
  symlinkSync(join(PROJECT, 'node_modules'), join(directory, 'node_modules'));
  const file = join(directory, 'manifest.ts');
  const literals = objects.map(
    (object, index) =>
      `import type { I${object.kind} as T${index} } from 'kubernetes-models/${object.apiVersion}';\n` +
      `export const object${index}: T${index} = ${JSON.stringify(object, null, 1)};\n`,
  );
  writeFileSync(file, literals.join(''));
  const tsc = join(PROJECT, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', 'node'];
  const { stdout, status } = spawnSync(process.execPath, [tsc, ...options, file], {
    cwd: directory,
    encoding: 'utf8',
  });
  if (status !== 0 && stdout === '') throw new Error(`tsc exited with ${status}`);
  return stdout;
}
