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
    gone: "This sign-in took too long or was tried too often. Begin it again.",
    invalidChange: "This link is not right, was used before or has expired. Ask for the change again where you asked for it.",
    later: "Too many attempts. Try again in {0} seconds.",
    offline: "The server cannot be reached. Check the connection and try again.",
    off: "This is switched off here.",
    origin: "This page was opened under another address than its service is known by. Open the link as it stands in the mail.",
    wrongLink: "Open this page by the link in your mail.",
    required: "Fill this in.", notEmail: "This is no e-mail address.", codeForm: "The code has 8 digits.",
    too_short: "This is too short.", too_long: "This is too long.", weak: "This is too easy to guess. Choose a longer or less usual one.",
    breached: "This password has been stolen somewhere and is on lists attackers try. Choose another one.",
    common: "Many people use this password, or one like it. Choose a longer or less usual one.",
    context: "This is your address or name or the name of this service, or like it. Choose something else.",
    pattern: "This is a repetition, a sequence, a pattern on the keyboard or a date. Choose a longer or less usual one.",
    domain: "Addresses of this domain are not accepted here.", refused: "This is not accepted.",
    verifyTitle: "Confirm your address", verifyText: "Press the button to confirm that this address is yours, if you made the account.",
    verifyAsk: "Have a code and a link mailed with which you confirm your address.",
    verifyAct: "Confirm the address", verifyDone: "Your address is confirmed. You can sign in now.",
    resetTitle: "Choose another password", resetText: "From then on only the new password counts, and all your devices are signed out.", resetAct: "Set the password",
    resetDone: "Your password is changed, and all sessions have ended. Sign in with the new one.",
    resetAsk: "Have a code and a link mailed with which you set another password.",
    loginTitle: "Sign in", loginText: "Press the button to sign in on this device.", loginAct: "Sign in",
    loginDone: "You are signed in as {0}.", signedOut: "You are signed out.",
    loginAsk: "Have a code and a link mailed with which you sign in.",
    factorText: "Your account has a second factor.",
    enrolText: "Your account must have a second factor before you can sign in. It is an authenticator program, on your phone for example.",
    enrolAct: "Set up a second factor", enrolScan: "Scan this with your authenticator program, or type the key there. Then enter the code it shows.",
    enrolKey: "Key", enrolImage: "The key as a QR code", enrolOpen: "Open it in an authenticator program on this device",
    enrolDone: "You are signed in as {0}. Keep these recovery codes where you find them without your phone: each lets you in once.",
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
    gone: "Diese Anmeldung hat zu lange gedauert oder wurde zu oft versucht. Beginnen Sie noch einmal.",
    invalidChange: "Dieser Link stimmt nicht, wurde schon benutzt oder ist abgelaufen. Verlangen Sie die Änderung dort noch einmal, wo Sie sie verlangt haben.",
    later: "Zu viele Versuche. Versuchen Sie es in {0} Sekunden noch einmal.",
    offline: "Der Server ist nicht erreichbar. Prüfen Sie die Verbindung und versuchen Sie es noch einmal.",
    off: "Das ist hier abgeschaltet.",
    origin: "Diese Seite wurde unter einer anderen Adresse geöffnet als der ihres Dienstes. Öffnen Sie den Link so, wie er in der E-Mail steht.",
    wrongLink: "Öffnen Sie diese Seite über den Link in Ihrer E-Mail.",
    required: "Bitte ausfüllen.", notEmail: "Das ist keine E-Mail-Adresse.", codeForm: "Der Code hat 8 Ziffern.",
    too_short: "Das ist zu kurz.", too_long: "Das ist zu lang.", weak: "Das ist zu leicht zu erraten. Wählen Sie ein längeres oder weniger übliches.",
    breached: "Dieses Passwort wurde irgendwo gestohlen und steht auf Listen, die Angreifer durchprobieren. Wählen Sie ein anderes.",
    common: "Viele benutzen dieses Passwort oder ein ähnliches. Wählen Sie ein längeres oder weniger übliches.",
    context: "Das ist Ihre Adresse, Ihr Name, der Name dieses Dienstes oder etwas Ähnliches. Wählen Sie etwas anderes.",
    pattern: "Das ist eine Wiederholung, eine Reihe, ein Muster der Tastatur oder ein Datum. Wählen Sie ein längeres oder weniger übliches.",
    domain: "Adressen dieser Domain werden hier nicht angenommen.", refused: "Das wird nicht angenommen.",
    verifyTitle: "Adresse bestätigen", verifyText: "Drücken Sie den Knopf, um zu bestätigen, dass diese Adresse Ihnen gehört, wenn Sie das Konto angelegt haben.",
    verifyAsk: "Lassen Sie sich einen Code und einen Link zusenden, mit denen Sie Ihre Adresse bestätigen.",
    verifyAct: "Adresse bestätigen", verifyDone: "Ihre Adresse ist bestätigt. Sie können sich jetzt anmelden.",
    resetTitle: "Neues Passwort wählen", resetText: "Danach gilt nur noch das neue Passwort, und alle Ihre Geräte werden abgemeldet.", resetAct: "Passwort setzen",
    resetDone: "Ihr Passwort ist geändert, und alle Sitzungen sind beendet. Melden Sie sich mit dem neuen an.",
    resetAsk: "Lassen Sie sich einen Code und einen Link zusenden, mit denen Sie ein neues Passwort setzen.",
    loginTitle: "Anmelden", loginText: "Drücken Sie den Knopf, um sich auf diesem Gerät anzumelden.", loginAct: "Anmelden",
    loginDone: "Sie sind angemeldet als {0}.", signedOut: "Sie sind abgemeldet.",
    loginAsk: "Lassen Sie sich einen Code und einen Link zusenden, mit denen Sie sich anmelden.",
    factorText: "Ihr Konto hat einen zweiten Faktor.",
    enrolText: "Ihr Konto braucht einen zweiten Faktor, bevor Sie sich anmelden können. Das ist eine Authenticator-App, zum Beispiel auf Ihrem Telefon.",
    enrolAct: "Zweiten Faktor einrichten", enrolScan: "Scannen Sie das mit Ihrer Authenticator-App, oder tippen Sie den Schlüssel dort ein. Geben Sie dann den Code ein, den sie zeigt.",
    enrolKey: "Schlüssel", enrolImage: "Der Schlüssel als QR-Code", enrolOpen: "In einer Authenticator-App auf diesem Gerät öffnen",
    enrolDone: "Sie sind angemeldet als {0}. Bewahren Sie diese Wiederherstellungscodes so auf, dass Sie sie ohne Ihr Telefon finden: Jeder lässt Sie einmal hinein.",
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

const say = (name, value) => (TEXTS[language][name] || name).replace("{0}", () => value);
const element = (id) => document.getElementById(id);

// --- what is shown ---------------------------------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Beside what is to be done, and read out at once.
function tell(problem) {
  element("problem").textContent = problem;
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
const CODES = ["code", "factorCode", "recoveryCode"];

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

// One form: what stands above it, its fields, its button, what is done with what was filled in. `more`: [text, what it does].
function show({ title, text = "", isGood = false, problem = "", above = [], fields = [], act, submit, more }) {
  const form = element("form");
  element("title").textContent = say(title);
  document.title = `${say(title)} – ${location.host}`;
  element("message").textContent = text;
  element("message").className = isGood ? "good" : "";
  tell(problem);
  form.replaceChildren(...above, ...fields.map(makeField));
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
  ((above.length === 0 && form.querySelector("input")) || element("title")).focus();
}

function valuesOf(fields) {
  const values = Object.fromEntries(fields.map((name) => [name, element(name).value]));
  if (values.email) state.email = values.email = values.email.trim();
  for (const name of CODES) if (values[name]) values[name] = values[name].replace(/\s/g, "");
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

// A button that were disabled meanwhile would lose the focus.
async function run(form, work) {
  if (form.hasAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  tell("");
  try {
    await work();
  } catch {
    tell(say("offline"));
  } finally {
    form.removeAttribute("aria-busy");
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

// Members of a request, and what they may be called in a form.
const POINTERS = {
  "/email": ["email"], "/code": ["code", "factorCode", "recoveryCode"], "/new_password": ["newPassword"],
  "/password": ["password"], "/name": ["name"],
};
const REASONS = {
  required: "required", too_short: "too_short", too_long: "too_long", not_an_email: "notEmail", domain_refused: "domain",
  too_simple: "weak", common_password: "common", context_word: "context", repeated: "pattern", sequence: "pattern",
  keyboard_pattern: "pattern", date: "pattern", breached_password: "breached",
};
const PROBLEMS = { disabled_by_policy: "off", origin_refused: "origin", expired: "gone", invalid_credentials: "gone" };

// True when every error is told beside its field.
function markAll(errors) {
  const fields = errors.map((error) => (POINTERS[error.pointer] || []).find(element));
  errors.forEach((error, i) => { if (fields[i]) mark(fields[i], say(REASONS[error.code] || "refused")); });
  const first = fields.find(Boolean);
  if (first) element(first).focus();
  return fields.length > 0 && fields.every(Boolean);
}

function tellProblem(answer, invalid = "invalid") {
  if (answer.status === 422 && markAll(answer.errors || [])) return;
  if (answer.code === "code_invalid") tell(say(invalid));
  else if (answer.status === 422) tell(say(invalid));
  else if (answer.code === "rate_limited") tell(say("later", answer.wait));
  else tell(say(PROBLEMS[answer.code] || "busy"));
}

const isDone = (answer) => answer.status >= 200 && answer.status < 300;

// A token that has done its work, or never will, need not stay in the history.
function forgetToken() {
  state.token = "";
  history.replaceState(null, "", location.pathname + location.search);
}

function finish(title, text) {
  forgetToken();
  show({ title, text, isGood: true });
}

// --- the flows -------------------------------------------------------------------------------------------------------

// By code: first the address, then the code that was mailed to it.
function askForCode(purpose, problem) {
  show({
    title: `${purpose}Title`, text: say(`${purpose}Ask`), problem, fields: ["email"], act: "send",
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
    more: ["again", () => askForCode(purpose)],
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
  const isLinkRefused = answer.code === "code_invalid" || (answer.errors || []).some((error) => error.pointer === "/token");
  if (!isLinkRefused || !proof.token) return tellProblem(answer);
  // The link is of no use any more; what is left is to ask for another one.
  forgetToken();
  if (purpose === "change") return show({ title: "changeTitle", problem: say("invalidChange") });
  return askForCode(purpose, say("invalid"));
}

function askForFactor(answer) {
  const methods = answer.methods || [];
  forgetToken();
  state.loginToken = answer.login_token;
  if (methods.includes("enroll")) return offerFactor();
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
      else tellFactorProblem(answer);
    },
    more: methods.includes(other) && [other === "totp" ? "useTotp" : "useRecovery", () => enterFactor(other, methods)],
  });
}

function tellFactorProblem(answer) {
  if (PROBLEMS[answer.code] === "gone") askForCode("login", say("gone"));
  else tellProblem(answer);
}

// Who must have a second factor and has none sets one up on the way in.
function offerFactor() {
  show({
    title: "loginTitle", text: say("enrolText"), act: "enrolAct",
    submit: async () => {
      const answer = await call("POST", "v1/login/enroll", { login_token: state.loginToken });
      if (isDone(answer)) confirmFactor(answer);
      else tellFactorProblem(answer);
    },
  });
}

function confirmFactor(factor) {
  const image = make("img", { className: "qr", alt: say("enrolImage"), src: `data:image/svg+xml;base64,${btoa(factor.qr_svg)}` });
  const key = make("p", { className: "key" }, `${say("enrolKey")}: `, make("code", { textContent: factor.secret }));
  const link = make("p", {}, make("a", { href: factor.otpauth_uri, textContent: say("enrolOpen") }));
  show({
    title: "loginTitle", text: say("enrolScan"), above: [image, key, link], fields: ["factorCode"], act: "loginAct",
    submit: async ({ factorCode }) => {
      const body = { login_token: state.loginToken, method: "totp", code: factorCode };
      const answer = await call("POST", "v1/login/continue", body);
      if (answer.status !== 200) return tellFactorProblem(answer);
      const made = await call("POST", "v1/me/factors", { type: "recovery_codes" }, answer.access_token);
      return signedIn(answer, made.recovery_codes);
    },
  });
}

// The tokens stay in this page and end with it, or when they are given back.
async function signedIn(tokens, recoveryCodes) {
  const me = await call("GET", "v1/me", null, tokens.access_token);
  const codes = (recoveryCodes || []).map((code) => make("li", {}, make("code", { textContent: code })));
  forgetToken();
  show({
    title: "loginTitle", text: say(codes.length ? "enrolDone" : "loginDone", me.email || ""), isGood: true, act: "signOut",
    above: codes.length ? [make("ul", { className: "codes" }, ...codes)] : [],
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
    return show({ title: `${page}Title`, problem: say("wrongLink") });
  return hasToken ? useToken(page) : askForCode(page);
}

for (const texts of Object.values(TEXTS)) {
  for (const part of ["Title", "Text", "Act", "Done"]) texts[`change${part}`] = texts[`email${part}`];
}
document.documentElement.lang = language;
// Another link that is opened in the same tab differs behind the # alone, for which nothing is loaded.
addEventListener("hashchange", () => location.reload());
element("service").textContent = location.host;
begin();
call("GET", "v1/config").then((config) => {
  state.least = config.password?.min_length || state.least;
  for (const name of PASSWORDS) if (element(`${name}-hint`)) element(`${name}-hint`).textContent = say("least", state.least);
}, () => {});
