// SPDX-License-Identifier: MIT
// Pages that links in mail lead to. Opening one changes nothing: what stands behind the # of the link is never sent with the
// address, and is posted only when a button is pressed.
"use strict";

const TEXTS = {
  en: {
    email: "E-mail address", code: "Code from the mail", newPassword: "New password", password: "Password", name: "Name",
    optional: "optional", show: "Show the password", least: "At least {0} characters. Long is good; spaces are fine.",
    factorCode: "Code of your authenticator program", recoveryCode: "Recovery code",
    send: "Send me a code", again: "Send a new code", haveCode: "I have a code already", useRecovery: "Use a recovery code",
    useTotp: "Use the authenticator program", signOut: "Sign out again",
    sent: "If there is an account with this address, mail is on its way. It holds a code and a link.",
    invalid: "This link or code is not right, was used before or has expired.",
    invalidInvite: "This invitation was used before, has expired, or is for another address.",
    busy: "That did not work just now. Try again in a moment.",
    later: "Too many attempts. Try again in {0} seconds.",
    offline: "The server cannot be reached. Check the connection and try again.",
    off: "This is switched off here.",
    origin: "This page was opened under another address than its service is known by. Open the link as it stands in the mail.",
    wrongLink: "Open this page by the link in your mail.",
    required: "Fill this in.", notEmail: "This is no e-mail address.", codeForm: "The code has 8 digits.",
    too_short: "This is too short.", too_long: "This is too long.", weak: "This is too easy to guess. Choose a longer or less usual one.",
    breached: "This password has been stolen somewhere and is on lists attackers try. Choose another one.",
    domain: "Addresses of this domain are not accepted here.", refused: "This is not accepted.",
    verifyTitle: "Confirm your address", verifyText: "Press the button to confirm that this address is yours, if you made the account.",
    verifyAct: "Confirm the address", verifyDone: "Your address is confirmed. You can sign in now.",
    resetTitle: "Choose another password", resetText: "You will be signed out everywhere.", resetAct: "Set the password",
    resetDone: "Your password is changed, and all sessions have ended. Sign in with the new one.",
    resetAsk: "Have a code and a link mailed with which you set another password.",
    loginTitle: "Sign in", loginText: "Press the button to sign in on this device.", loginAct: "Sign in",
    loginDone: "You are signed in as {0}.", signedOut: "You are signed out.",
    loginAsk: "Have a code and a link mailed with which you sign in.",
    factorText: "Your account has a second factor.",
    enrolText: "Your account must have a second factor before you can sign in. Set it up in the application you use.",
    emailTitle: "Confirm your new address", emailText: "Press the button to use this address for your account from now on. Other devices are signed out.",
    emailAct: "Use this address", emailDone: "Your address is changed.",
    inviteTitle: "Make your account", inviteText: "You are invited. Give the address the invitation was sent to.",
    inviteAct: "Make the account", inviteDone: "Your account is made. You can sign in now.",
  },
  de: {
    email: "E-Mail-Adresse", code: "Code aus der E-Mail", newPassword: "Neues Passwort", password: "Passwort", name: "Name",
    optional: "freiwillig", show: "Passwort anzeigen", least: "Mindestens {0} Zeichen. Lang ist gut; Leerzeichen sind erlaubt.",
    factorCode: "Code Ihrer Authenticator-App", recoveryCode: "Wiederherstellungscode",
    send: "Code zusenden", again: "Neuen Code zusenden", haveCode: "Ich habe schon einen Code", useRecovery: "Wiederherstellungscode verwenden",
    useTotp: "Authenticator-App verwenden", signOut: "Wieder abmelden",
    sent: "Wenn es ein Konto mit dieser Adresse gibt, ist eine E-Mail unterwegs. Sie enthält einen Code und einen Link.",
    invalid: "Dieser Link oder Code stimmt nicht, wurde schon benutzt oder ist abgelaufen.",
    invalidInvite: "Diese Einladung wurde schon benutzt, ist abgelaufen oder gilt für eine andere Adresse.",
    busy: "Das hat gerade nicht geklappt. Versuchen Sie es gleich noch einmal.",
    later: "Zu viele Versuche. Versuchen Sie es in {0} Sekunden noch einmal.",
    offline: "Der Server ist nicht erreichbar. Prüfen Sie die Verbindung und versuchen Sie es noch einmal.",
    off: "Das ist hier abgeschaltet.",
    origin: "Diese Seite wurde unter einer anderen Adresse geöffnet als der ihres Dienstes. Öffnen Sie den Link so, wie er in der E-Mail steht.",
    wrongLink: "Öffnen Sie diese Seite über den Link in Ihrer E-Mail.",
    required: "Bitte ausfüllen.", notEmail: "Das ist keine E-Mail-Adresse.", codeForm: "Der Code hat 8 Ziffern.",
    too_short: "Das ist zu kurz.", too_long: "Das ist zu lang.", weak: "Das ist zu leicht zu erraten. Wählen Sie ein längeres oder weniger übliches.",
    breached: "Dieses Passwort wurde irgendwo gestohlen und steht auf Listen, die Angreifer durchprobieren. Wählen Sie ein anderes.",
    domain: "Adressen dieser Domain werden hier nicht angenommen.", refused: "Das wird nicht angenommen.",
    verifyTitle: "Adresse bestätigen", verifyText: "Drücken Sie den Knopf, um zu bestätigen, dass diese Adresse Ihnen gehört, wenn Sie das Konto angelegt haben.",
    verifyAct: "Adresse bestätigen", verifyDone: "Ihre Adresse ist bestätigt. Sie können sich jetzt anmelden.",
    resetTitle: "Neues Passwort wählen", resetText: "Sie werden überall abgemeldet.", resetAct: "Passwort setzen",
    resetDone: "Ihr Passwort ist geändert, und alle Sitzungen sind beendet. Melden Sie sich mit dem neuen an.",
    resetAsk: "Lassen Sie sich einen Code und einen Link zusenden, mit denen Sie ein neues Passwort setzen.",
    loginTitle: "Anmelden", loginText: "Drücken Sie den Knopf, um sich auf diesem Gerät anzumelden.", loginAct: "Anmelden",
    loginDone: "Sie sind angemeldet als {0}.", signedOut: "Sie sind abgemeldet.",
    loginAsk: "Lassen Sie sich einen Code und einen Link zusenden, mit denen Sie sich anmelden.",
    factorText: "Ihr Konto hat einen zweiten Faktor.",
    enrolText: "Ihr Konto braucht einen zweiten Faktor, bevor Sie sich anmelden können. Richten Sie ihn in der Anwendung ein, die Sie benutzen.",
    emailTitle: "Neue Adresse bestätigen", emailText: "Drücken Sie den Knopf, um ab jetzt diese Adresse für Ihr Konto zu verwenden. Andere Geräte werden abgemeldet.",
    emailAct: "Diese Adresse verwenden", emailDone: "Ihre Adresse ist geändert.",
    inviteTitle: "Konto anlegen", inviteText: "Sie sind eingeladen. Geben Sie die Adresse an, an die die Einladung ging.",
    inviteAct: "Konto anlegen", inviteDone: "Ihr Konto ist angelegt. Sie können sich jetzt anmelden.",
  },
};

const page = location.pathname.split("/").pop();
const wanted = [new URLSearchParams(location.search).get("lang"), ...(navigator.languages || [])];
const language = wanted.map((tag) => String(tag).slice(0, 2).toLowerCase()).find((tag) => tag in TEXTS) || "en";
const state = { token: location.hash.slice(1), email: "", least: 8, loginToken: "" };

const say = (name, value) => (TEXTS[language][name] || name).replace("{0}", value);
const element = (id) => document.getElementById(id);

// --- what is shown ---------------------------------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function tell(text, kind = "") {
  element("message").textContent = text;
  element("message").className = kind;
}

const FIELDS = {
  email: { type: "email", autocomplete: "username", inputMode: "email", maxLength: 254 },
  code: { type: "text", autocomplete: "one-time-code", inputMode: "numeric", maxLength: 11, className: "code" },
  name: { type: "text", autocomplete: "name", maxLength: 200 },
  newPassword: { type: "password", autocomplete: "new-password" },
  password: { type: "password", autocomplete: "new-password" },
  factorCode: { type: "text", autocomplete: "one-time-code", inputMode: "numeric", className: "code", maxLength: 8 },
  recoveryCode: { type: "text", autocomplete: "off", maxLength: 64 },
};
const OPTIONAL = ["name"];
const PASSWORDS = ["newPassword", "password"];

function makeField(name) {
  const label = say(name) + (OPTIONAL.includes(name) ? ` (${say("optional")})` : "");
  const input = make("input", { id: name, name, required: !OPTIONAL.includes(name), spellcheck: false, ...FIELDS[name] });
  const field = make("div", { className: "field" }, make("label", { htmlFor: name, textContent: label }), input);
  if (name === "email") input.value = state.email;
  if (PASSWORDS.includes(name)) {
    const box = make("input", { type: "checkbox", id: "show" });
    box.addEventListener("change", () => { input.type = box.checked ? "text" : "password"; });
    const hint = make("p", { className: "hint", id: `${name}-hint`, textContent: say("least", state.least) });
    const check = make("div", { className: "check" }, box, make("label", { htmlFor: "show", textContent: say("show") }));
    field.append(hint, check);
    input.setAttribute("aria-describedby", hint.id);
  }
  return field;
}

// One form: its fields, its button, what is done with what was filled in. `more`: [text, what it does].
function show({ title, text, kind, fields = [], act, submit, more }) {
  const form = element("form");
  element("title").textContent = document.title = say(title);
  if (text !== undefined) tell(text, kind);
  form.replaceChildren(...fields.map(makeField));
  if (act) form.append(make("button", { type: "submit", textContent: say(act) }));
  form.onsubmit = (event) => {
    event.preventDefault();
    if (isFilledIn(fields)) run(form, () => submit(valuesOf(fields)));
  };
  element("more").replaceChildren();
  if (more) {
    const button = make("button", { type: "button", textContent: say(more[0]) });
    button.addEventListener("click", more[1]);
    element("more").append(button);
  }
  const first = form.querySelector("input:not([value])") || element("title");
  first.focus();
}

function valuesOf(fields) {
  const values = Object.fromEntries(fields.map((name) => [name, element(name).value]));
  if (values.email) state.email = values.email = values.email.trim();
  for (const name of ["code", "factorCode", "recoveryCode"]) if (values[name]) values[name] = values[name].replace(/\s/g, "");
  return values;
}

function mark(name, text) {
  const input = element(name);
  const id = `${name}-error`;
  element(id)?.remove();
  input.setAttribute("aria-invalid", String(Boolean(text)));
  const hint = element(`${name}-hint`);
  const described = [hint && hint.id, text && id].filter(Boolean).join(" ");
  if (described) input.setAttribute("aria-describedby", described);
  if (text) input.after(make("p", { className: "error", id, textContent: text }));
  return !text;
}

function problemOf(name, value) {
  if (!value) return OPTIONAL.includes(name) ? "" : say("required");
  if (name === "email" && !/^[^@\s]+@[^@\s]+$/.test(value)) return say("notEmail");
  if (name === "code" && !/^[0-9]{8}$/.test(value)) return say("codeForm");
  return "";
}

function isFilledIn(fields) {
  const values = valuesOf(fields);
  const wrong = fields.filter((name) => !mark(name, problemOf(name, values[name])));
  if (wrong.length > 0) element(wrong[0]).focus();
  return wrong.length === 0;
}

async function run(form, work) {
  const buttons = [...form.querySelectorAll("button")];
  buttons.forEach((button) => { button.disabled = true; });
  form.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch {
    tell(say("offline"), "bad");
  } finally {
    form.removeAttribute("aria-busy");
    buttons.forEach((button) => { button.disabled = false; });
  }
}

// --- what is asked ---------------------------------------------------------------------------------------------------

// Relative: the service may lie below a path.
async function call(method, path, body, access) {
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  if (access) headers.Authorization = `Bearer ${access}`;
  const answer = await fetch(`../${path}`, {
    method, headers, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store", redirect: "error",
  });
  const text = await answer.text();
  return { status: answer.status, wait: answer.headers.get("Retry-After") || "1", ...(text ? JSON.parse(text) : {}) };
}

const POINTERS = { "/email": "email", "/code": "code", "/new_password": "newPassword", "/password": "password", "/name": "name" };
const REASONS = {
  too_short: "too_short", too_long: "too_long", weak_password: "weak", breached_password: "breached", not_an_email: "notEmail",
  domain_refused: "domain", required: "required",
};

function tellProblem(answer, invalid = "invalid") {
  for (const error of answer.errors || []) {
    const name = POINTERS[error.pointer];
    if (name && element(name) && !mark(name, say(REASONS[error.code] || "refused"))) element(name).focus();
  }
  if (answer.code === "code_invalid") tell(say(invalid), "bad");
  else if (answer.code === "rate_limited") tell(say("later", answer.wait), "bad");
  else if (answer.code === "disabled_by_policy") tell(say("off"), "bad");
  else if (answer.code === "origin_refused") tell(say("origin"), "bad");
  else if (answer.errors) tell("");
  else tell(say("busy"), "bad");
}

const isDone = (answer) => answer.status >= 200 && answer.status < 300;

// A token that has done its work, or never will, need not stay in the history.
function forgetToken() {
  state.token = "";
  history.replaceState(null, "", location.pathname + location.search);
}

function finish(title, text) {
  forgetToken();
  show({ title, text, kind: "good" });
}

// --- the flows -------------------------------------------------------------------------------------------------------

// By code: first the address, then the code that was mailed to it.
function askForCode(purpose, text, kind) {
  show({
    title: `${purpose}Title`, text: text === undefined ? say(`${purpose}Ask`) : text, kind, fields: ["email"], act: "send",
    submit: async ({ email }) => {
      const answer = await call("POST", "v1/codes", { purpose, email });
      if (isDone(answer)) enterCode(purpose, say("sent"));
      else tellProblem(answer);
    },
    more: ["haveCode", () => enterCode(purpose, "")],
  });
}

function enterCode(purpose, text) {
  const fields = ["email", "code", ...(purpose === "reset" ? ["newPassword"] : [])];
  show({
    title: `${purpose}Title`, text, fields, act: `${purpose}Act`,
    submit: ({ email, code, newPassword }) => redeem(purpose, { email, code }, newPassword),
    more: ["again", () => askForCode(purpose, "")],
  });
  if (state.email) element("code").focus();
}

function useToken(purpose) {
  show({
    title: `${purpose}Title`, text: say(`${purpose}Text`), fields: purpose === "reset" ? ["newPassword"] : [],
    act: `${purpose}Act`, submit: ({ newPassword }) => redeem(purpose, { token: state.token }, newPassword),
  });
}

async function redeem(purpose, proof, newPassword) {
  const body = { purpose, ...proof };
  if (newPassword) body.new_password = newPassword;
  const answer = await call("POST", "v1/codes/verify", body);
  if (answer.code === "mfa_required") return askForFactor(answer);
  if (answer.status === 200) return signedIn(answer);
  if (isDone(answer)) return finish(`${purpose}Title`, say(`${purpose}Done`));
  if (answer.code !== "code_invalid" || !proof.token) return tellProblem(answer);
  // The link is of no use any more; what is left is to ask for another one.
  forgetToken();
  if (purpose === "change") return show({ title: "changeTitle", text: say("invalid"), kind: "bad" });
  return askForCode(purpose, say("invalid"), "bad");
}

function askForFactor(answer) {
  const methods = answer.methods || [];
  forgetToken();
  state.loginToken = answer.login_token;
  if (!methods.includes("totp") && !methods.includes("recovery"))
    return show({ title: "loginTitle", text: say("enrolText"), kind: "bad" });
  return enterFactor(methods.includes("totp") ? "totp" : "recovery", methods);
}

function enterFactor(method, methods) {
  const field = method === "totp" ? "factorCode" : "recoveryCode";
  const other = method === "totp" ? "recovery" : "totp";
  show({
    title: "loginTitle", text: say("factorText"), fields: [field], act: "loginAct",
    submit: async (values) => {
      const body = { login_token: state.loginToken, method, code: values[field] };
      const answer = await call("POST", "v1/login/continue", body);
      if (answer.status === 200) await signedIn(answer);
      else tellProblem(answer);
    },
    more: methods.includes(other) && [other === "totp" ? "useTotp" : "useRecovery", () => enterFactor(other, methods)],
  });
}

// The tokens stay in this page and end with it, or when they are given back.
async function signedIn(tokens) {
  const me = await call("GET", "v1/me", null, tokens.access_token);
  forgetToken();
  show({
    title: "loginTitle", text: say("loginDone", me.email || ""), kind: "good", act: "signOut",
    submit: async () => {
      const answer = await call("POST", "v1/logout", { scope: "this" }, tokens.access_token);
      if (isDone(answer)) show({ title: "loginTitle", text: say("signedOut") });
      else tellProblem(answer);
    },
  });
}

function acceptInvitation() {
  show({
    title: "inviteTitle", text: say("inviteText"), fields: ["email", "name", "password"], act: "inviteAct",
    submit: async ({ email, name, password }) => {
      const body = { email, password, invite: state.token };
      if (name) body.name = name;
      const answer = await call("POST", "v1/signup", body);
      if (isDone(answer)) finish("inviteTitle", say("inviteDone"));
      else tellProblem(answer, "invalidInvite");
    },
  });
}

function begin() {
  const hasToken = state.token !== "";
  if (page === "invite" && hasToken) return acceptInvitation();
  if (page === "email" && hasToken) return useToken("change");
  if (page === "invite" || page === "email")
    return show({ title: `${page}Title`, text: say("wrongLink"), kind: "bad" });
  return hasToken ? useToken(page) : askForCode(page, page === "verify" ? "" : undefined);
}

for (const texts of Object.values(TEXTS)) {
  for (const part of ["Title", "Text", "Act", "Done"]) texts[`change${part}`] = texts[`email${part}`];
}
document.documentElement.lang = language;
element("service").textContent = location.host;
begin();
call("GET", "v1/config").then((config) => {
  state.least = config.password?.min_length || state.least;
  for (const name of PASSWORDS) if (element(`${name}-hint`)) element(`${name}-hint`).textContent = say("least", state.least);
}, () => {});
