// SPDX-License-Identifier: MIT
#include "postgres_server.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_TRIES        1000
#define MEMORY_BYTES_LEAST (2ull << 30)

static void give_up(const char *what)
{
    perror(what);
    abort();
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* The newest server installed. */
static const char *program(const char *name)
{
    static char path[256];
    glob_t found;
    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0 || found.gl_pathc == 0) {
        snprintf(path, sizeof path, "%s", name);
        return path;
    }
    snprintf(path, sizeof path, "%s/%s", found.gl_pathv[found.gl_pathc - 1], name);
    globfree(&found);
    return path;
}

static void become_postgres(void)
{
    if (geteuid() != 0) return;
    const struct passwd *user = getpwnam("postgres");
    if (!user || setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        _exit(126);
}

/* A child that runs the program as the server's user, with its words on nobody's screen; arguments[0] is ours. */
static pid_t launch(const char *name, char *arguments[])
{
    const char *path = program(name);
    const pid_t pid = fork();
    if (pid < 0) give_up("fork");
    if (pid > 0) return pid;
    become_postgres();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves no server behind */
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    arguments[0] = (char *)path; /* PostgreSQL's programs look for each other beside it */
    if (chdir("/") == 0) execvp(path, arguments);
    _exit(127);
}

/* In memory where there is room: the hundreds of files of each database come and go. */
static const char *parent_folder(void)
{
    struct statvfs room;
    const bool is_large = statvfs("/dev/shm", &room) == 0 &&
                          (unsigned long long)room.f_bavail * room.f_frsize > MEMORY_BYTES_LEAST;
    return is_large ? "/dev/shm" : "/tmp";
}

static void make_folder(struct postgres_server *server)
{
    snprintf(server->folder, sizeof server->folder, "%s/postgres-test-XXXXXX", parent_folder());
    if (!mkdtemp(server->folder)) give_up("mkdtemp");
    const struct passwd *user = getpwnam("postgres");
    if (geteuid() == 0 && user && chown(server->folder, user->pw_uid, user->pw_gid) != 0) give_up("chown");
    if (chmod(server->folder, 0755) != 0) give_up("chmod");
}

static void make_cluster(const struct postgres_server *server)
{
    char data[96];
    snprintf(data, sizeof data, "%s/data", server->folder);
    char *arguments[] = {"initdb", "-D",    data, "-U",   "postgres",   "-N",
                         "-A",     "trust", "-E", "UTF8", "--locale=C", NULL};
    int status = 0;
    waitpid(launch("initdb", arguments), &status, 0);
    if (status != 0) give_up("initdb");
}

static PGconn *server_connect(const struct postgres_server *server)
{
    char info[160];
    snprintf(info, sizeof info, "host=%s port=%d user=postgres dbname=postgres", server->folder,
             server->port ? server->port : 5432);
    return PQconnectdb(info);
}

void postgres_server_restart(struct postgres_server *server)
{
    char data[96];
    char listen_addresses[64];
    char port[32];
    snprintf(data, sizeof data, "%s/data", server->folder);
    snprintf(listen_addresses, sizeof listen_addresses, "listen_addresses=%s",
             server->port ? "127.0.0.1" : "");
    snprintf(port, sizeof port, "port=%d", server->port ? server->port : 5432);
    char *arguments[] = {"postgres",
                         "-D",
                         data,
                         "-k",
                         server->folder,
                         "-c",
                         listen_addresses,
                         "-c",
                         port,
                         "-c",
                         "max_connections=100",
                         "-c",
                         "shared_buffers=16MB",
                         "-c",
                         "fsync=off", /* no machine loses its power here */
                         "-c",
                         "max_wal_size=64MB",
                         NULL};
    server->pid = launch("postgres", arguments);
    for (int i = 0; i < START_TRIES; i++) {
        PGconn *connection = server_connect(server);
        const bool is_up = PQstatus(connection) == CONNECTION_OK;
        PQfinish(connection);
        if (is_up) return;
        pause_ms(10);
    }
    give_up("postgres does not start");
}

void postgres_server_start(struct postgres_server *server)
{
    *server = (struct postgres_server){0};
    make_folder(server);
    make_cluster(server);
    snprintf(server->uri, sizeof server->uri, "postgresql://postgres@/postgres?host=%s", server->folder);
    postgres_server_restart(server);
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) give_up("bind");
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) give_up("getsockname");
    close(fd);
    return ntohs(address.sin_port);
}

void postgres_server_start_tcp(struct postgres_server *server)
{
    char path[128];
    *server = (struct postgres_server){.port = free_port()};
    make_folder(server);
    make_cluster(server);
    snprintf(path, sizeof path, "%s/data/pg_hba.conf", server->folder);
    FILE *file = fopen(path, "w");
    if (!file) give_up(path);
    fputs("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n", file);
    fclose(file);
    snprintf(server->uri, sizeof server->uri, "postgresql://reader:%s@127.0.0.1:%d/postgres",
             POSTGRES_SERVER_PASSWORD, server->port);
    postgres_server_restart(server);
    postgres_server_run(server, "CREATE ROLE reader LOGIN SUPERUSER PASSWORD '" POSTGRES_SERVER_PASSWORD "'");
}

void postgres_server_crash(struct postgres_server *server)
{
    if (server->pid == 0) return;
    kill(server->pid, SIGQUIT);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

static bool is_child_of(const char *entry, pid_t parent)
{
    char path[288];
    char line[256];
    int found = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", entry);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    const char *end = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    if (end && sscanf(end, ") %*c %d", &found) != 1) found = 0;
    fclose(file);
    return found == parent;
}

static void signal_all(const struct postgres_server *server, int signal_number)
{
    kill(server->pid, signal_number);
    DIR *processes = opendir("/proc");
    if (!processes) give_up("/proc");
    for (struct dirent *entry = readdir(processes); entry; entry = readdir(processes)) {
        const long pid = strtol(entry->d_name, NULL, 10);
        if (pid > 0 && is_child_of(entry->d_name, server->pid)) kill((pid_t)pid, signal_number);
    }
    closedir(processes);
}

void postgres_server_pause(const struct postgres_server *server)
{
    signal_all(server, SIGSTOP);
}

void postgres_server_resume(const struct postgres_server *server)
{
    signal_all(server, SIGCONT);
}

void postgres_server_stop(struct postgres_server *server)
{
    char command[96];
    postgres_server_crash(server);
    snprintf(command, sizeof command, "rm -rf %s", server->folder);
    if (system(command) != 0) give_up(command);
}

static long long run(const struct postgres_server *server, const char *sql)
{
    PGconn *connection = server_connect(server);
    PGresult *answer = PQexec(connection, sql);
    const ExecStatusType status = PQresultStatus(answer);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(connection));
        abort();
    }
    const long long number = PQntuples(answer) > 0 ? strtoll(PQgetvalue(answer, 0, 0), NULL, 10) : 0;
    PQclear(answer);
    PQfinish(connection);
    return number;
}

void postgres_server_run(const struct postgres_server *server, const char *sql)
{
    (void)run(server, sql);
}

long long postgres_server_ask(const struct postgres_server *server, const char *sql)
{
    return run(server, sql);
}
