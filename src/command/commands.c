// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "auth/base/attributes.h"
#include "auth/command/command.h"
#include "commands_internal.h"

const struct command commands[] = {
    {"serve", "Run the service",
     "auth serve [--set NAME=value]...\n\n"
     "Brings the schema to the head (MIGRATE_ON_START), then serves until SIGTERM or Ctrl-C.\n"
     "With nothing configured it keeps its data in var/auth.db and listens on 127.0.0.1:8080.\n\n"
     "  example: auth serve --set AUTH_LISTEN=0.0.0.0:8080 --set LOG_LEVEL=debug\n",
     serve_command, true},
    {"migrate", "Change the schema of the database", "", migrate_command_main, true},
    {"config", "Show the settings in force, or check them",
     "auth config [check|reference] [--json] [--set NAME=value]...\n\n"
     "Without a word: every setting, its value (secrets masked) and where it came from.\n"
     "check: only whether they are right; exit code 2 and every wrong one by name if not.\n"
     "reference: the table of all settings in Markdown.\n\n"
     "  example: POSTGRES_HOST=db POSTGRES_PASSWORD_FILE=/run/secrets/db auth config check\n",
     config_command, false},
    {"user", "Make, invite, show, change, lock and delete accounts",
     "auth user create EMAIL [--admin] [--role R]... [--name NAME] [--locale TAG] [--external-id ID]\n"
     "                 [--verified] [--require-mfa] [--no-password | --send-link] [--json]\n"
     "                 the password is asked for, or read from standard input\n"
     "auth user list [--status active|locked|closing] [--prefix TEXT] [--role R | --group G]\n"
     "               [--verified | --unverified] [--created-after T] [--created-before T] [--json]\n"
     "auth user show USER [--json]\n"
     "auth user set USER [--email EMAIL] [--name NAME] [--locale TAG] [--external-id ID]\n"
     "              [--verified | --unverified] [--require-mfa | --no-require-mfa] [--json]\n"
     "auth user lock USER [--reason TEXT]    ends all its sessions at once\n"
     "auth user unlock USER                  also takes back a deletion by an administrator\n"
     "auth user delete USER [--now] [--yes]\n"
     "auth user claims USER [--replace JSON|FILE|-] [--json]   what its access tokens say besides\n"
     "auth user sessions USER [--json]\n"
     "auth user sessions USER --end [ID]     all of them, or the one\n"
     "auth user reset USER [--print-link] [--yes]   forgets the password; its owner chooses another\n"
     "auth user invite EMAIL [--roles \"...\"] [--groups \"ID ...\"] [--locale TAG] [--print-link] [--json]\n"
     "                  mailed where there is a mail server, else printed; --print-link: always printed\n"
     "auth user link USER reset|login|verify [--mail] [--json]\n\n"
     "auth user link prints the link, and nobody is told, unless --mail is given: then it is mailed and "
     "shown to\n"
     "nobody. USER is an address or an id; T is 2026-01-05T10:00:00Z or 2026-01-05.\n"
     "The first administrator is made here: there is no default account.\n"
     "A service on SQLite sees what is changed here within AUTH_SESSION_CACHE_SECONDS.\n\n"
     "  example: auth user create ada@example.org --admin --name \"Ada Lovelace\"\n",
     user_command, false},
    {"invitation", "List and revoke invitations",
     "auth invitation list [--json]\n"
     "auth invitation show ID [--json]\n"
     "auth invitation revoke ID              its link is good for nothing any more\n\n"
     "People are invited by: auth user invite. One that was accepted or has expired is listed for\n"
     "30 days more.\n\n"
     "  example: auth invitation list\n",
     invitation_command, false},
    {"factor", "List, remove, reset and demand second factors of an account",
     "auth factor list USER [--json]\n"
     "auth factor remove USER ID     this one alone; all sessions of the account end\n"
     "auth factor reset USER         for who has lost everything: all factors and codes go, sessions end\n"
     "auth factor require USER       the account must use one, whatever AUTH_MFA says\n"
     "auth factor release USER       it is left to AUTH_MFA and AUTH_MFA_ROLES again\n\n"
     "USER is an address or an id.\n\n"
     "  example: auth factor reset ada@example.org\n",
     factor_command, false},
    {"client", "Register, change and delete OAuth clients",
     "auth client create NAME [--id ID] [--public] [--grants \"...\"] [--scopes \"...\"] [--json]\n"
     "auth client list [--json]\n"
     "auth client show ID [--json]\n"
     "auth client set ID [--name NAME] [--grants \"...\"] [--scopes \"...\"] [--disable | --enable]\n"
     "auth client delete ID [--yes]\n"
     "auth client secret add ID [--json]          one more; the others stay good\n"
     "auth client secret list ID [--json]\n"
     "auth client secret remove ID SECRET [--yes]\n\n"
     "A secret is printed once, when it is made. Grants: client_credentials, refresh_token.\n"
     "A disabled client is refused everywhere at once, and so are its tokens.\n\n"
     "  example: auth client create \"nightly report\" --grants client_credentials --scopes "
     "\"report:read\"\n",
     client_command, false},
    {"group", "Make groups of people, add and remove their members",
     "auth group list [--json]\n"
     "auth group create NAME [--description TEXT] [--json]\n"
     "auth group show NAME|ID [--json]        with its roles\n"
     "auth group set NAME|ID [--name NAME] [--description TEXT] [--json]\n"
     "auth group delete NAME|ID               its members stay accounts\n"
     "auth group add NAME|ID EMAIL|ID\n"
     "auth group remove NAME|ID EMAIL|ID\n"
     "auth group members NAME|ID [--json]\n\n"
     "  example: auth group add Editors ada@example.org\n",
     group_command, false},
    {"role", "Make roles, give them to people and groups",
     "auth role list [--json]\n"
     "auth role create NAME [--scopes \"...\"] [--description TEXT] [--json]\n"
     "auth role show NAME [--json]\n"
     "auth role set NAME [--scopes \"...\"] [--description TEXT] [--json]\n"
     "auth role delete NAME\n"
     "auth role grant NAME EMAIL|ID           or: auth role grant NAME --group GROUP\n"
     "auth role revoke NAME EMAIL|ID          or: auth role revoke NAME --group GROUP\n"
     "auth role scopes [--json]               those of administration, and what they are about\n\n"
     "The role administrator is built in: it has all scopes of administration.\n\n"
     "  example: auth role grant administrator ada@example.org\n",
     role_command, false},
    {"apikey", "Make, list and revoke API keys of people and clients",
     "auth apikey create NAME --user EMAIL|ID [--scopes \"...\"] [--days N] [--json]\n"
     "auth apikey create NAME --client ID [--scopes \"...\"] [--days N] [--json]\n"
     "auth apikey list [--user EMAIL|ID] [--client ID] [--json]\n"
     "auth apikey show ID [--json]\n"
     "auth apikey revoke ID\n"
     "auth apikey revoke --user EMAIL|ID     all of the person's\n\n"
     "The key is printed once, when it is made. It may what its owner may, within its scopes;\n"
     "without --days it does not expire.\n\n"
     "  example: auth apikey create \"nightly backup\" --client report --scopes report:read --days 90\n",
     apikey_command, false},
    {"key", "List, rotate and retire the signing keys",
     "auth key list [--json]\n"
     "auth key show KID [--json]\n"
     "auth key rotate [--now] [--json]           the new key signs after AUTH_KEY_OVERLAP_SECONDS, or at "
     "once\n"
     "auth key retire KID [--now] [--yes] [--json]\n\n"
     "retire: not the one that signs. It is trusted until the last token it signed has expired; with --now, "
     "for\n"
     "a key that others may have, no longer, and what it has signed is refused. Before a KID that begins "
     "with\n"
     "two hyphens stands: --\n\n"
     "  example: auth key rotate\n",
     key_command, false},
    {"mail", "Try whether mail is sent, list the outbox, send again",
     "auth mail test ADDRESS [--language TAG]   writes a message to the address and sends it now\n"
     "auth mail list [--json]                   the outbox: what waits, was sent, has failed, and why\n"
     "auth mail retry ID                        sends a waiting message now\n\n"
     "Without AUTH_SMTP_URL messages are printed to the log. What was sent or has failed holds nothing any "
     "more\n"
     "and cannot be sent again.\n\n"
     "  example: auth mail test ada@example.org\n",
     mail_command, false},
    {"breached", "Check, pack or search a list of stolen passwords",
     "auth breached check FILE       reads all of it: whether every digest is in order\n"
     "auth breached pack FILE OUT    a third of the size: 20 bytes for each digest\n"
     "auth breached find FILE        the password is asked for, or read from standard input\n\n"
     "FILE is the SHA-1 list of Have I Been Pwned, ordered by hash, or a packed one. The service uses the "
     "one\n"
     "that AUTH_BREACHED_PASSWORDS_FILE names.\n\n"
     "  example: auth breached pack pwned-passwords-sha1-ordered-by-hash.txt pwned.bin\n",
     breached_command, false},
    {"import", "Take accounts over from a file, also from other systems",
     "auth import FILE|- [--from auth|gotrue|keycloak|kratos|firebase|auth0] [--update]\n"
     "                   [--create-groups] [--dry-run] [--restart] [--json]\n\n"
     "Accounts that are there already are left alone, or brought up to date with --update:\n"
     "nothing is there twice, however often a file is read, and a run that was stopped goes on.\n"
     "Roles must be there; groups are made with --create-groups. What is refused is told.\n"
     "Firebase's hashes need what its console shows: --firebase-signer-key-file FILE,\n"
     "--firebase-salt-separator TEXT, --firebase-rounds N and --firebase-memory-cost N.\n"
     "Exit code 0: all were taken; 1: some were refused, or it stopped; 2: wrong options.\n\n"
     "  example: auth import realm.json --from keycloak --create-groups --dry-run\n",
     import_command, false},
    {"export", "Write all accounts, one JSON object a line",
     "auth export [--with-hashes]\n\n"
     "What auth import takes back. Password hashes are left out unless they are asked for;\n"
     "second factors and keys are always left out.\n\n"
     "  example: auth export --with-hashes > accounts.ndjson\n",
     export_command, false},
    {"audit", "Show, export and verify the log of security events",
     "auth audit list [--type T] [--account ID] [--client ID] [--actor A] [--since T] [--until T]\n"
     "                [--oldest] [--after SEQ] [--limit N] [--json]\n"
     "auth audit export [the same filters]   one JSON object per line, the oldest first\n"
     "auth audit verify [--from CHECKPOINT] [--against CHECKPOINT] [--json]\n"
     "auth audit checkpoint [--json]         sign where the chain stands, to be kept elsewhere\n\n"
     "verify: exit code 0 when every event is as it was written, 1 with the first that is not.\n"
     "--from begins at a checkpoint; --against demands that the chain passes through one that was\n"
     "kept elsewhere, so that an end that was cut off is found too. A checkpoint is given as it is,\n"
     "or by the file that holds it. Times: 2026-01-05T10:00:00Z or 2026-01-05.\n\n"
     "  example: auth audit list --type login.failed --since 2026-01-05\n",
     audit_command, false},
    {"webhook", "Have security events sent somewhere, see what arrived",
     "auth webhook create NAME URL --event TYPE... [--disable] [--json]\n"
     "auth webhook list [--json]\n"
     "auth webhook show ID [--json]\n"
     "auth webhook change ID [--name NAME] [--url URL] [--event TYPE]... [--enable | --disable]\n"
     "auth webhook delete ID [--yes]\n"
     "auth webhook secret ID [--overlap SECONDS] [--json]   another one; both sign for a day, or as long\n"
     "auth webhook test ID [--json]                  sends a test now; exit code 0 when it has arrived\n"
     "auth webhook deliveries ID [--state waiting|delivered|failed] [--json]\n"
     "auth webhook retry ID DELIVERY [--json]        sends once more, now\n\n"
     "TYPE is a type of the audit log, all of a group as login.*, or * for everything; --event may be given\n"
     "several times. The secret is printed once, when it is made. Addresses that are not public, and http,\n"
     "only where AUTH_FETCH_ALLOW says so.\n\n"
     "  example: auth webhook create Alarms https://hooks.example.org/auth --event login.failed\n",
     webhook_command, false},
    {"healthcheck", "Ask the running service whether it is ready",
     "auth healthcheck [--live]\n\n"
     "Asks the operations listener of this configuration; exit code 0 when ready, 1 when not.\n\n"
     "  example: auth healthcheck && echo ready\n",
     healthcheck_command, false},
    {"version", "Print the version of this binary and its schema",
     "auth version\n\n  example: auth version\n", version_command, false},
    {"help", "Print this list, or the help of a command",
     "auth help [COMMAND]\n\n  example: auth help user\n", help_command, false},
};
const size_t command_count = ARRAY_COUNT(commands);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

void command_print_list(void)
{
    printf("auth — sign-up, sign-in, sessions and tokens over HTTP\n\nusage: auth COMMAND [options]\n\n");
    for (size_t i = 0; i < command_count; i++) printf("  %-12s %s\n", commands[i].name, commands[i].summary);
    printf("\n  example: auth serve\n\nMore about one of them: auth help COMMAND\n");
}

void command_print_usage(const struct command *command)
{
    printf("%s", command->usage);
}

int help_command(int argc, char **argv)
{
    if (argc < 2) {
        command_print_list();
        return EXIT_DONE;
    }
    const struct command *command = command_find(argv[1]);
    if (!command) {
        fprintf(stderr, "auth help: there is no command \"%s\"; see: auth help\n", argv[1]);
        return EXIT_USAGE;
    }
    if (strcmp(command->name, "migrate") == 0) {
        char *arguments[] = {"migrate", "--help", NULL};
        return migrate_command_main(2, arguments);
    }
    command_print_usage(command);
    return EXIT_DONE;
}
