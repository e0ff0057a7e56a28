// SPDX-License-Identifier: MIT
// The service under test as these clients know it: test_clients.py starts it and describes it in the environment.
import { execFileSync } from 'node:child_process';
import * as oauth from 'oauth4webapi';

const described = JSON.parse(process.env.AUTH_UNDER_TEST);
export const { issuer, audience, algorithm, email, password, commandLine, commandEnvironment, folder } = described;

// Plain http: on the loopback interface there is nobody to hide from.
export const insecurely = { [oauth.allowInsecureRequests]: true };
export const firstParty = { client_id: described.firstPartyClientId };
export const reporter = { client_id: described.reporter.client_id };
export const reporterSecret = described.reporter.client_secret;
export const publicClient = { client_id: described.publicClientId };

export async function discover() {
  const url = new URL(issuer);
  const response = await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...insecurely });
  return oauth.processDiscoveryResponse(url, response);
}

export async function signIn() {
  const response = await fetch(`${issuer}/v1/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  if (response.status !== 200) throw new Error(`sign-in was answered ${response.status}: ${await response.text()}`);
  return response.json();
}

// What a resource of this service answers to the holder of a token.
export async function isAcceptedBy(path, token) {
  const response = await oauth.protectedResourceRequest(token, 'GET', new URL(path, issuer), undefined, null, insecurely);
  return response.status === 200;
}

// Runs a command of the binary on the data of the running service.
export function runCommand(...words) {
  const [program, ...first] = commandLine;
  return execFileSync(program, [...first, ...words], { cwd: folder, env: commandEnvironment, encoding: 'utf8' });
}
