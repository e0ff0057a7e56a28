// SPDX-License-Identifier: MIT
// Tokens as resource servers see them: jose and oauth4webapi verify them (RFC 9068), ask about them (RFC 7662) and
// give them up (RFC 7009).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import * as service from './service.mjs';

const { insecurely, algorithm } = service;
const as = await service.discover();
const basic = oauth.ClientSecretBasic(service.reporterSecret);
const keys = jose.createRemoteJWKSet(new URL(as.jwks_uri), { cooldownDuration: 0 });
const expected = { issuer: service.issuer, audience: service.audience, typ: 'at+jwt', algorithms: [algorithm] };

async function reporterToken() {
  const response = await oauth.clientCredentialsGrantRequest(as, service.reporter, basic, {}, insecurely);
  return (await oauth.processClientCredentialsResponse(as, service.reporter, response)).access_token;
}

async function introspect(token, client = service.reporter, authentication = basic) {
  const response = await oauth.introspectionRequest(as, client, authentication, token, insecurely);
  return oauth.processIntrospectionResponse(as, client, response);
}

async function revoke(token, client, authentication) {
  const response = await oauth.revocationRequest(as, client, authentication, token, insecurely);
  return oauth.processRevocationResponse(response);
}

function requestWith(token) {
  return new Request(`${service.issuer}/somewhere`, { headers: { Authorization: `Bearer ${token}` } });
}

const hasCode = (code) => (thrown) => thrown.code === code;

test('a token for another audience, of another issuer or another kind is refused', async () => {
  const token = await reporterToken();
  const cases = [{ audience: 'https://elsewhere.example' }, { issuer: 'https://elsewhere.example' }, { typ: 'JWT' }];
  for (const wrong of cases)
    await assert.rejects(jose.jwtVerify(token, keys, { ...expected, ...wrong }), hasCode('ERR_JWT_CLAIM_VALIDATION_FAILED'));
});

test('a token with one changed character is refused, here and there', async () => {
  const { access_token: token } = await service.signIn();
  const [head, claims, signature] = token.split('.');
  const changed = claims.slice(0, 20) + (claims[20] === 'A' ? 'B' : 'A') + claims.slice(21);
  const forged = [head, changed, signature].join('.');
  await assert.rejects(jose.jwtVerify(forged, keys, expected));
  await assert.rejects(service.isAcceptedBy('/v1/me', forged), oauth.WWWAuthenticateChallengeError);
  assert.ok(await service.isAcceptedBy('/v1/me', token));
});

test('a token signed with the published key as an HMAC secret, or not at all, is refused', async () => {
  const { access_token: token } = await service.signIn();
  const claims = jose.decodeJwt(token);
  const { keys: [published] } = await (await fetch(as.jwks_uri)).json();
  const secret = new TextEncoder().encode(JSON.stringify(published));
  const mac = await new jose.SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: published.kid }).sign(secret);
  const unsigned = new jose.UnsecuredJWT(claims).encode();
  const bare = `${jose.base64url.encode('{"alg":"none","typ":"at+jwt"}')}.${token.split('.')[1]}.`;
  for (const forged of [mac, unsigned, bare])
    await assert.rejects(service.isAcceptedBy('/v1/me', forged), oauth.WWWAuthenticateChallengeError);
});

test('a token signed by a key of somebody else is refused though it names ours', async () => {
  const { access_token: token } = await service.signIn();
  const { kid } = jose.decodeProtectedHeader(token);
  const { privateKey } = await jose.generateKeyPair(algorithm);
  const forged = await new jose.SignJWT(jose.decodeJwt(token))
    .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid }).sign(privateKey);
  await assert.rejects(jose.jwtVerify(forged, keys, expected), hasCode('ERR_JWS_SIGNATURE_VERIFICATION_FAILED'));
  await assert.rejects(service.isAcceptedBy('/v1/me', forged), oauth.WWWAuthenticateChallengeError);
});

test('a token of a client is not one of a person', async () => {
  await assert.rejects(service.isAcceptedBy('/v1/me', await reporterToken()), (thrown) => thrown.status === 403);
});

test('a public client may not ask about tokens', async () => {
  const token = await reporterToken();
  await assert.rejects(introspect(token, service.publicClient, oauth.None()), (thrown) => thrown.status === 401);
});

test('a token of somebody else, or of nobody, is not active', async () => {
  const { access_token: token, refresh_token: refreshToken } = await service.signIn();
  for (const other of [token, refreshToken, 'nonsense', `${token}x`])
    assert.deepEqual(await introspect(other), { active: false });
});

test('a token of somebody else cannot be revoked', async () => {
  const { access_token: token } = await service.signIn();
  await assert.rejects(revoke(token, service.reporter, basic), hasCode(oauth.RESPONSE_BODY_ERROR));
  assert.ok(await service.isAcceptedBy('/v1/me', token));
});

test('a revocation with a wrong secret is refused and revokes nothing', async () => {
  const token = await reporterToken();
  const wrong = oauth.ClientSecretBasic('wrong');
  await assert.rejects(revoke(token, service.reporter, wrong), oauth.WWWAuthenticateChallengeError);
  assert.equal((await introspect(token)).active, true);
});

test('a revoked access token is not active', async () => {
  const token = await reporterToken();
  assert.equal((await introspect(token)).active, true);
  await revoke(token, service.reporter, basic);
  assert.deepEqual(await introspect(token), { active: false });
});

test('a revoked refresh token takes its session and access tokens with it', async () => {
  const { access_token: token, refresh_token: refreshToken } = await service.signIn();
  await revoke(refreshToken, service.firstParty, oauth.None());
  const response = await oauth.refreshTokenGrantRequest(as, service.firstParty, oauth.None(), refreshToken, insecurely);
  await assert.rejects(
    oauth.processRefreshTokenResponse(as, service.firstParty, response), (thrown) => thrown.error === 'invalid_grant');
  await assert.rejects(service.isAcceptedBy('/v1/me', token), oauth.WWWAuthenticateChallengeError);
});

test('revoking what is no token is answered as done', async () => {
  await revoke('nonsense', service.reporter, basic);
});

test('jose verifies the token of a client', async () => {
  const { payload, protectedHeader } = await jose.jwtVerify(await reporterToken(), keys, expected);
  assert.equal(protectedHeader.alg, algorithm);
  assert.equal(payload.sub, service.reporter.client_id);
  assert.equal(payload.client_id, service.reporter.client_id);
  assert.equal(payload.scope, 'report:read report:write');
  assert.equal(payload.exp - payload.iat, 300);
  assert.equal(payload.sid, undefined);
});

test('jose verifies the token of a person', async () => {
  const { access_token: token } = await service.signIn();
  const { payload } = await jose.jwtVerify(token, keys, expected);
  const me = await (await fetch(`${service.issuer}/v1/me`, { headers: { Authorization: `Bearer ${token}` } })).json();
  assert.equal(payload.sub, me.id);
  assert.equal(payload.client_id, service.firstParty.client_id);
  assert.deepEqual(payload.amr, ['pwd']);
  assert.ok(payload.sid && payload.jti && payload.auth_time <= payload.iat);
});

test('oauth4webapi takes the token as RFC 9068 has it', async () => {
  const { access_token: token } = await service.signIn();
  const options = { ...insecurely, signingAlgorithms: [algorithm] };
  const claims = await oauth.validateJwtAccessToken(as, requestWith(token), service.audience, options);
  assert.equal(claims.iss, service.issuer);
});

test('introspection tells what the token says', async () => {
  const token = await reporterToken();
  const told = await introspect(token);
  const claims = jose.decodeJwt(token);
  assert.equal(told.active, true);
  for (const name of ['iss', 'sub', 'aud', 'client_id', 'exp', 'iat', 'jti', 'scope'])
    assert.deepEqual(told[name], claims[name], name);
});

test('no private part of a key is published', async () => {
  const { keys: published } = await (await fetch(as.jwks_uri)).json();
  assert.ok(published.length > 0);
  for (const key of published) {
    for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(key[name], undefined, name);
    assert.equal(key.use, 'sig');
    assert.equal(key.kid, await jose.calculateJwkThumbprint(key));
  }
});

// The service reads its keys again when a token names one it does not know.
async function makeServiceLook() {
  const { privateKey } = await jose.generateKeyPair(algorithm);
  const stranger = await new jose.SignJWT({})
    .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: 'unknown' }).sign(privateKey);
  await service.isAcceptedBy('/v1/me', stranger).catch(() => {});
}

test('after a rotation new tokens carry the new key and old ones stay good', async () => {
  const before = (await service.signIn()).access_token;
  await jose.jwtVerify(before, keys, expected);
  const rotated = service.runCommand('key', 'rotate', '--now').trim().split('\n').pop();
  let fresh;
  for (let i = 0; i < 100; i++) {
    await makeServiceLook();
    fresh = await reporterToken();
    if (jose.decodeProtectedHeader(fresh).kid === rotated) break;
    await sleep(200);
  }
  assert.equal(jose.decodeProtectedHeader(fresh).kid, rotated);
  const after = (await service.signIn()).access_token;
  assert.equal(jose.decodeProtectedHeader(after).kid, rotated);
  for (const token of [before, after]) {
    await jose.jwtVerify(token, keys, expected);
    assert.ok(await service.isAcceptedBy('/v1/me', token));
  }
  assert.notEqual(jose.decodeProtectedHeader(before).kid, rotated);
});
