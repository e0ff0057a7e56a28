/* commands_internal.h — the function behind each command. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_COMMANDS_INTERNAL_H
#define AUTH_COMMAND_COMMANDS_INTERNAL_H

int serve_command(int argc, char **argv);
int migrate_command_main(int argc, char **argv);
int config_command(int argc, char **argv);
int user_command(int argc, char **argv);
int invitation_command(int argc, char **argv);
int client_command(int argc, char **argv);
int factor_command(int argc, char **argv);
int mail_command(int argc, char **argv);
int group_command(int argc, char **argv);
int role_command(int argc, char **argv);
int apikey_command(int argc, char **argv);
int key_command(int argc, char **argv);
int breached_command(int argc, char **argv);
int import_command(int argc, char **argv);
int export_command(int argc, char **argv);
int audit_command(int argc, char **argv);
int webhook_command(int argc, char **argv);
int healthcheck_command(int argc, char **argv);
int version_command(int argc, char **argv);
int help_command(int argc, char **argv);

#endif
