// SPDX-License-Identifier: MIT
// Grants, as oauth4webapi asks for them: RFC 6749, RFC 8414, RFC 9700 §4.14.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as service from './service.mjs';

const { insecurely } = service;
const as = await service.discover();

async function clientCredentials(client, authentication, parameters = {}) {
  const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, parameters, insecurely);
  return oauth.processClientCredentialsResponse(as, client, response);
}

async function refresh(client, authentication, token, options = {}) {
  const request = { ...insecurely, ...options };
  const response = await oauth.refreshTokenGrantRequest(as, client, authentication, token, request);
  return oauth.processRefreshTokenResponse(as, client, response);
}

const isError = (status, error) => (thrown) => {
  // A challenge comes first where there is one; its body is read from the response all the same.
  assert.ok(thrown instanceof oauth.ResponseBodyError || thrown instanceof oauth.WWWAuthenticateChallengeError, thrown);
  assert.equal(thrown.status, status);
  if (thrown instanceof oauth.ResponseBodyError) assert.equal(thrown.error, error);
  if (thrown instanceof oauth.WWWAuthenticateChallengeError) assert.equal(thrown.cause[0].scheme, 'basic');
  return true;
};

test('a wrong secret is challenged with Basic', async () => {
  const wrong = oauth.ClientSecretBasic(`${service.reporterSecret}x`);
  await assert.rejects(clientCredentials(service.reporter, wrong), isError(401, 'invalid_client'));
});

test('a wrong secret in the body is refused', async () => {
  const wrong = oauth.ClientSecretPost('wrong');
  await assert.rejects(clientCredentials(service.reporter, wrong), isError(401, 'invalid_client'));
});

test('a confidential client without its secret is refused', async () => {
  await assert.rejects(clientCredentials(service.reporter, oauth.None()), isError(401, 'invalid_client'));
});

test('an unknown client is refused', async () => {
  const unknown = { client_id: 'nobody' };
  await assert.rejects(clientCredentials(unknown, oauth.ClientSecretBasic('secret')), isError(401, 'invalid_client'));
});

test('a public client gets nothing for itself', async () => {
  await assert.rejects(clientCredentials(service.publicClient, oauth.None()), isError(400, 'unauthorized_client'));
});

test('a scope beyond what was registered is refused', async () => {
  const authentication = oauth.ClientSecretBasic(service.reporterSecret);
  const asked = clientCredentials(service.reporter, authentication, { scope: 'report:read report:burn' });
  await assert.rejects(asked, isError(400, 'invalid_scope'));
});

test('a grant nobody knows is refused', async () => {
  const authentication = oauth.ClientSecretBasic(service.reporterSecret);
  const asked = async () => {
    const response = await oauth.genericTokenEndpointRequest(
      as, service.reporter, authentication, 'urn:example:no-such-grant', {}, insecurely);
    return oauth.processGenericTokenEndpointResponse(as, service.reporter, response);
  };
  await assert.rejects(asked, isError(400, 'unsupported_grant_type'));
});

test('a grant the client is not registered for is refused, and the token is not spent', async () => {
  const { refresh_token: token } = await service.signIn();
  const basic = oauth.ClientSecretBasic(service.reporterSecret);
  await assert.rejects(refresh(service.reporter, basic, token), isError(400, 'unauthorized_client'));
  assert.ok((await refresh(service.firstParty, oauth.None(), token)).refresh_token);
});

test('what is no refresh token is refused', async () => {
  for (const token of ['rt_', 'not one of ours', 'rt_' + 'A'.repeat(75)])
    await assert.rejects(refresh(service.firstParty, oauth.None(), token), isError(400, 'invalid_grant'));
});

test('a refresh token of another client is refused, and stays good for its own', async () => {
  const { refresh_token: token } = await service.signIn();
  await assert.rejects(refresh(service.publicClient, oauth.None(), token), isError(400, 'invalid_grant'));
  assert.ok((await refresh(service.firstParty, oauth.None(), token)).access_token);
});

test('a used refresh token ends the session and its successor with it', async () => {
  const first = await service.signIn();
  const second = await refresh(service.firstParty, oauth.None(), first.refresh_token);
  const third = await refresh(service.firstParty, oauth.None(), second.refresh_token);
  await assert.rejects(refresh(service.firstParty, oauth.None(), first.refresh_token), isError(400, 'invalid_grant'));
  await assert.rejects(refresh(service.firstParty, oauth.None(), third.refresh_token), isError(400, 'invalid_grant'));
  assert.equal(await service.isAcceptedBy('/v1/me', third.access_token).catch(() => false), false);
});

test('a scope beyond the session is refused at a refresh, and the token is not spent', async () => {
  const { refresh_token: token } = await service.signIn();
  const wider = { additionalParameters: { scope: 'everything' } };
  await assert.rejects(refresh(service.firstParty, oauth.None(), token, wider), isError(400, 'invalid_scope'));
  assert.ok((await refresh(service.firstParty, oauth.None(), token)).access_token);
});

test('a grant by GET or with the secret in the URL is refused', async () => {
  const url = new URL(as.token_endpoint);
  assert.equal((await fetch(url)).status, 405);
  url.searchParams.set('client_id', service.reporter.client_id);
  url.searchParams.set('client_secret', service.reporterSecret);
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  assert.equal((await fetch(url, { method: 'POST', body })).status, 400);
});

test('the metadata announce what is there', () => {
  assert.equal(as.issuer, service.issuer);
  assert.deepEqual([...as.grant_types_supported].sort(), ['client_credentials', 'refresh_token']);
  for (const name of ['token_endpoint', 'revocation_endpoint', 'introspection_endpoint', 'jwks_uri'])
    assert.ok(as[name].startsWith(`${service.issuer}/`), name);
});

for (const [name, method] of [['Basic', oauth.ClientSecretBasic], ['the body', oauth.ClientSecretPost]]) {
  test(`client credentials in ${name} give a token without a refresh token`, async () => {
    const tokens = await clientCredentials(service.reporter, method(service.reporterSecret));
    assert.equal(tokens.token_type, 'bearer');
    assert.equal(tokens.expires_in, 300);
    assert.equal(tokens.refresh_token, undefined);
    assert.equal(tokens.scope, 'report:read report:write');
  });
}

test('a narrower scope is granted as asked', async () => {
  const authentication = oauth.ClientSecretBasic(service.reporterSecret);
  const tokens = await clientCredentials(service.reporter, authentication, { scope: 'report:read' });
  assert.equal(tokens.scope, 'report:read');
});

test('a public client refreshes again and again', async () => {
  let tokens = await service.signIn();
  const seen = new Set([tokens.refresh_token]);
  for (let i = 0; i < 5; i++) {
    tokens = await refresh(service.firstParty, oauth.None(), tokens.refresh_token);
    seen.add(tokens.refresh_token);
    assert.ok(await service.isAcceptedBy('/v1/me', tokens.access_token));
  }
  assert.equal(seen.size, 6);
});

test('a retry of a refresh gets the same successor', async () => {
  const { refresh_token: token } = await service.signIn();
  const first = await refresh(service.firstParty, oauth.None(), token);
  const again = await refresh(service.firstParty, oauth.None(), token);
  assert.equal(again.refresh_token, first.refresh_token);
  assert.ok((await refresh(service.firstParty, oauth.None(), again.refresh_token)).refresh_token);
});
